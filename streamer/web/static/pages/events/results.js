// The events found: a page of them at a time, further ones when the end comes into view.

import { get } from "../../lib/api.js";
import { h, replace } from "../../lib/dom.js";
import { percent } from "../../lib/format.js";
import {
  empty, errorBox, icon, ownerText, plateTag, skeleton, table, tableRow, verdictBadge, when,
} from "../../lib/ui.js";

const PAGE = 50;

const COLUMNS = [
  { title: "Picture", class: "cell-crop", cell: (record) => record.crop
    ? h("img", { class: "crop", src: record.crop, alt: "", loading: "lazy", decoding: "async",
      width: 136, height: 36 })
    : h("span", { class: "crop" }) },
  { title: "Plate", class: "cell-plate", cell: plateCell },
  { title: "Time", class: "cell-time", cell: ({ event }) => when(event.read_at) },
  { title: "Camera", class: "cell-camera", cell: ({ event }) =>
    h("span", { class: "place" }, event.way && icon(event.way), event.camera) },
  { title: "Sure", class: "cell-sure number", cell: ({ event }) => percent(event.confidence) },
  { title: "Lists", class: "cell-lists", cell: ({ event }) => verdictBadge(event.watchlist) },
  { title: "Owner", class: "cell-owner", cell: ({ event }) => ownerText(event.owner) },
];

function plateCell(record) {
  const { event, correction } = record;
  return [
    h("a", { class: "plate-link", href: `/events?id=${encodeURIComponent(event.id)}`,
      "aria-label": `Open the event of ${record.plate ?? "no plate"}` }, plateTag(record.plate)),
    correction && checkedBadge(record),
    record.distance > 0 && h("span", { class: "badge", title: "What the misreadings between them cost" },
      `similar, ${record.distance.toFixed(2)}`),
  ];
}

/** What somebody who looked at the picture has said. */
export function checkedBadge({ correction, event }) {
  if (!correction) return null;
  if (correction.plate === event.plate) return h("span", { class: "badge good" }, icon("allow"), "Checked");
  return h("span", { class: "badge warn", title: `Read as ${correction.read}` },
    icon("pencil"), "Corrected");
}

export class Results {
  /** `open` is given the record that somebody wants to see. */
  constructor(signal, open) {
    this.signal = signal;
    this.open = open;
    this.records = [];
    this.next = null;
    this.filters = {};
    this.count = h("p", { class: "muted small", role: "status" });
    this.body = h("div", { class: "results-body" }, skeleton(8));
    this.more = h("button", { type: "button", hidden: true, onclick: () => this.load() }, "More");
    this.news = h("button", { type: "button", class: "news", hidden: true,
      onclick: () => this.search(this.filters) });
    this.element = h("section", { class: "results card", "aria-label": "Events found" },
      h("div", { class: "row between results-head" }, this.count, this.news), this.body,
      h("div", { class: "results-end" }, this.more));
    this.#watchEnd();
  }

  /** Begin anew with these filters. */
  async search(filters) {
    this.filters = filters;
    this.next = null;
    this.news.hidden = true;
    this.waiting = 0;
    this.call?.abort();
    this.call = null;
    this.element.setAttribute("aria-busy", "true");
    await this.#load(true);
    this.element.removeAttribute("aria-busy");
  }

  /** The next page, if there is one. */
  async load() {
    if (this.next && !this.call) await this.#load(false);
  }

  /** Something has been changed about a record. */
  changed(record) {
    const at = this.#index(record.event.id);
    if (at < 0) return;
    this.records[at] = record;
    this.#rows()[at].replaceWith(this.#row(record));
    this.mark(this.marked);
  }

  /** An event has come: said, but nothing moves under the reader's eyes. */
  arrived(record) {
    if (this.#index(record.event.id) >= 0) return this.changed(record);
    if (Object.keys(this.filters).some((name) => name !== "id")) return;
    this.waiting = (this.waiting ?? 0) + 1;
    this.news.hidden = false;
    this.news.textContent = this.waiting === 1 ? "1 new event" : `${this.waiting} new events`;
  }

  /** The record so many steps after one; further ones are loaded for that. */
  async neighbour(id, steps) {
    const at = this.#index(id);
    if (at < 0) return this.records[steps > 0 ? 0 : -1] ?? null;
    if (at + steps >= this.records.length) await this.load();
    return this.records[at + steps] ?? null;
  }

  /** Show which row is open. */
  mark(id) {
    this.marked = id;
    const at = id === null ? -1 : this.#index(id);
    this.#rows().forEach((row, index) => row.classList.toggle("open", index === at));
    if (at >= 0) this.#rows()[at].scrollIntoView({ block: "nearest" });
  }

  focus(id) {
    this.#rows()[this.#index(id)]?.querySelector("a")?.focus();
  }

  async #load(anew) {
    const call = new AbortController();
    this.signal.addEventListener("abort", () => call.abort());
    this.call = call;
    this.more.disabled = true;
    try {
      const params = { ...this.filters, limit: PAGE, cursor: this.next };
      const page = await get("/events", params, call.signal);
      this.next = page.next;
      if (anew) this.#begin(page.events);
      else this.#append(page.events);
      this.#say();
    } catch (error) {
      if (error.name !== "AbortError") this.#failed(error);
    } finally {
      if (this.call === call) this.call = null;
      this.more.disabled = false;
    }
  }

  #failed(error) {
    this.more.hidden = true;
    this.count.textContent = "";
    this.records = [];
    replace(this.body, errorBox(error, error.status === 422 ? null : () => this.search(this.filters)));
  }

  #begin(records) {
    this.records = records;
    if (!records.length) return replace(this.body, empty("No event fits."));
    this.table = table(COLUMNS, [], { caption: "Events, the latest first" });
    this.#rowsInto(records);
    replace(this.body, this.table);
  }

  #append(records) {
    this.records.push(...records);
    this.#rowsInto(records);
  }

  #rowsInto(records) {
    this.table.tBodies[0].append(...records.map((record) => this.#row(record)));
  }

  #row(record) {
    const verdict = record.event.watchlist?.verdict ?? "";
    return tableRow(COLUMNS, record, {
      class: `event-row ${verdict}`,
      onclick: (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        this.open(this.records[this.#index(record.event.id)]);
      },
    });
  }

  #rows() {
    return [...(this.table?.tBodies[0].rows ?? [])];
  }

  #index(id) {
    return this.records.findIndex((record) => record.event.id === id);
  }

  #say() {
    const count = this.records.length;
    const words = count === 1 ? "1 event" : `${count} events`;
    this.count.textContent = this.next ? `The latest ${words}` : count ? words : "";
    this.more.hidden = !this.next;
  }

  #watchEnd() {
    const watcher = new IntersectionObserver((entries) => {
      if (entries.at(-1).isIntersecting) this.load();
    }, { rootMargin: "600px" });
    watcher.observe(this.more);
    this.signal.addEventListener("abort", () => watcher.disconnect());
  }
}
