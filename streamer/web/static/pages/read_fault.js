import { h } from "../lib/dom.js";

const HEADLINES = {
  0: "The box did not answer",
  400: "It did not arrive whole",
  401: "You are not logged in any more",
  403: "You may not do this here",
  408: "It took too long to arrive",
  413: "It is too large",
  415: "This is neither a picture nor a video that can be read",
  422: "It could not be read",
  429: "Too much at once",
  503: "The box is busy",
  507: "The disk of the box is full",
};
const WORTH_TRYING = new Set([0, 400, 408, 429, 500, 502, 503, 504, 507]);

/** An error at the file that it belongs to, in words; `again` sends the file once more. */
export function fault(error, again) {
  const status = error.status ?? 0;
  const details = new Set((error.errors ?? []).map((one) => one.detail));
  if (!details.size) details.add(error.detail ?? error.message ?? String(error));
  const retry = h("button", { type: "button" }, "Try again");
  retry.addEventListener("click", again);
  return h(
    "div",
    { class: "fault", role: "alert" },
    h("strong", {}, HEADLINES[status] ?? "It could not be read"),
    h("p", {}, [...details].map(sentence).join(" ")),
    WORTH_TRYING.has(status) && retry,
  );
}

/** The API's details begin small, as they stand behind the name of a field. */
function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
