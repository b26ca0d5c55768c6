// Server-sent events over one connection that all listeners share.
//
// Read by fetch and not by EventSource: that hides the heartbeat, so a line that is dead without
// having been closed (a phone that left the network) would look alive for minutes.

const ADDRESS = "/api/v1/events/live";
const SILENCE_MS = 40_000; // the heartbeat comes every 15 s
const LINGER_MS = 1_500; // from one page to the next the line stays open
const LONGEST_WAIT_MS = 15_000;

const listeners = new Set();
let running = null;
let state = "closed";
let lastId = null;

/** Have `handlers` told of what happens, until `signal` is aborted: plate (Record), parking,
 * camera, open (each time the line is there), closed (it is not; it is tried again). */
export function listen(handlers, signal) {
  if (signal?.aborted) return;
  listeners.add(handlers);
  signal?.addEventListener("abort", () => {
    listeners.delete(handlers);
    setTimeout(stopUnheard, LINGER_MS);
  });
  if (state === "open") handlers.open?.();
  if (!running) dial();
}

/** Begin anew for those who listen, as when somebody has logged in. */
export function redial() {
  hangUp();
  if (listeners.size) dial();
}

function dial() {
  running = new AbortController();
  keepOpen(running.signal);
}

/** Forget the line, as when somebody has logged out. */
export function hangUp() {
  running?.abort();
  running = null;
  lastId = null;
  state = "closed";
}

function stopUnheard() {
  if (!listeners.size) hangUp();
}

function tell(kind, value) {
  for (const handlers of [...listeners]) handlers[kind]?.(value);
}

async function keepOpen(signal) {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      await receive(signal, () => (failures = 0));
    } catch (error) {
      if (error.refused) return hangUp();
    }
    if (signal.aborted) return;
    if (state === "open" || failures === 1) {
      state = "closed";
      tell("closed");
    }
    await pause(Math.min(500 * 2 ** failures, LONGEST_WAIT_MS), signal);
  }
}

/** Waits; no longer than until the network is said to be back. */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    window.addEventListener("online", resolve, { once: true, signal });
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function receive(signal, onOpen) {
  const call = new AbortController();
  const hangup = () => call.abort();
  signal.addEventListener("abort", hangup);
  let watchdog = setTimeout(hangup, SILENCE_MS);
  try {
    const headers = { Accept: "text/event-stream", ...(lastId && { "Last-Event-ID": lastId }) };
    const response = await fetch(ADDRESS, { headers, cache: "no-store", signal: call.signal });
    if (response.status === 401) {
      window.dispatchEvent(new Event("session-lost"));
      throw Object.assign(new Error("not logged in"), { refused: true });
    }
    if (!response.ok) throw new Error(response.statusText);
    onOpen();
    state = "open";
    tell("open");
    const parse = parser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(watchdog);
      watchdog = setTimeout(hangup, SILENCE_MS);
      parse(part.value);
    }
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener("abort", hangup);
  }
}

/** A function that is given the stream piece by piece, and tells of each message in it. */
function parser() {
  let rest = "";
  let message = { event: "message", data: [] };
  return (text) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (message.data.length) tell(message.event, JSON.parse(message.data.join("\n")));
        message = { event: "message", data: [] };
      } else take(message, line);
    }
  };
}

function take(message, line) {
  const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
  if (name === "event") message.event = value;
  else if (name === "data") message.data.push(value);
  else if (name === "id") lastId = value;
}
