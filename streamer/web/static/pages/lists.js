import { get } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { styles } from "../lib/styles.js";
import { isOperator } from "../lib/ui.js";
import { entryTable } from "./lists_entries.js";
import { noLists } from "./lists_none.js";

export const title = "Lists";

const KINDS = {
  allow: ["may come in", "good"],
  deny: ["may not come in", "bad"],
  notify: ["somebody is told", "info"],
};

/** The watchlists and what stands on them. `query.list` is the one that is open. */
export async function render(main, { query, session, signal }) {
  await styles("figures", "lists");
  const head = h("h1", {}, title);
  const { watchlists } = await get("/watchlists", {}, signal);
  if (!watchlists.length) {
    replace(main, head, noLists());
    return;
  }
  const open = watchlists.find((one) => one.name === query.get("list")) ?? watchlists[0];
  const choice = chooser(watchlists, open);
  const table = entryTable(open, {
    operator: isOperator(session),
    signal,
    onCount: (total) => choice.count(open.name, total),
  });
  replace(main, head, choice.node, table.node);
  await table.load();
}

function chooser(watchlists, open) {
  const figures = new Map();
  const node = h(
    "nav",
    { class: "list-choice", "aria-label": "Watchlists" },
    ...watchlists.map(({ name, kind, entries }) => {
      const [words, level] = KINDS[kind];
      const figure = h("span", { class: "list-count" }, amount(entries));
      figures.set(name, figure);
      const link = h(
        "a",
        { class: "card list-card", href: `/lists?list=${encodeURIComponent(name)}` },
        h("span", { class: "list-name" }, name),
        h("span", { class: `badge ${level}` }, words),
        figure,
      );
      if (name === open.name) link.setAttribute("aria-current", "page");
      return link;
    }),
  );
  return { node, count: (name, total) => (figures.get(name).textContent = amount(total)) };
}

function amount(entries) {
  return entries === 1 ? "1 entry" : `${entries.toLocaleString("en")} entries`;
}
