// What the events are filtered by; the same names as in the API and in the address.

import { get, url } from "../../lib/api.js";
import { h, replace } from "../../lib/dom.js";
import { field, icon } from "../../lib/ui.js";

const NAMES = ["plate", "near", "camera", "since", "until", "list", "verdict", "way", "corrected"];
const VERDICTS = [["", "Any"], ["allow", "Allowed"], ["deny", "Denied"], ["notify", "Notify"]];
const WAYS = [["", "Any"], ["entry", "In"], ["exit", "Out"]];
const CORRECTED = [["", "Any"], ["true", "Checked"], ["false", "Not checked"]];
const WAIT_MS = 300;

/** The filters in an address. */
export function readFilters(query) {
  const filters = {};
  for (const name of NAMES) if (query.get(name)) filters[name] = query.get(name);
  return filters;
}

/** Links to the same events as files. */
export function exportLinks(filters) {
  return ["csv", "jsonl"].map((format) =>
    h("a", { class: "button", download: "", href: url("/events/export", { format, ...filters }) },
      icon("download"), format.toUpperCase()));
}

export class Filters {
  /** `apply` is given the filters each time that they have changed. */
  constructor(filters, apply, signal) {
    this.apply = apply;
    this.initial = filters;
    this.more = h("details", { class: "filters-more",
      open: Object.keys(filters).some((name) => name !== "plate" && name !== "near") },
    h("summary", null, "Filters"), h("div", { class: "filters-grid" }, this.#fields()));
    this.element = h("form", { class: "filters card", role: "search", "aria-label": "Events",
      onsubmit: (event) => {
        event.preventDefault();
        this.#changed(0);
      },
      oninput: () => this.#changed(WAIT_MS),
      onreset: () => setTimeout(() => this.#changed(0)) },
    this.#searchRow(), this.more);
    this.#loadChoices(signal);
  }

  #searchRow() {
    const { plate, near } = this.initial;
    return h("div", { class: "filters-search" },
      h("input", { name: "plate", type: "search", value: plate ?? "", maxlength: 32,
        placeholder: "Plate, or a part: AB*, *123*, B?12", "aria-label": "Plate or pattern",
        autocomplete: "off", autocapitalize: "characters", spellcheck: "false" }),
      h("label", { class: "check" },
        h("input", { type: "checkbox", name: "near", checked: near === "true" }),
        h("span", null, "Also similar")),
      h("button", { type: "button", class: "quiet", onclick: () => this.#clear() }, "Clear"));
  }

  #fields() {
    const { camera, since, until, list, verdict, way, corrected } = this.initial;
    this.camera = h("select", { name: "camera" }, options([["", "All"], camera && [camera, camera]], camera));
    this.list = h("select", { name: "list" }, options([["", "Any"], list && [list, list]], list));
    return [
      field("Camera", this.camera),
      field("From", h("input", { type: "datetime-local", name: "since", value: local(since) })),
      field("To", h("input", { type: "datetime-local", name: "until", value: local(until) })),
      field("Verdict", h("select", { name: "verdict" }, options(VERDICTS, verdict))),
      field("List", this.list),
      field("Way", h("select", { name: "way" }, options(WAYS, way))),
      field("Reading", h("select", { name: "corrected" }, options(CORRECTED, corrected))),
    ];
  }

  async #loadChoices(signal) {
    const quiet = () => null; // without them one can still search
    const [cameras, lists] = await Promise.all([
      get("/cameras", null, signal).catch(quiet), get("/watchlists", null, signal).catch(quiet)]);
    const named = (all, first) => [["", first], ...all.map(({ name }) => [name, name])];
    const { camera, list } = this.#values();
    if (cameras) replace(this.camera, options(withChosen(named(cameras.cameras, "All"), camera), camera));
    if (lists) replace(this.list, options(withChosen(named(lists.watchlists, "Any"), list), list));
  }

  #clear() {
    for (const control of this.element.elements) {
      if (control.type === "checkbox") control.checked = false;
      else if (control.name) control.value = "";
    }
    this.#changed(0);
    this.element.elements.plate.focus();
  }

  #changed(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const values = this.#values();
      const text = JSON.stringify(values);
      if (text === this.applied) return;
      this.applied = text;
      this.apply(values);
    }, wait);
  }

  #values() {
    const values = {};
    for (const [name, value] of new FormData(this.element)) {
      if (value) values[name] = String(value).trim();
    }
    if (values.near) values.near = "true";
    for (const name of ["since", "until"]) {
      if (values[name]) values[name] = new Date(values[name]).toISOString();
    }
    return values;
  }
}

function withChosen(pairs, chosen) {
  const known = !chosen || pairs.some(([value]) => value === chosen);
  return known ? pairs : [...pairs, [chosen, chosen]];
}

function options(pairs, chosen) {
  return pairs.filter(Boolean).map(([value, label]) =>
    h("option", { value, selected: value === (chosen ?? "") }, label));
}

/** A moment as its control wants it: in the browser's zone. */
function local(iso) {
  if (!iso || Number.isNaN(Date.parse(iso))) return "";
  const at = new Date(iso);
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}
