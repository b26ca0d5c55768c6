import { get, listen, send } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { poll } from "../lib/poll.js";
import { styles } from "../lib/styles.js";
import { confirmDialog, empty, errorBox, isOperator, toast } from "../lib/ui.js";
import { correctCount, countBlock } from "./inside_count.js";
import { noCarPark } from "./inside_none.js";
import { recentSessions } from "./inside_recent.js";
import { vehicleList } from "./inside_vehicles.js";

export const title = "Inside";

const EVERY_MS = 15_000;

/** Who is in the car park now, and who was. */
export async function render(main, { session, signal }) {
  await styles("figures", "inside");
  const page = new Page(main, isOperator(session), signal);
  await poll(() => page.load(), EVERY_MS, signal);
  listen({ parking: () => page.load(), open: () => page.load() }, signal);
}

class Page {
  constructor(main, operator, signal) {
    this._main = main;
    this._built = null;
    this._operator = operator;
    this._signal = signal;
  }

  async load() {
    try {
      const state = await get("/parking", {}, this._signal);
      if (!state.on) this._showNone();
      else await this._show(state);
    } catch (error) {
      if (this._signal.aborted) return;
      if (!this._built) replace(this._main, heading(), errorBox(error));
      else this._built.fault(error);
    }
  }

  _showNone() {
    this._built = null;
    replace(this._main, heading(), noCarPark());
  }

  async _show(state) {
    this._built ??= this._build();
    this._built.show(state);
    await this._built.recent.refresh();
  }

  _build() {
    const count = h("section", { class: "card count", "aria-label": "Occupancy" });
    const fault = h("div", { class: "page-fault" });
    const vehicles = vehicleList({ operator: this._operator, onEnd: (one) => this._end(one) });
    const recent = recentSessions(this._signal);
    const search = h("input", {
      type: "search",
      class: "input",
      placeholder: "Plate",
      "aria-label": "Search the vehicles inside by plate",
      autocomplete: "off",
    });
    const none = h("div", { class: "none" });
    let last = null;
    const show = (state) => {
      last = state;
      replace(fault);
      replace(
        count,
        ...countBlock(state, this._operator ? () => this._correct(last.occupancy) : null),
      );
      const wanted = plain(search.value);
      const found = state.inside.filter((one) => one.plate.includes(wanted));
      vehicles.show(found);
      recent.filter(wanted);
      replace(none, ...nobody(state, found, search.value));
    };
    search.addEventListener("input", () => last && show(last));
    replace(
      this._main,
      heading(),
      fault,
      count,
      h("section", { class: "inside-list", "aria-labelledby": "inside-now" }, [
        h("div", { class: "section-head" }, [h("h2", { id: "inside-now" }, "Here now"), search]),
        vehicles.node,
        none,
      ]),
      recent.node,
    );
    return { show, recent, fault: (error) => replace(fault, errorBox(error)) };
  }

  async _end(one) {
    const sure = await confirmDialog(
      `${one.plate} is not inside any more: its session is ended, and the count goes down by one.`,
      { title: "Left unseen?", yes: "It has left" },
    );
    if (!sure) return;
    await this._change(async () => {
      await send("POST", `/parking/sessions/${encodeURIComponent(one.id)}/end`);
      toast(`${one.plate} has left unseen`, "good");
    });
  }

  async _correct(occupancy) {
    const changed = await correctCount(occupancy);
    if (changed === null) return;
    toast(`The count is ${changed} now`, "good");
    await this.load();
  }

  async _change(work) {
    try {
      await work();
    } catch (error) {
      toast(error.message, "bad");
    }
    await this.load();
  }
}

function heading() {
  return h("h1", {}, title);
}

function plain(text) {
  return text.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
}

function nobody(state, found, searched) {
  if (found.length) return [];
  if (state.inside.length) return [empty(`Nobody inside has a plate with “${searched}”.`)];
  return [
    empty(
      "Nobody is inside whom a camera saw entering. As soon as a vehicle passes an entry camera " +
        "it appears here, with the picture of its plate.",
    ),
  ];
}
