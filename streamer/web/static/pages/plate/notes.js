// What people have written about a plate.

import { send } from "../../lib/api.js";
import { h, replace } from "../../lib/dom.js";
import { confirmDialog, iconButton, isOperator, toast, when } from "../../lib/ui.js";

export class Notes {
  constructor(plate, notes, session) {
    this.path = `/plates/${encodeURIComponent(plate)}/notes`;
    this.notes = notes;
    this.changes = isOperator(session);
    this.list = h("ul", { class: "notes" });
    this.element = h("section", { class: "card" }, h("h2", null, "Notes"), this.list,
      this.changes && this.#form());
    this.#show();
  }

  #form() {
    const text = h("textarea", { name: "text", rows: 2, maxlength: 2000, required: true,
      "aria-label": "A new note", placeholder: "Write a note" });
    return h("form", { class: "note-form", onsubmit: async (event) => {
      event.preventDefault();
      if (await this.#add(text.value.trim())) text.value = "";
    } }, text, h("button", { type: "submit" }, "Add"));
  }

  #show() {
    if (!this.notes.length) return replace(this.list, h("li", { class: "muted" }, "Nothing is noted."));
    return replace(this.list, this.notes.map((note) => h("li", { class: "note" },
      h("p", null, note.text),
      h("p", { class: "muted small row between" },
        h("span", null, note.by, ", ", when(note.at)),
        this.changes && iconButton("trash", "Delete this note", () => this.#remove(note))))));
  }

  async #add(text) {
    if (!text) return false;
    try {
      this.notes = [await send("POST", this.path, { text }), ...this.notes];
      this.#show();
      return true;
    } catch (error) {
      toast(error.message, "bad");
      return false;
    }
  }

  async #remove(note) {
    const question = { title: "Delete the note?", yes: "Delete", danger: true };
    if (!(await confirmDialog(note.text, question))) return;
    try {
      await send("DELETE", `${this.path}/${note.id}`);
      this.notes = this.notes.filter((one) => one !== note);
      this.#show();
    } catch (error) {
      toast(error.message, "bad");
    }
  }
}
