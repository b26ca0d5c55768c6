import { h } from "../lib/dom.js";

const LINES = `parking:
  # Cameras where vehicles enter, and where they leave:
  entry: [gate-in]
  exit: [gate-out]
  # How many places there are:
  capacity: 40
  # Who is inside for longer than so many seconds is told of:
  max_stay_s: 7200`;

/** What to do where there is no car park. */
export function noCarPark() {
  return h("section", { class: "card teach" }, [
    h("h2", {}, "There is no car park here yet"),
    h(
      "p",
      {},
      "Once it is known which cameras see vehicles enter and which see them leave, this page " +
        "tells who is inside, since when, and how many places are free. Put these lines into the " +
        "configuration, with the names of your cameras, and start plate-streamer again:",
    ),
    h("pre", { class: "code", tabindex: "0" }, [h("code", {}, LINES)]),
    h(
      "p",
      { class: "muted" },
      "One camera can see both ways: give it entry and exit lines (cameras, entry and exit). " +
        "The document parking.md explains how events become sessions.",
    ),
  ]);
}
