// What speaks for a plate: each character, what else it may be, how many looks agreed.

import { h } from "../../lib/dom.js";
import { percent } from "../../lib/format.js";
import { plateTag } from "../../lib/ui.js";

const DOUBTFUL = 0.9;

/** The section about an event's vote. */
export function evidence(event) {
  return h("section", { class: "detail-section" }, h("h3", null, "Evidence"),
    characterBars(event.characters),
    h("dl", { class: "facts" },
      h("dt", null, "Whole plate"), h("dd", null, percent(event.confidence)),
      h("dt", null, "Looks"), h("dd", null, `${event.looks}, of which ${percent(event.agreement)} read this`)),
    candidates(event),
    event.reasons?.length > 0 && h("ul", { class: "reasons" },
      event.reasons.map((reason) => h("li", null, reason))));
}

/** Characters side by side, each over a bar as high as it is sure; doubtful ones stand out. */
export function characterBars(characters) {
  return h("ol", { class: "bars" }, characters.map(({ char, confidence }) =>
    h("li", { class: confidence < DOUBTFUL ? "bar doubtful" : "bar" },
      h("span", { class: "bar-char" }, char),
      h("span", { class: "bar-track", "aria-hidden": "true" },
        h("span", { class: "bar-fill", style: { height: `${Math.round(confidence * 100)}%` } })),
      h("span", { class: "bar-value" }, percent(confidence)))));
}

function candidates(event) {
  if (!event.candidates.length) return null;
  return h("div", { class: "candidates" }, h("span", { class: "muted" }, "Or it is"),
    h("ul", { class: "row" }, event.candidates.map((candidate) =>
      h("li", { class: "row" }, plateTag(candidate.plate),
        h("span", { class: "muted" }, percent(candidate.confidence))))));
}
