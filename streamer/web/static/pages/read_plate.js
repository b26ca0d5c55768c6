import { bar, sureness } from "../lib/chart.js";
import { h } from "../lib/dom.js";
import { percent } from "../lib/format.js";
import { plateLink } from "../lib/ui.js";

const REASONS = {
  too_small: "The plate is too small in the picture: some characters are guessed.",
  blurred: "The plate is blurred: some characters are guessed.",
  no_format: "No country we know has plates of this form: it may be other lettering.",
  low_confidence: "The reader is unsure; look at the picture yourself.",
  partial: "The plate is cut off or partly hidden: characters may be missing.",
};
const countries = new Intl.DisplayNames(["en"], { type: "region" });

/** One plate of a picture, with the crop that it was read from (or null). */
export function plateFound(one, crop) {
  return h(
    "section",
    { class: "found" },
    h(
      "div",
      { class: "found-head" },
      crop ?? false,
      h(
        "div",
        { class: "found-what" },
        one.plate ? plateLink(one.plate) : h("span", { class: "muted" }, "illegible"),
        sure(one.confidence),
        one.country && h("span", { class: "muted" }, `${country(one.country)} (format)`),
      ),
    ),
    one.reason &&
      h(
        "p",
        { class: "doubt" },
        h("strong", {}, "Do not rely on this. "),
        REASONS[one.reason] ?? one.reason,
      ),
    characters(one.characters),
    candidates(one.candidates),
  );
}

/** How sure the whole plate is, as a bar and a number. */
export function sure(confidence) {
  return h(
    "span",
    { class: "sure" },
    bar(confidence, { level: sureness(confidence) }),
    h("span", {}, `${percent(confidence)} sure`),
  );
}

/** Each character with how sure it is. */
export function characters(all) {
  return h(
    "ol",
    { class: "characters", "aria-label": "Characters" },
    ...all.map(({ char, confidence }) =>
      h(
        "li",
        { class: `character character-${sureness(confidence)}` },
        h("span", { class: "char" }, char),
        bar(confidence, { level: sureness(confidence) }),
        h("span", { class: "char-share" }, percent(confidence)),
      ),
    ),
  );
}

/** What else it may be. */
export function candidates(all) {
  const others = all.filter((one) => one.confidence > 0.0005);
  if (!others.length) return false;
  return h(
    "p",
    { class: "other-readings muted" },
    "It may also be ",
    ...others.flatMap((one, index) => [
      index ? ", " : "",
      h("code", {}, one.plate),
      ` (${percent(one.confidence)})`,
    ]),
    ".",
  );
}

function country(code) {
  try {
    return countries.of(code);
  } catch {
    return code;
  }
}
