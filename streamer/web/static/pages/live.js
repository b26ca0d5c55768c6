// Live: the last plate, large; the cameras; the plates before it.

import { get } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { listen } from "../lib/stream.js";
import { errorBox } from "../lib/ui.js";
import { Cameras } from "./live/cameras.js";
import { Feed } from "./live/feed.js";
import { Occupancy } from "./live/occupancy.js";

export const title = "Live";

const SHOWN = 30;

export async function render(main, { session, signal }) {
  const feed = new Feed(SHOWN);
  const cameras = new Cameras(session, signal);
  const occupancy = new Occupancy();
  replace(main,
    h("h1", { class: "visually-hidden" }, "Live"),
    h("div", { class: "live" }, feed.latest, cameras.element,
      h("section", { class: "feed card", "aria-labelledby": "feed-title" },
        h("div", { class: "row between feed-head" },
          h("h2", { id: "feed-title" }, "Last plates"), occupancy.element),
        feed.list)),
    feed.spoken);
  const load = () => Promise.all([fill(feed, signal), cameras.load(), occupancy.load(signal)]);
  let loading = null;
  listen({
    plate: (record) => feed.add(record),
    parking: (event) => occupancy.show(event.occupancy, event.capacity),
    camera: (camera) => cameras.update(camera),
    // What came while there was no line is asked for as soon as there is one.
    open: () => (loading = load()),
  }, signal);
  await (loading ?? load());
}

async function fill(feed, signal) {
  try {
    feed.fill((await get("/events", { limit: SHOWN }, signal)).events);
  } catch (error) {
    if (error.name !== "AbortError") replace(feed.list, errorBox(error, () => fill(feed, signal)));
  }
}
