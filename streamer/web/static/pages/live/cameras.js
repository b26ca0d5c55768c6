// The cameras: a tile each, with what it sees now.

import { get, send } from "../../lib/api.js";
import { h, replace } from "../../lib/dom.js";
import { duration } from "../../lib/format.js";
import { empty, errorBox, icon, isOperator, skeleton, toast } from "../../lib/ui.js";
import { Picture } from "./picture.js";

const LOOK_EVERY_MS = 5000;
const OLD_S = 5;

export class Cameras {
  constructor(session, signal) {
    this.session = session;
    this.signal = signal;
    this.tiles = new Map();
    this.element = h("section", { class: "cameras", "aria-label": "Cameras" },
      h("div", { class: "camera card" }, h("div", { class: "camera-view" }), skeleton(1)));
    const timer = setInterval(() => document.hidden || this.load(), LOOK_EVERY_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** Ask how they are. */
  async load() {
    try {
      const { cameras } = await get("/cameras", null, this.signal);
      if (!this.#isShowing(cameras)) this.#lay(cameras);
      cameras.forEach((camera) => this.update(camera));
    } catch (error) {
      // The bar at the top tells of a lost connection; tiles that are there stay.
      if (error.name === "AbortError" || this.tiles.size) return;
      replace(this.element, errorBox(error, () => this.load()));
    }
  }

  /** Show how one of them is. */
  update(camera) {
    this.tiles.get(camera.name)?.show(camera);
  }

  #isShowing(cameras) {
    return this.tiles.size === cameras.length && cameras.every((one) => this.tiles.has(one.name));
  }

  #lay(cameras) {
    for (const tile of this.tiles.values()) tile.picture.close();
    this.element.dataset.count = cameras.length > 2 ? "many" : cameras.length;
    const streams = cameras.length <= 2;
    this.tiles = new Map(cameras.map((camera) =>
      [camera.name, new Tile(camera, this.session, streams, this.signal)]));
    const tiles = [...this.tiles.values()].map((tile) => tile.element);
    replace(this.element, tiles.length ? tiles : empty("No camera is configured."));
  }
}

class Tile {
  constructor(camera, session, streams, signal) {
    this.camera = camera;
    this.picture = new Picture(camera.name, streams, signal);
    this.over = h("div", { class: "camera-over" });
    this.state = h("span", { class: "camera-state" });
    this.button = isOperator(session) && h("button", { type: "button", class: "small-button",
      onclick: () => this.#toggle() });
    this.element = h("article", { class: "camera card", "aria-label": `Camera ${camera.name}` },
      h("div", { class: "camera-view" }, this.picture.element, this.over),
      h("div", { class: "camera-bar" }, h("h2", null, camera.name), this.state, this.button));
  }

  show(camera) {
    this.camera = camera;
    const state = stateOf(camera);
    this.picture.wanted(camera.up && !camera.paused);
    this.state.className = `camera-state ${state.kind}`;
    if (this.state.textContent !== state.text) replace(this.state, state.text);
    this.over.hidden = !state.over;
    this.element.classList.toggle("dim", Boolean(state.over));
    if (this.over.dataset.text !== (state.over ?? "")) {
      this.over.dataset.text = state.over ?? "";
      replace(this.over, state.over && [icon(camera.paused ? "pause" : "camera-off"), state.over]);
    }
    if (this.button) this.#showButton(camera.paused);
  }

  #showButton(paused) {
    const label = paused ? "Resume" : "Pause";
    if (this.button.textContent === label) return;
    this.button.setAttribute("aria-label", `${label} camera ${this.camera.name}`);
    replace(this.button, icon(paused ? "play" : "pause"), label);
  }

  async #toggle() {
    const { name, paused } = this.camera;
    this.button.disabled = true;
    try {
      const path = `/cameras/${encodeURIComponent(name)}/paused`;
      this.show(await send("PUT", path, { paused: !paused }));
      toast(paused ? `${name} goes on` : `${name} is paused`, "good");
    } catch (error) {
      toast(error.message, "bad");
    } finally {
      this.button.disabled = false;
    }
  }
}

function stateOf(camera) {
  if (camera.paused) return { kind: "paused", text: "Paused", over: "Paused" };
  const age = camera.last_frame_age_s;
  if (!camera.up) {
    const over = age === null ? "No picture yet" : `No picture for ${duration(age)}`;
    return { kind: "down", text: "Down", over };
  }
  if (age !== null && age > OLD_S) {
    return { kind: "down", text: "Silent", over: `No picture for ${duration(age)}` };
  }
  const rate = camera.frames_per_second;
  return { kind: "up", text: rate === null ? "Up" : `${rate.toFixed(rate < 10 ? 1 : 0)} frames/s` };
}
