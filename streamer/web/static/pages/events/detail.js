// One event: the picture, what speaks for the plate, and whether it is right.

import { h, replace, s } from "../../lib/dom.js";
import { duration } from "../../lib/format.js";
import { iconButton, isOperator, plateLink, plateTag, verdictBadge, when } from "../../lib/ui.js";
import { Correct } from "./correct.js";
import { evidence } from "./evidence.js";
import { checkedBadge } from "./results.js";

const WAYS = { entry: "In", exit: "Out" };

export class Detail {
  /** `changed` is given a record after a correction; `step` goes so many events on. */
  constructor(session, signal, { changed, step }) {
    this.signal = signal;
    this.step = step;
    this.element = h("div", { class: "detail" });
    this.steps = [
      iconButton("left", "Newer event (arrow up)", () => step(-1)),
      iconButton("right", "Older event (arrow down)", () => step(1)),
    ];
    this.correct = isOperator(session) && new Correct({
      next: () => step(1),
      changed: (record) => {
        changed(record);
        if (record.event.id === this.record.event.id) this.#head(record);
      },
    });
    this.top = h("div", { class: "detail-top" });
    this.rest = h("div", { class: "detail-rest stack" });
    replace(this.element, this.top, this.correct && this.correct.element, this.rest);
  }

  show(record) {
    this.record = record;
    this.#head(record);
    this.correct && this.correct.show(record);
    const { event } = record;
    replace(this.rest, snapshot(record), evidence(event), listMatches(event), owner(event), facts(event));
    const box = this.element.closest("dialog");
    replace(box.querySelector("h2"), event.camera, ", ", when(event.read_at));
    box.scrollTo(0, 0);
  }

  /** Up and down go to the next event from anywhere, left and right unless somebody writes. */
  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const writes = event.target.matches("input, textarea, select");
    const steps = { ArrowUp: -1, ArrowDown: 1, ...(!writes && { ArrowLeft: -1, ArrowRight: 1 }) };
    if (!steps[event.key] || event.target.matches("select, textarea")) return;
    event.preventDefault();
    this.step(steps[event.key]);
  }

  #head(record) {
    this.record = record;
    const { event, correction } = record;
    const wrong = correction && correction.plate !== event.plate;
    replace(this.top,
      picture(record.crop, "detail-crop", "The plate, enlarged"),
      h("div", { class: "row" }, plateLink(record.plate, { size: "large" }),
        verdictBadge(event.watchlist), checkedBadge(record)),
      wrong && h("p", { class: "muted small" }, "Read as ", plateTag(event.plate),
        ` – corrected by ${correction.by}, `, when(correction.at)),
      correction && !wrong && h("p", { class: "muted small" },
        `Found right by ${correction.by}, `, when(correction.at)));
  }
}

function picture(address, kind, alt) {
  if (!address) return h("div", { class: `${kind} missing` }, "No picture was kept.");
  const image = h("img", { class: kind, src: address, alt });
  image.addEventListener("error", () =>
    image.replaceWith(h("div", { class: `${kind} missing` }, "The picture is there no more.")));
  return image;
}

/** The whole picture with the plate's box drawn in the frame's own pixels. */
function snapshot(record) {
  const { box, frame_size: [width, height] } = record.event;
  const [x1, y1, x2, y2] = box;
  const margin = Math.max(4, (x2 - x1) * 0.06);
  const frame = s("svg", { class: "snapshot-box", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    s("rect", { x: x1 - margin, y: y1 - margin, width: x2 - x1 + 2 * margin,
      height: y2 - y1 + 2 * margin, rx: margin / 2 }));
  return h("figure", { class: "snapshot", style: { "aspect-ratio": `${width} / ${height}` } },
    picture(record.snapshot, "snapshot-picture", "The vehicle, with the plate marked"),
    record.snapshot && frame);
}

function speed(found) {
  if (!found) return null;
  if (found.kmh === null) return `not known: ${found.reason.replaceAll("_", " ")}`;
  const error = found.error_kmh === null ? "" : ` ± ${found.error_kmh}`;
  return `${found.kmh}${error} km/h (${found.method})`;
}

function facts(event) {
  const took = (new Date(event.last_seen) - new Date(event.first_seen)) / 1000;
  const pairs = [
    ["Read at", when(event.read_at)],
    ["Camera", event.camera],
    ["Way", WAYS[event.way] && `${WAYS[event.way]}`],
    ["Direction", event.direction],
    ["Speed", speed(event.speed)],
    ["In view", [when(event.first_seen, "time"), " – ", when(event.last_seen, "time"),
      took >= 1 ? `, ${duration(took)}` : ""]],
    ["Track", `${event.track_id}`],
    ["Id", h("code", null, event.id)],
  ];
  return section("Passage", h("dl", { class: "facts" }, pairs
    .filter(([, value]) => value)
    .map(([name, value]) => [h("dt", null, name), h("dd", null, value)])));
}

function listMatches(event) {
  const matches = event.watchlist?.matches ?? [];
  if (!matches.length) return null;
  return section("Lists", h("ul", { class: "matches" }, matches.map((match) =>
    h("li", { class: "row" }, verdictBadge(match.kind), h("strong", null, match.list),
      plateTag(match.entry), h("span", { class: "muted" }, howText(match)),
      match.note && h("span", null, match.note)))));
}

/** How a plate matched an entry. */
export function howText(match) {
  if (match.how === "exact") return "exactly";
  if (match.how === "wildcard") return "by a pattern";
  return `similar, distance ${match.distance.toFixed(2)}`;
}

function owner(event) {
  if (!event.owner) return null;
  return section("Owner", h("dl", { class: "facts" }, Object.entries(event.owner).map(([name, value]) =>
    [h("dt", null, name), h("dd", null, typeof value === "object" ? JSON.stringify(value) : `${value}`)])));
}

function section(title, ...content) {
  return h("section", { class: "detail-section" }, h("h3", null, title), content);
}

