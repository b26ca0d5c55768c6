// One plate: when it came, what is known and written of it, which lists it is on.

import { get } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { duration } from "../lib/format.js";
import { navigate } from "../lib/router.js";
import { listen } from "../lib/stream.js";
import { plateLink, plateTag, when } from "../lib/ui.js";
import { Results } from "./events/results.js";
import { history, readHistory } from "./plate/history.js";
import { Lists } from "./plate/lists.js";
import { Notes } from "./plate/notes.js";

export const title = (params) => `Plate ${params.plate.toUpperCase()}`;

export async function render(main, { params, session, signal }) {
  const path = `/plates/${encodeURIComponent(params.plate)}`;
  const known = await get(path, null, signal);
  const events = new Results(signal, ({ event }) => navigate(`/events?id=${encodeURIComponent(event.id)}`));
  const calendar = h("section", { class: "card calendar-card" }, h("h2", null, "When it came"));
  const reload = async () => {
    const fresh = await get(path, null, signal);
    replace(head, headOf(fresh));
    lists.show(fresh.lists);
  };
  const head = h("header", { class: "card plate-head" }, headOf(known));
  const lists = new Lists(known.plate, session, reload);
  lists.show(known.lists);
  replace(main, h("h1", { class: "visually-hidden" }, `Plate ${known.plate}`), head,
    h("div", { class: "plate-grid" },
      h("div", { class: "stack plate-main" }, calendar, events.element),
      h("div", { class: "stack plate-side" }, ownerCard(known.owner), lists.element,
        new Notes(known.plate, known.notes, session).element, sessionsCard(known.sessions),
        nearCard(known.near))));
  events.search({ plate: known.plate });
  showHistory(calendar, known.plate, signal);
  listen({ plate: (record) => {
    if (record.plate !== known.plate) return;
    events.search({ plate: known.plate });
    reload().catch(() => null);
  } }, signal);
}

async function showHistory(card, plate, signal) {
  try {
    card.append(...history(await readHistory(plate, signal), plate));
    // The latest days are at the end, and the end is what a narrow screen is to show.
    card.querySelector(".calendar-scroll").scrollTo(10_000, 0);
  } catch {
    // The list below says what is wrong.
  }
}

function headOf(plate) {
  const count = plate.events === 1 ? "1 event" : `${plate.events} events`;
  return [
    plateTag(plate.plate, { size: "huge" }),
    h("dl", { class: "plate-figures" },
      figure("Seen", plate.events ? count : "never"),
      plate.first_seen && figure("First", when(plate.first_seen)),
      plate.last_seen && figure("Last", when(plate.last_seen))),
    plate.inside && h("span", { class: "badge good plate-inside" }, "Inside now"),
  ];
}

function figure(name, value) {
  return h("div", null, h("dt", null, name), h("dd", null, value));
}

function ownerCard(owner) {
  if (!owner) return null;
  return h("section", { class: "card" }, h("h2", null, "Owner"),
    h("dl", { class: "facts" }, Object.entries(owner).map(([name, value]) =>
      [h("dt", null, name), h("dd", null, typeof value === "object" ? JSON.stringify(value) : `${value}`)])));
}

const ENDS = { missed_exit: "leaving not seen", lost: "lost", by_hand: "ended by hand" };

function sessionsCard(sessions) {
  if (!sessions.length) return null;
  return h("section", { class: "card" }, h("h2", null, "Stays"),
    h("ul", { class: "stays" }, sessions.slice(0, 20).map((stay) => h("li", { class: "stay" },
      h("span", null, stay.entered_at ? when(stay.entered_at) : "coming not seen"),
      h("span", { class: "muted" }, stay.left_at ? ["until ", when(stay.left_at)]
        : stay.ended ? (ENDS[stay.ended] ?? stay.ended) : h("span", { class: "badge good" }, "inside")),
      h("span", { class: "stay-time" }, duration(stay.stay_s)),
      stay.overstay_at && h("span", { class: "badge warn" }, "too long")))));
}

function nearCard(near) {
  if (!near.length) return null;
  return h("section", { class: "card" }, h("h2", null, "Similar plates"),
    h("p", { class: "muted small" }, "Seen here too, and easily misread for this one."),
    h("ul", { class: "near" }, near.map((one) => h("li", { class: "row" }, plateLink(one.plate),
      h("span", { class: "muted small" }, one.events === 1 ? "1 event" : `${one.events} events`,
        one.last_seen && [", last ", when(one.last_seen)]),
      h("span", { class: "badge", title: "What the misreadings between them cost" },
        one.distance.toFixed(2))))));
}
