import { bytes, duration } from "../lib/format.js";

/** From here on it is named as trouble. */
const LATE_S = 60;
const SKEW_S = 5;
const LOST_SHARE = 0.2;
const LITTLE_BYTES = 2e9;
const TIGHT_BYTES = 10e9;

export const FAILURES = {
  unauthorized: "the login was refused",
  not_found: "there is nothing at that address",
  refused: "the connection was refused",
  unreachable: "the network does not reach it",
  timeout: "it fell silent",
  ended: "the stream ended",
  corrupt: "the pictures were broken",
  no_video: "there is no video at that address",
  error: "the stream failed",
};

/**
 * What is wrong, worst first: `{level: "bad" | "warn", what, hint}`. `before` is the state that was
 * shown before, for what happens now; null at first.
 */
export function troubles(state, before) {
  const found = [
    ...state.cameras.flatMap((one) => [
      ...cameraTroubles(
        one,
        before?.cameras.find(({ name }) => name === one.name),
      ),
    ]),
    ...state.sinks.flatMap((one) => [...sinkTroubles(one)]),
    ...storeTroubles(state.store),
  ];
  return found.sort((one, other) => order(one) - order(other));
}

function order({ level }) {
  return level === "bad" ? 0 : 1;
}

function* cameraTroubles(camera, before) {
  if (!camera.up && !camera.paused) yield blind(camera);
  if (camera.paused) {
    yield warn(
      `${camera.name} is paused`,
      "It is not read until somebody resumes it, on the page Live or over MQTT.",
    );
  }
  const lost = lostShare(camera, before);
  if (lost > LOST_SHARE) {
    yield warn(
      `${camera.name} drops ${Math.round(lost * 100)} % of its frames`,
      "The box is too slow for it. A lower frame rate in the camera costs nothing; else a " +
        "smaller " +
        "detector.size, or precision int8 (gate.yaml, detector).",
    );
  }
  if (camera.clock_skew_s !== null && Math.abs(camera.clock_skew_s) > SKEW_S) {
    yield warn(
      `The clock of ${camera.name} is ${Math.abs(camera.clock_skew_s).toFixed(1)} s ` +
        `${camera.clock_skew_s > 0 ? "ahead" : "behind"}`,
      "Give the camera a time server (NTP) in its own settings, the same that the box has.",
    );
  }
}

function blind(camera) {
  const age = camera.last_frame_age_s;
  const since =
    age === null ? "has given no picture yet" : `has given no picture for ${duration(age)}`;
  const worst = Object.entries(camera.reconnects).sort(([, one], [, other]) => other - one)[0];
  const last = worst?.[1] ? ` Most often ${FAILURES[worst[0]] ?? worst[0]}.` : "";
  return {
    level: "bad",
    what: `${camera.name} ${since}`,
    hint:
      `Has it power and network, and are its address and password still right?${last} It is ` +
      `tried ` +
      "again all the time (gate.yaml, cameras; monitoring.md, Alerts).",
  };
}

function lostShare(camera, before) {
  if (!before) return 0;
  const captured = camera.captured - before.captured;
  return captured >= 10 ? (camera.dropped - before.dropped) / captured : 0;
}

function* sinkTroubles(sink) {
  const events = sink.depth === 1 ? "1 event waits" : `${sink.depth} events wait`;
  if (sink.depth && sink.oldest_age_s > LATE_S) {
    yield {
      level: "bad",
      what: `${sink.name}: ${events}, the oldest for ${duration(sink.oldest_age_s)}`,
      hint:
        "Is the receiver there, and does it take our login? Nothing is lost: what waits is " +
        "delivered when it is back. The log says why it failed (journalctl -u plate-streamer).",
    };
  }
  if (sink.dead) {
    yield warn(
      `${sink.name} refused ${sink.dead === 1 ? "an event" : `${sink.dead} events`} for good`,
      "plate-streamer dead-letters shows them and why, and sends them again (webhooks.md).",
    );
  }
}

function* storeTroubles(store) {
  if (store.failures) {
    yield {
      level: "bad",
      what: `The store failed ${store.failures} times`,
      hint:
        "Is the disk full or broken, or does the folder belong to somebody else (gate.yaml, " +
        "store.folder)?",
    };
  }
  if (store.pictures_failed) {
    yield warn(
      `${store.pictures_failed} pictures could not be kept`,
      "Their events are there all the same. Is there space, and may we write (gate.yaml, store)?",
    );
  }
  if (store.free_bytes !== null && store.free_bytes < TIGHT_BYTES) {
    yield {
      level: store.free_bytes < LITTLE_BYTES ? "bad" : "warn",
      what: `Only ${bytes(store.free_bytes)} are free on the disk`,
      hint:
        "Keep events for fewer days (gate.yaml, store.keep_days), or no pictures " +
        "(store.pictures).",
    };
  }
}

function warn(what, hint) {
  return { level: "warn", what, hint };
}
