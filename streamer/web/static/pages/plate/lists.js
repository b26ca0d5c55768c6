// Which watchlists have a plate; operators put it on one or take it off.

import { get, send } from "../../lib/api.js";
import { h, replace } from "../../lib/dom.js";
import { confirmDialog, field, iconButton, isOperator, plateTag, toast, verdictBadge } from "../../lib/ui.js";
import { howText } from "../events/detail.js";

export class Lists {
  /** `reload` is called after a change. */
  constructor(plate, session, reload) {
    this.plate = plate;
    this.reload = reload;
    this.changes = isOperator(session);
    this.list = h("ul", { class: "matches" });
    this.adding = h("div");
    this.element = h("section", { class: "card" }, h("h2", null, "Lists"), this.list, this.adding);
    if (this.changes) this.#offer();
  }

  show(matches) {
    if (!matches.length) return replace(this.list, h("li", { class: "muted" }, "On no list."));
    return replace(this.list, matches.map((match) => h("li", { class: "match" },
      h("div", { class: "row" }, verdictBadge(match.kind), h("strong", null, match.list),
        match.entry !== this.plate && plateTag(match.entry),
        match.how !== "exact" && h("span", { class: "muted small" }, howText(match)),
        this.changes && match.entry === this.plate && iconButton("trash",
          `Take off the list ${match.list}`, () => this.#remove(match))),
      match.note && h("p", { class: "muted small" }, match.note))));
  }

  async #offer() {
    const lists = await get("/watchlists").then((answer) => answer.watchlists, () => []);
    if (!lists.length) return;
    const list = h("select", { name: "list" }, lists.map(({ name }) => h("option", { value: name }, name)));
    const note = h("input", { name: "note", maxlength: 200, autocomplete: "off" });
    replace(this.adding, h("details", { class: "add-to-list" },
      h("summary", null, "Put it on a list"),
      h("form", { class: "stack", onsubmit: (event) => {
        event.preventDefault();
        this.#put(list.value, note.value.trim());
      } }, field("List", list), field("Note", note),
      h("div", { class: "row end" }, h("button", { type: "submit", class: "primary" }, "Put on the list")))));
  }

  #path(list) {
    return `/watchlists/${encodeURIComponent(list)}/entries/${encodeURIComponent(this.plate)}`;
  }

  async #put(list, note) {
    try {
      await send("PUT", this.#path(list), note ? { note } : {});
      toast(`${this.plate} is on ${list}`, "good");
      this.adding.querySelector("details").open = false;
      await this.reload();
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  async #remove(match) {
    const question = { title: "Take it off the list?", yes: "Take off", danger: true };
    if (!(await confirmDialog(`${this.plate} will no longer be on ${match.list}.`, question))) return;
    try {
      await send("DELETE", this.#path(match.list));
      toast(`${this.plate} is off ${match.list}`, "good");
      await this.reload();
    } catch (error) {
      toast(error.message, "bad");
    }
  }
}
