// Saying whether a reading is right: one field, Enter saves and goes on to the next event.

import { send } from "../../lib/api.js";
import { h, replace } from "../../lib/dom.js";
import { toast } from "../../lib/ui.js";

const GO_ON = "correct-go-on";

export class Correct {
  /** `changed` is given the record as it is then; `next` shows the next event. */
  constructor({ changed, next }) {
    this.changed = changed;
    this.next = next;
    this.plate = h("input", { name: "plate", class: "correct-plate", maxlength: 16,
      autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
      "aria-label": "What the plate is", "aria-describedby": "correct-fault",
      oninput: () => this.#label() });
    this.save = h("button", { type: "submit", class: "primary" });
    this.fault = h("p", { class: "fault", id: "correct-fault", role: "alert" });
    this.undo = h("button", { type: "button", class: "quiet", onclick: () => this.#retract() }, "Take back");
    this.goOn = h("input", { type: "checkbox", checked: localStorage.getItem(GO_ON) !== "no",
      onchange: (event) => localStorage.setItem(GO_ON, event.target.checked ? "yes" : "no") });
    this.element = h("form", { class: "correct", "aria-label": "Is the reading right?",
      onsubmit: (event) => {
        event.preventDefault();
        this.#put(this.#typed() || null);
      } },
    h("div", { class: "correct-row" }, this.plate, this.save,
      h("button", { type: "button", onclick: () => this.#put(null) }, "No plate here"), this.undo),
    h("label", { class: "check small muted" }, this.goOn, h("span", null, "Go on to the next after saving")),
    this.fault);
  }

  show(record) {
    this.record = record;
    this.plate.value = record.plate ?? "";
    this.plate.removeAttribute("aria-invalid");
    replace(this.fault);
    this.#label();
    // On a phone the keyboard would cover the picture.
    if (matchMedia("(pointer: fine)").matches) {
      this.plate.focus({ preventScroll: true });
      this.plate.select();
    }
  }

  #typed() {
    return this.plate.value.toUpperCase().replace(/[\s.·-]/g, "");
  }

  /** The button says what Enter would do. */
  #label() {
    const typed = this.#typed();
    const { event, correction } = this.record;
    this.undo.hidden = !correction;
    this.save.textContent = !typed ? "No plate" : typed === event.plate ? "It is right" : "Save";
  }

  async #put(plate) {
    const { record } = this;
    const path = `/events/${encodeURIComponent(record.event.id)}/correction`;
    try {
      const changed = await send("PUT", path, { plate });
      this.changed(changed);
      toast(said(changed), "good");
      const isThere = this.record === record;
      if (isThere) this.record = changed;
      if (isThere && !(this.goOn.checked && (await this.next()))) this.show(changed);
    } catch (error) {
      this.#failed(error);
    }
  }

  async #retract() {
    const { record } = this;
    try {
      await send("DELETE", `/events/${encodeURIComponent(record.event.id)}/correction`);
      const changed = { ...record, correction: null, plate: record.event.plate };
      this.changed(changed);
      this.show(changed);
      toast("The correction is taken back", "good");
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error) {
    if (error.errors?.some((one) => one.field.endsWith("plate"))) {
      this.plate.setAttribute("aria-invalid", "true");
    }
    replace(this.fault, error.message);
  }
}

function said({ correction, event }) {
  if (correction.plate === null) return `${event.plate}: no plate there`;
  return correction.plate === event.plate ? `${event.plate} is right` : `${event.plate} is ${correction.plate}`;
}
