import { h } from "../lib/dom.js";

const LINES = `watchlists:
  - name: residents
    kind: allow
  - name: banned
    kind: deny`;

/** What to do where there is no list. */
export function noLists() {
  return h(
    "section",
    { class: "card teach" },
    h("h2", {}, "There are no lists yet"),
    h(
      "p",
      {},
      "A list says which plates may come in (allow), which may not (deny), or of which somebody " +
        "wants to be told (notify). What the lists say stands in every event. Put these lines " +
        "into " +
        "the configuration and start plate-streamer again; the plates can then be added here:",
    ),
    h("pre", { class: "code", tabindex: "0" }, h("code", {}, LINES)),
    h(
      "p",
      { class: "muted" },
      "A list can also be a table (CSV) that another program keeps: watchlists.md tells how.",
    ),
  );
}
