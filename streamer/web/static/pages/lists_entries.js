import { get, send } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { confirmDialog, empty, errorBox, icon, iconButton, plateLink, toast } from "../lib/ui.js";
import { importDialog } from "./lists_import.js";
import { entryDialog, holds } from "./lists_dialog.js";

const PAGE = 50;
const PAUSE_MS = 250;
const REMOVAL = { title: "Remove from the list", yes: "Remove", danger: true };

const ORIGINS = {
  config: "from the configuration; change it there",
  file: "from the list's file; change it there",
};

/** The entries of one list, searched and paged by the server. `{node, load()}`. */
export function entryTable(list, { operator, signal, onCount }) {
  const state = { search: "", offset: 0, total: 0 };
  const results = h("div", { class: "list-results" });
  const place = `/watchlists/${encodeURIComponent(list.name)}`;
  const load = async () => {
    try {
      const { search, offset } = state;
      const answer = await get(
        `${place}/entries`,
        { search: search || undefined, limit: PAGE, offset },
        signal,
      );
      if (state.search !== search || state.offset !== offset) return;
      state.total = answer.total;
      if (!answer.entries.length && offset) return await turn(Math.max(0, offset - PAGE));
      if (!search) onCount(answer.total);
      replace(results, ...shown(answer.entries));
    } catch (error) {
      if (!signal.aborted) replace(results, errorBox(error));
    }
  };
  const turn = async (offset) => {
    state.offset = offset;
    await load();
  };
  const shown = (entries) => {
    if (!entries.length) return [nothing(state.search, operator)];
    return [
      table(entries, operator ? { edit, remove } : null),
      state.total > PAGE && pager(state, turn),
    ];
  };
  const edit = async (entry) => {
    if (await entryDialog(list.name, entry)) {
      toast(entry ? `${entry.plate} is changed` : "It is on the list", "good");
      await load();
    }
  };
  const remove = async (entry) => {
    const words = `Take ${entry.plate} off the list “${list.name}”?`;
    if (!(await confirmDialog(words, REMOVAL))) return;
    try {
      await send("DELETE", `${place}/entries/${encodeURIComponent(entry.plate)}`);
      toast(`${entry.plate} is off the list`, "good");
    } catch (error) {
      toast(error.message, "bad");
    }
    await load();
  };
  const node = h(
    "section",
    { class: "list-entries", "aria-labelledby": "list-name" },
    h("h2", { id: "list-name" }, list.name),
    h(
      "div",
      { class: "toolbar" },
      searchField((text) => {
        state.search = text;
        return turn(0);
      }),
      ...tools(list, operator, edit, load),
    ),
    !operator && h("p", { class: "muted" }, "You may look; operators change lists."),
    results,
  );
  return { node, load };
}

function searchField(onSearch) {
  const input = h("input", {
    type: "search",
    class: "input",
    placeholder: "Plate or note",
    "aria-label": "Search the list",
    autocomplete: "off",
  });
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => onSearch(input.value.trim()), PAUSE_MS);
  });
  return input;
}

function tools(list, operator, edit, load) {
  const button = (text, kind, sign, onclick) =>
    h("button", { type: "button", class: kind, onclick }, icon(sign), text);
  const href = `/api/v1/watchlists/${encodeURIComponent(list.name)}/export`;
  const save = h(
    "a",
    { class: "button", href, download: `${list.name}.csv` },
    icon("download"),
    "Export",
  );
  if (!operator) return [save];
  const bring = async () => {
    const answer = await importDialog(list.name);
    if (answer === null) return;
    toast(
      answer.imported === 1
        ? "1 entry is on the list"
        : `${answer.imported} entries are on the list`,
      "good",
    );
    await load();
  };
  return [
    button("Add a plate", "primary", "plus", () => edit(null)),
    button("Import", "", "upload", bring),
    save,
  ];
}

function table(entries, actions) {
  const heads = ["Plate", "Note", "Holds", "From", ""];
  return h(
    "div",
    { class: "table-scroll" },
    h(
      "table",
      { class: "table short entries" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...heads.map((one) =>
            h("th", { scope: "col" }, one || h("span", { class: "visually-hidden" }, "Change")),
          ),
        ),
      ),
      h("tbody", {}, ...entries.map((one) => row(one, actions))),
    ),
  );
}

function row(entry, actions) {
  const cell = (name, ...content) => h("td", { "data-label": name }, ...content);
  return h(
    "tr",
    {},
    cell("Plate", /[*?]/.test(entry.plate) ? h("code", {}, entry.plate) : plateLink(entry.plate)),
    cell("Note", entry.note ?? "–"),
    cell("Holds", holds(entry)),
    cell("From", origin(entry)),
    h(
      "td",
      { class: "row-actions" },
      ...(entry.origin === "stored" && actions ? changes(entry, actions) : []),
    ),
  );
}

function origin({ origin: from }) {
  if (from === "stored") return "added here";
  const words = from === "config" ? "configuration" : "file";
  return h("span", { class: "badge", title: ORIGINS[from] }, `${words}, read-only`);
}

function changes(entry, { edit, remove }) {
  return [
    iconButton("pencil", `Edit ${entry.plate}`, () => edit(entry)),
    iconButton("trash", `Remove ${entry.plate}`, () => remove(entry)),
  ];
}

function pager({ offset, total }, turn) {
  const last = Math.min(offset + PAGE, total);
  const button = (text, to, possible) => {
    const node = h("button", { type: "button" }, text);
    node.disabled = !possible;
    node.addEventListener("click", () => turn(to));
    return node;
  };
  const number = (one) => one.toLocaleString("en");
  return h(
    "div",
    { class: "pager" },
    button("Back", Math.max(0, offset - PAGE), offset > 0),
    h(
      "span",
      { class: "muted", role: "status" },
      `${number(offset + 1)}–${number(last)} of ${number(total)}`,
    ),
    button("Next", offset + PAGE, last < total),
  );
}

function nothing(search, operator) {
  if (search) return empty(`Nothing on this list has “${search}” in its plate or note.`);
  return empty(
    operator
      ? "Nobody is on this list yet. Add a plate, or import a table with the columns plate, " +
          "note, " +
          "valid_from, valid_until, weekdays and hours; only plate is needed."
      : "Nobody is on this list yet.",
  );
}
