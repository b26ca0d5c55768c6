import { get, send } from "../lib/api.js";
import { copyButton } from "../lib/copy.js";
import { h, replace } from "../lib/dom.js";
import { keyed } from "../lib/keyed.js";
import { empty, plateLink } from "../lib/ui.js";
import { fault } from "./read_fault.js";
import { candidates, characters, sure } from "./read_plate.js";

const EVERY_MS = 700;
const PATIENCE = 5;

const WAYS = {
  approaching: "coming nearer",
  receding: "driving away",
  left: "to the left",
  right: "to the right",
  stationary: "standing",
};

/** A video that is being read: how far, and the vehicles as they are found. */
export class VideoResult {
  constructor(job, signal) {
    this._job = job;
    this._signal = signal;
    this._progress = h("progress", {
      class: "progress",
      max: "1",
      "aria-label": "Progress of reading",
    });
    this._words = h("p", { class: "muted" });
    this._events = h("ol", { class: "found-vehicles" });
    this._end = h("div", { class: "read-end" });
    this._cancel = h("button", { type: "button" }, "Stop reading");
    this._cancel.addEventListener("click", () => this._stop());
    this._row = h("div", { class: "read-progress" }, this._progress, this._cancel);
    this._stopped = false;
    this._rows = keyed(this._events, (one) => one.event.id, vehicle);
    this.node = h("div", { class: "read-video" }, this._row, this._words, this._events, this._end);
  }

  /** Asks until the job has ended. `say` is told in a few words how it is going. */
  async follow(say) {
    let missed = 0;
    this._show(say);
    while (this._going() && !this._signal.aborted && !this._stopped) {
      await new Promise((wake) => setTimeout(wake, EVERY_MS));
      if (this._signal.aborted || this._stopped) break;
      try {
        this._job = await get(`/read/jobs/${this._job.id}`, {}, this._signal);
        missed = 0;
      } catch (error) {
        if (this._signal.aborted || this._stopped) break;
        missed += 1;
        if (error.status === 404 || missed >= PATIENCE) throw error;
      }
      this._show(say);
    }
    if (this._stopped) this._job = { ...this._job, state: "cancelled" };
    if (!this._signal.aborted) this._finish(say);
  }

  /** It is not wanted any more. */
  async forget() {
    if (this._stopped) return;
    this._stopped = true;
    try {
      await send("DELETE", `/read/jobs/${this._job.id}`);
    } catch {
      // It was forgotten before.
    }
  }

  async _stop() {
    this._cancel.disabled = true;
    await this.forget();
  }

  _going() {
    return this._job.state === "waiting" || this._job.state === "running";
  }

  _show(say) {
    const { state, progress, read_s: read, duration_s: length, events } = this._job;
    if (progress === null || state === "waiting") this._progress.removeAttribute("value");
    else this._progress.value = progress;
    const found = events.length === 1 ? "1 vehicle" : `${events.length || "no"} vehicles`;
    const whole = length === null || state === "done";
    const of = whole ? clock(read) : `${clock(read)} of ${clock(length)}`;
    this._words.textContent =
      state === "waiting" ? "Other videos are read first." : `${of}, ${found}`;
    say(state === "waiting" ? "waits" : "is read …");
    this._rows(events);
  }

  _finish(say) {
    const { state, error, events } = this._job;
    this._row.hidden = true;
    say({ done: "read", failed: "was not read to its end", cancelled: "stopped" }[state]);
    const parts = [];
    if (state === "failed") parts.push(fault({ detail: error ?? "unknown", status: 422 }));
    if (state === "done" && !events.length) {
      parts.push(
        empty(
          "No plate was read. Vehicles must come near enough for the plate to be 60 pixels wide.",
        ),
      );
    }
    if (events.length) {
      const all = () => events.map((one) => JSON.stringify(one.event)).join("\n");
      parts.push(h("p", { class: "read-actions" }, copyButton("Copy as JSON lines", all)));
    }
    replace(this._end, ...parts);
  }
}

function vehicle(one) {
  const { event } = one;
  const node = h(
    "li",
    { class: "found" },
    h(
      "div",
      { class: "found-head" },
      h(
        "a",
        { href: one.crop, target: "_blank", rel: "noopener", class: "crop-link" },
        h("img", { class: "crop", src: one.crop, alt: `Crop of ${event.plate}` }),
      ),
      h(
        "div",
        { class: "found-what" },
        plateLink(event.plate),
        sure(event.confidence),
        h("span", { class: "muted" }, `at ${clock(one.at_s)}`, way(event), looks(event)),
      ),
      h("a", { href: one.snapshot, target: "_blank", rel: "noopener" }, "Picture"),
    ),
    h(
      "details",
      {},
      h("summary", {}, "Characters"),
      characters(event.characters),
      candidates(event.candidates),
      h("ul", { class: "muted" }, ...(event.reasons ?? []).map((reason) => h("li", {}, reason))),
    ),
  );
  return { node };
}

function way(event) {
  return event.direction ? `, ${WAYS[event.direction] ?? event.direction}` : "";
}

function looks(event) {
  return event.looks ? `, ${event.looks === 1 ? "1 look" : `${event.looks} looks`}` : "";
}

/** Seconds as 1:05 or 1:02:03. */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
