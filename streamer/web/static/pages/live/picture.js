// What a camera sees: one endless picture where there are few cameras, single ones where there are
// more (browsers open six connections to a host). Only while somebody can see it.

import { url } from "../../lib/api.js";
import { h } from "../../lib/dom.js";

const WIDTHS = [320, 480, 640, 960, 1280];
const AT_ONCE = 3;
const EVERY_MS = 700;
const AGAIN_MS = 3000;

let fetching = 0;
const waiting = [];

export class Picture {
  constructor(camera, streams, signal) {
    this.path = `/cameras/${encodeURIComponent(camera)}`;
    this.streams = streams;
    this.isWanted = false;
    this.isSeen = false;
    this.call = null;
    this.image = h("img", { class: "camera-picture", hidden: true,
      alt: `What camera ${camera} sees, with the plates marked` });
    this.still = h("canvas", { class: "camera-picture", width: 16, height: 9, "aria-hidden": "true" });
    this.element = h("div", { class: "camera-pictures" }, this.still, this.image);
    this.image.addEventListener("error", () => this.#failed());
    this.watcher = new IntersectionObserver((entries) => {
      this.isSeen = entries.at(-1).isIntersecting;
      this.#decide();
    });
    this.watcher.observe(this.element);
    document.addEventListener("visibilitychange", () => this.#decide(), { signal });
    signal.addEventListener("abort", () => this.close());
  }

  /** Is there something to be seen? */
  wanted(yes) {
    this.isWanted = yes;
    this.#decide();
  }

  close() {
    this.isWanted = false;
    this.watcher.disconnect();
    this.#decide();
  }

  #decide() {
    const runs = this.isWanted && this.isSeen && !document.hidden;
    if (runs && !this.call) this.#start();
    if (!runs && this.call) this.#stop();
  }

  #start() {
    this.call = new AbortController();
    if (this.streams) this.#show(url(`${this.path}/live`, { width: this.#width() }));
    else this.#poll(this.call.signal);
  }

  #show(address) {
    this.image.hidden = false;
    this.image.src = address;
  }

  /** The last picture stays; taking the address away is what ends an endless one. */
  #stop() {
    this.call.abort();
    this.call = null;
    clearTimeout(this.timer);
    if (!this.streams) return;
    this.#keep();
    this.image.hidden = true;
    this.image.removeAttribute("src");
  }

  #keep() {
    const { image, still } = this;
    if (!image.naturalWidth) return;
    still.width = image.naturalWidth;
    still.height = image.naturalHeight;
    still.getContext("2d").drawImage(image, 0, 0);
  }

  #failed() {
    if (!this.call || !this.streams) return;
    this.image.hidden = true;
    this.timer = setTimeout(() => {
      if (!this.call) return;
      this.#stop();
      this.#decide();
    }, AGAIN_MS);
  }

  async #poll(signal) {
    while (!signal.aborted) {
      const begun = performance.now();
      const pause = (await this.#fetch(signal)) ? EVERY_MS : AGAIN_MS;
      await sleep(Math.max(50, pause - (performance.now() - begun)), signal);
    }
  }

  async #fetch(signal) {
    await turn();
    try {
      const address = url(`${this.path}/live.jpg`, { width: this.#width() });
      const response = await fetch(address, { signal, cache: "no-store" });
      if (!response.ok) return false;
      const shown = URL.createObjectURL(await response.blob());
      if (this.shown) URL.revokeObjectURL(this.shown);
      this.shown = shown;
      this.#show(shown);
      await this.image.decode();
      return true;
    } catch {
      return false;
    } finally {
      done();
    }
  }

  #width() {
    const pixels = this.element.clientWidth * Math.min(devicePixelRatio, 2);
    return WIDTHS.find((width) => width >= pixels * 0.9) ?? WIDTHS.at(-1);
  }
}

/** Some connections are left for everything else. */
async function turn() {
  if (fetching >= AT_ONCE) await new Promise((resolve) => waiting.push(resolve));
  else fetching += 1;
}

function done() {
  if (waiting.length) waiting.shift()();
  else fetching -= 1;
}

function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
