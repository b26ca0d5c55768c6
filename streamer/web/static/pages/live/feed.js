// The last plates as they come: the newest one large, the others below each other.

import { h, replace } from "../../lib/dom.js";
import { percent } from "../../lib/format.js";
import { empty, icon, ownerText, plateTag, skeleton, verdictBadge, when } from "../../lib/ui.js";

const WORDS = { allow: "Allowed", deny: "Denied", notify: "Notify" };
const WAYS = { entry: "in", exit: "out" };

export class Feed {
  constructor(shown) {
    this.shown = shown;
    this.records = [];
    this.rows = new Map();
    this.latest = h("section", { class: "latest", "aria-label": "The last plate" }, skeleton(1));
    this.list = h("ol", { class: "feed-list" }, skeleton(8));
    this.spoken = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  }

  /** Show these records, the latest first, and what has come since they were asked for. */
  fill(found) {
    const known = new Set(found.map((record) => record.event.id));
    const since = this.records.filter(({ event }) =>
      !known.has(event.id) && event.read_at > (found[0]?.event.read_at ?? ""));
    const records = [...since, ...found].slice(0, this.shown);
    this.records = records;
    this.rows = new Map(records.map((record) => [record.event.id, row(record)]));
    if (records.length) replace(this.list, records.slice(1).map((one) => this.#row(one)));
    else replace(this.list, h("li", null, empty("No plate has been read yet.")));
    this.#showLatest(false);
  }

  /** One that has come, or that more is known of now. */
  add(record) {
    const { id } = record.event;
    const at = this.records.findIndex((one) => one.event.id === id);
    if (at >= 0) {
      this.records[at] = record;
      const before = this.rows.get(id);
      this.rows.set(id, row(record));
      before.replaceWith(this.#row(record));
      if (at === 0) this.#showLatest(false);
      return;
    }
    const second = this.records[0];
    this.records = [record, ...this.records].slice(0, this.shown);
    this.rows.set(id, row(record));
    if (second) this.#push(second);
    else replace(this.list);
    this.#showLatest(true);
    this.spoken.textContent = inWords(record);
  }

  /** The one that was the latest begins the list. */
  #push(record) {
    const element = this.#row(record);
    element.classList.add("fresh");
    this.list.prepend(element);
    while (this.list.children.length >= this.shown) {
      this.rows.delete(this.list.lastElementChild.dataset.id);
      this.list.lastElementChild.remove();
    }
  }

  #row(record) {
    return this.rows.get(record.event.id);
  }

  #showLatest(fresh) {
    const [record] = this.records;
    this.latest.hidden = !record;
    if (!record) return;
    this.latest.className = `latest card ${record.event.watchlist?.verdict ?? "unlisted"}`;
    replace(this.latest, latest(record));
    if (fresh) this.latest.classList.add("fresh");
  }
}

function address(record) {
  return `/events?id=${encodeURIComponent(record.event.id)}`;
}

function picture(record, kind = "crop") {
  if (!record.crop) return h("span", { class: kind });
  return h("img", { class: kind, src: record.crop, alt: "", loading: "lazy", decoding: "async" });
}

function row(record) {
  const { event } = record;
  return h("li", { class: "feed-row", dataset: { id: event.id } },
    h("a", { class: "feed-link", href: address(record) },
      picture(record),
      plateTag(record.plate, { size: "feed-plate" }),
      h("span", { class: "feed-verdict" }, verdictBadge(event.watchlist)),
      h("span", { class: "feed-more" }, when(event.read_at, "time"), place(event),
        h("span", null, percent(event.confidence)),
        event.owner && h("span", { class: "feed-owner" }, ownerText(event.owner)))));
}

function place(event) {
  return h("span", { class: "place" }, event.way && icon(event.way), event.camera,
    event.way && h("span", { class: "visually-hidden" }, WAYS[event.way]));
}

/** The last plate as a whole card: what the lists say of it is a band over all its width. */
function latest(record) {
  const { event } = record;
  const verdict = event.watchlist?.verdict;
  const notes = (event.watchlist?.matches ?? []).filter((match) => match.kind === verdict);
  return h("a", { class: "latest-link", href: address(record) },
    h("span", { class: "latest-band" },
      verdict && icon(verdict), h("strong", null, WORDS[verdict] ?? "On no list"),
      h("span", { class: "latest-lists" }, [...new Set(notes.map((match) => match.list))].join(", ")),
      h("span", { class: "latest-ago" }, when(event.read_at, "ago"))),
    h("span", { class: "latest-body" },
      plateTag(record.plate, { size: "huge" }),
      picture(record, "latest-crop"),
      h("span", { class: "latest-facts" }, when(event.read_at, "time"), place(event),
        h("span", { title: "How sure the reading is" }, percent(event.confidence))),
      event.owner && h("span", { class: "latest-owner" }, ownerText(event.owner)),
      [...new Set(notes.map((match) => match.note).filter(Boolean))].map((note) =>
        h("span", { class: "latest-note" }, note))));
}

function inWords(record) {
  const { event } = record;
  const letters = [...(record.plate ?? "")].join(" ");
  const parts = [letters || "no plate", WORDS[event.watchlist?.verdict], event.camera,
    ownerText(event.owner)];
  return parts.filter(Boolean).join(", ");
}
