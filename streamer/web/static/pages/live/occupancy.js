// How many are inside, where there is a car park.

import { get } from "../../lib/api.js";
import { h, replace } from "../../lib/dom.js";
import { icon } from "../../lib/ui.js";

export class Occupancy {
  constructor() {
    this.element = h("a", { class: "occupancy", href: "/inside", hidden: true });
  }

  /** Ask for it; without a car park nothing is shown. */
  async load(signal) {
    try {
      const park = await get("/parking", null, signal);
      if (park.on) this.show(park.occupancy, park.capacity);
    } catch {
      // The page is about plates; the page Inside says what is wrong with the car park.
    }
  }

  show(occupancy, capacity) {
    const full = capacity !== null && occupancy >= capacity;
    this.element.hidden = false;
    this.element.classList.toggle("full", full);
    replace(this.element, icon("inside"), h("strong", null, occupancy),
      h("span", null, capacity === null ? "inside" : `of ${capacity} inside`),
      full && h("span", { class: "badge warn" }, "Full"));
  }
}
