// A sound, and the title flashing, when a denied plate or one to be told of comes. Off by default.

import { listen } from "./stream.js";

const KEY = "alerts";
let call = null;
let audio = null;
let flashing = null;

/** Are they on? */
export function alertsOn() {
  return localStorage.getItem(KEY) === "on";
}

/** Turn them on or off; when on, from a click: browsers allow no sound before one. */
export function setAlerts(on) {
  localStorage.setItem(KEY, on ? "on" : "off");
  startAlerts();
  if (on) beep("notify");
}

/** Listen if they are on. */
export function startAlerts() {
  call?.abort();
  call = null;
  if (!alertsOn()) return;
  call = new AbortController();
  listen({ plate: alarm }, call.signal);
}

function alarm(record) {
  const verdict = record.event.watchlist?.verdict;
  if (verdict !== "deny" && verdict !== "notify") return;
  beep(verdict);
  flash(`${verdict === "deny" ? "⛔" : "🔔"} ${record.plate ?? record.event.plate}`);
}

/** Two falling tones for a denied plate, one high tone for one to be told of. */
function beep(verdict) {
  try {
    audio ??= new AudioContext();
    audio.resume();
    const tones = verdict === "deny" ? [660, 440] : [880];
    tones.forEach((pitch, index) => tone(pitch, audio.currentTime + index * 0.22));
  } catch {
    // A browser without sound still flashes.
  }
}

function tone(pitch, at) {
  const source = audio.createOscillator();
  const volume = audio.createGain();
  source.frequency.value = pitch;
  volume.gain.setValueAtTime(0.2, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.2);
  source.connect(volume).connect(audio.destination);
  source.start(at);
  source.stop(at + 0.2);
}

function flash(text) {
  clearInterval(flashing?.timer);
  const title = flashing?.title ?? document.title;
  let shown = 0;
  const timer = setInterval(() => {
    shown += 1;
    document.title = shown % 2 ? text : title;
    if (shown >= 20) stopFlashing();
  }, 700);
  flashing = { timer, title };
}

function stopFlashing() {
  if (!flashing) return;
  clearInterval(flashing.timer);
  document.title = flashing.title;
  flashing = null;
}

window.addEventListener("focus", stopFlashing);
window.addEventListener("navigate", stopFlashing);
