// Events: search, filters, results without an end, and one of them opened beside the list.

import { get } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { setQuery } from "../lib/router.js";
import { listen } from "../lib/stream.js";
import { dialog, errorBox } from "../lib/ui.js";
import { Detail } from "./events/detail.js";
import { exportLinks, Filters, readFilters } from "./events/filters.js";
import { Results } from "./events/results.js";

export const title = "Events";

export async function render(main, { query, session, signal }) {
  const results = new Results(signal, (record) => view.open(record));
  const view = new View(results, session, signal);
  const links = h("div", { class: "row" });
  const apply = (chosen) => {
    view.filters = chosen;
    setQuery(chosen);
    replace(links, exportLinks(chosen));
    results.search(chosen);
  };
  const filters = new Filters(readFilters(query), apply, signal);
  replace(main,
    h("div", { class: "page-head" }, h("h1", null, "Events"), links),
    filters.element, results.element);
  view.filters = readFilters(query);
  replace(links, exportLinks(view.filters));
  results.search(view.filters);
  listen({ plate: (record) => results.arrived(record) }, signal);
  if (query.get("id")) view.deepLink(query.get("id"));
}

/** One event in a panel over the page; its id is in the address as long as it is open. */
class View {
  constructor(results, session, signal) {
    this.results = results;
    this.session = session;
    this.signal = signal;
    this.filters = {};
    signal.addEventListener("abort", () => this.panel?.close());
  }

  async deepLink(id) {
    try {
      const record = await get(`/events/${encodeURIComponent(id)}`, null, this.signal);
      if (!this.signal.aborted) this.open(record);
    } catch (error) {
      if (error.name !== "AbortError") dialog("Event", errorBox(error));
    }
  }

  open(record) {
    const detail = new Detail(this.session, this.signal, {
      changed: (changed) => this.results.changed(changed),
      step: (steps) => this.#step(detail, steps),
    });
    this.panel = dialog("Event", detail.element, {
      kind: "side event-panel", actions: detail.steps, onClose: () => this.#closed(),
    });
    this.panel.addEventListener("keydown", (event) => detail.onKey(event));
    this.#show(detail, record);
  }

  #show(detail, record) {
    this.shown = record;
    setQuery({ ...this.filters, id: record.event.id });
    detail.show(record);
    this.results.mark(record.event.id);
  }

  async #step(detail, steps) {
    const next = await this.results.neighbour(this.shown.event.id, steps);
    if (next) this.#show(detail, next);
    return Boolean(next);
  }

  #closed() {
    this.panel = null;
    if (!this.signal.aborted) setQuery(this.filters);
    this.results.mark(null);
    this.results.focus(this.shown.event.id);
  }
}
