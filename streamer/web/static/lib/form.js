import { h, replace } from "./dom.js";
import { dialog } from "./ui.js";

/**
 * A form in a dialog. `fields` are `{name, label, hint, value, required, …}` with the attributes of
 * their input, or with `node` and `read()` for other kinds. `work(values)` sends them; where it
 * throws a problem, that stands at the fields it names, and the dialog stays open. Resolves with
 * what `work` gave, or with null where nothing was sent.
 */
export function formDialog({ title, lead, fields, submit, work }) {
  return new Promise((resolve) => {
    let answer = null;
    const rows = fields.map(fieldRow);
    const general = h("div", { class: "form-fault", role: "alert" });
    const go = h("button", { class: "primary", type: "submit" }, submit);
    const cancel = h("button", { type: "button", onclick: () => box.close() }, "Cancel");
    const send = async (event) => {
      event.preventDefault();
      replace(general);
      for (const row of rows) row.fault(row.missing());
      if (focusFirst(rows)) return;
      go.disabled = true;
      try {
        const values = Object.fromEntries(rows.map((row) => [row.name, row.read()]));
        answer = (await work(values)) ?? true;
        box.close();
      } catch (error) {
        tell(error, rows, general);
        focusFirst(rows);
      } finally {
        go.disabled = false;
      }
    };
    const form = h(
      "form",
      { class: "form", novalidate: true, onsubmit: send },
      lead && h("p", { class: "muted" }, lead),
      general,
      rows.map((row) => row.node),
      h("div", { class: "row end" }, cancel, go),
    );
    const box = dialog(title, form, { onClose: () => resolve(answer) });
    rows[0].focus();
  });
}

function fieldRow({ name, label, hint, value = "", node, read, ...attributes }) {
  const id = `field-${name}`;
  const input = node ?? h("input", { id, name, type: "text", value, ...attributes });
  const error = h("p", { class: "field-fault", id: `${id}-fault` });
  const help = hint && h("p", { class: "field-note", id: `${id}-hint` }, hint);
  const words = node
    ? h("span", { class: "field-label", id: `${id}-label` }, label)
    : h("label", { class: "field-label", for: id }, label);
  if (node) input.setAttribute("aria-labelledby", `${id}-label`);
  input.setAttribute("aria-describedby", hint ? `${id}-fault ${id}-hint` : `${id}-fault`);
  return {
    name,
    node: h("div", { class: "field" }, words, input, error, help),
    read: read ?? (() => input.value.trim()),
    missing: () => (attributes.required && !input.value.trim() ? "is missing" : ""),
    faulty: () => error.textContent !== "",
    focus: () => (node ? node.querySelector("input:not([hidden]), button") : input)?.focus(),
    fault: (text) => {
      error.textContent = text;
      if (node) return;
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}

/** Put each fault at the field that it names, the others above the form. */
function tell(error, rows, general) {
  const loose = [];
  for (const { field, detail } of faults(error)) {
    const row = rows.find((one) => one.name === field.split(".").at(-1));
    if (row) row.fault(detail);
    else loose.push(detail);
  }
  replace(general, ...loose.map((text) => h("p", {}, text)));
}

function faults(error) {
  return error.errors?.length ? error.errors : [{ field: "", detail: error.message }];
}

function focusFirst(rows) {
  const first = rows.find((row) => row.faulty());
  first?.focus();
  return first !== undefined;
}
