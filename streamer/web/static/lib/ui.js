// What the pages are built from.

import { h, s } from "./dom.js";
import { ago, date, moment, time } from "./format.js";

/** A picture of the set in icons.svg. */
export function icon(name) {
  return s("svg", { class: "icon", "aria-hidden": "true" },
    s("use", { href: `/icons.svg#${name}` }));
}

/** A plate, drawn as one; `large` and `huge` are sizes, `country` is shown in its blue band. */
export function plateTag(plate, { size = "", country = null } = {}) {
  if (plate === null || plate === undefined || plate === "") {
    return h("span", { class: `plate none ${size}` }, "no plate");
  }
  const band = country && h("span", { class: "plate-band" }, country);
  return h("span", { class: `plate ${size}` }, band, h("span", { class: "plate-text" }, plate));
}

/** The same as a link to the plate's page. */
export function plateLink(plate, options) {
  if (!plate) return plateTag(plate, options);
  const path = `/plates/${encodeURIComponent(plate)}`;
  return h("a", { class: "plate-link", href: path, "aria-label": `Plate ${plate}` },
    plateTag(plate, options));
}

const VERDICTS = { allow: "Allowed", deny: "Denied", notify: "Notify" };

/** What the watchlists say: a sign, a word and a colour; nothing where no list has the plate.
 * `watched` is an event's `watchlist`, or one of allow, deny, notify. */
export function verdictBadge(watched) {
  const verdict = watched?.verdict ?? watched;
  if (!VERDICTS[verdict]) return null;
  const lists = [...new Set((watched.matches ?? []).map((match) => match.list))].join(", ");
  return h("span", { class: `badge ${verdict}` }, icon(verdict), VERDICTS[verdict],
    lists && h("span", { class: "badge-more" }, lists));
}

/** An owner as one line: the name where there is one, else all that is known. */
export function ownerText(owner) {
  if (!owner) return "";
  if (typeof owner.name === "string" && owner.name) return owner.name;
  return Object.values(owner).filter((value) => value !== null && value !== "").join(", ");
}

/** A message that goes away by itself. `kind`: good, bad or nothing. */
export function toast(text, kind = "") {
  const note = h("div", { class: `toast ${kind}` },
    kind && icon(kind === "good" ? "allow" : "warning"), h("span", null, text));
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), kind === "bad" ? 8000 : 3500);
}

/** A dialog over the page. It closes by Escape, its cross, and a click beside it, and gives the
 * focus back. Returns the element; `onClose` is called when it is gone. */
export function dialog(title, body, { onClose, kind = "", actions = null } = {}) {
  const heading = h("h2", { id: `dialog-${(dialog.count = (dialog.count ?? 0) + 1)}` }, title);
  const close = () => box.close();
  const box = h("dialog", { class: `dialog ${kind}`, "aria-labelledby": heading.id },
    h("div", { class: "dialog-head" }, heading,
      h("div", { class: "dialog-tools" }, actions, iconButton("close", "Close", close))),
    h("div", { class: "dialog-body" }, body));
  box.addEventListener("click", (event) => event.target === box && close());
  box.addEventListener("close", () => {
    box.remove();
    onClose?.();
  });
  document.body.append(box);
  box.showModal();
  return box;
}

/** Asks; resolves to true for `yes`. */
export function confirmDialog(text, { yes = "Yes", title = "Are you sure?", danger = false } = {}) {
  return new Promise((resolve) => {
    let answer = false;
    const settle = (value) => () => {
      answer = value;
      box.close();
    };
    const body = [h("p", null, text), h("div", { class: "row end" },
      h("button", { type: "button", onclick: settle(false) }, "Cancel"),
      h("button", { type: "button", class: danger ? "danger" : "primary", autofocus: true,
        onclick: settle(true) }, yes))];
    const box = dialog(title, body, { kind: "small", onClose: () => resolve(answer) });
  });
}

/** A button that shows only a picture; `label` is read out and shown on hovering. */
export function iconButton(name, label, onclick, props = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label,
    onclick, ...props }, icon(name));
}

/** A labelled control. `note` stands below it. */
export function field(label, control, note) {
  return h("label", { class: "field" }, h("span", { class: "field-label" }, label), control,
    note && h("span", { class: "field-note" }, note));
}

/** What stands where there is nothing. */
export function empty(text, ...more) {
  return h("div", { class: "empty" }, h("p", null, text), more);
}

/** What went wrong, field by field. `retry` is called by its button. */
export function errorBox(problem, retry) {
  const errors = problem.errors ?? [];
  const listed = errors.length > 1 || (errors[0] && errors[0].detail !== problem.message);
  return h("div", { class: "error-box", role: "alert" }, icon("warning"),
    h("div", null, h("p", null, problem.message),
      listed && h("ul", null, errors.map((one) => h("li", null, `${one.field}: ${one.detail}`))),
      retry && h("button", { type: "button", onclick: retry }, "Try again")));
}

/** Columns are {title, cell(row) → child, class}; `row.href` is nothing to it. On a phone each row
 * is a card and each cell has its title beside it. `props(row)` are those of the row's element. */
export function table(columns, rows, { props = () => null, caption = null } = {}) {
  const body = h("tbody", null, rows.map((row) => tableRow(columns, row, props(row))));
  return h("table", { class: "table" },
    caption && h("caption", { class: "visually-hidden" }, caption),
    h("thead", null, h("tr", null,
      columns.map((column) => h("th", { scope: "col", class: column.class }, column.title)))),
    body);
}

/** One row of such a table, to be added to its body. */
export function tableRow(columns, row, props = null) {
  return h("tr", props, columns.map((column) =>
    h("td", { class: column.class, dataset: { label: column.title } }, column.cell(row))));
}

/** A moment; hovering shows all of it. `form`: time, ago, or smart (day and time). */
export function when(iso, form = "smart") {
  if (!iso) return null;
  const texts = { time, ago, smart: (at) => `${date(at)}, ${time(at)}` };
  return h("time", { datetime: iso, title: moment(iso),
    dataset: form === "ago" ? { ago: "" } : {} }, texts[form](iso));
}

/** Grey bars where content will be. */
export function skeleton(lines = 3, kind = "") {
  return h("div", { class: `skeleton ${kind}`, "aria-hidden": "true" },
    Array.from({ length: lines }, () => h("div", { class: "bone" })));
}

/** May this session change things? */
export function isOperator(session) {
  return session.role === "operator";
}

setInterval(() => {
  if (document.hidden) return;
  for (const node of document.querySelectorAll("time[data-ago]")) {
    const text = ago(node.dateTime);
    if (node.textContent !== text) node.textContent = text;
  }
}, 5000);
