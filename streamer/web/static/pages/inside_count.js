import { send } from "../lib/api.js";
import { bar } from "../lib/chart.js";
import { h } from "../lib/dom.js";
import { formDialog } from "../lib/form.js";

/** How many are inside, of how many places. `correct` is called to change it; null: may not. */
export function countBlock({ occupancy, capacity, inside }, correct) {
  const unseen = occupancy - inside.length;
  return [
    h("div", { class: "count-head" }, [
      h("p", { class: "count-figure" }, [
        h("strong", {}, String(occupancy)),
        h("span", {}, capacity === null ? " inside" : ` of ${capacity} places taken`),
      ]),
      correct && h("button", { type: "button", onclick: correct }, "Correct the count"),
    ]),
    capacity !== null && placesBar(occupancy, capacity),
    h("p", { class: "muted" }, [places(occupancy, capacity), difference(unseen)]),
  ].filter(Boolean);
}

function placesBar(occupancy, capacity) {
  const share = occupancy / capacity;
  const level = share >= 1 ? "bad" : share >= 0.9 ? "warn" : "good";
  return bar(share, { level, label: `${occupancy} of ${capacity} places are taken` });
}

function places(occupancy, capacity) {
  if (capacity === null) {
    return "How many places there are is not known; parking.capacity says it. ";
  }
  const free = capacity - occupancy;
  if (free > 0) return `${free} free. `;
  return free < 0 ? `Full, and ${-free} more than there are places. ` : "Full. ";
}

function difference(unseen) {
  if (unseen > 0) {
    return `${unseen} of them came unseen: they are counted, but no camera read their plates.`;
  }
  if (unseen < 0) return `The list has ${-unseen} more: somebody there has probably left unseen.`;
  return "";
}

/** Asks for the right count and sends it; the new one, or null if nothing was changed. */
export async function correctCount(occupancy) {
  const state = await formDialog({
    title: "Correct the count",
    lead:
      "Count the vehicles that are really there. The list of vehicles stays as it is; end the " +
      "sessions of those that have gone.",
    fields: [
      {
        name: "occupancy",
        label: "Vehicles inside",
        type: "number",
        value: String(occupancy),
        min: "0",
        step: "1",
        required: true,
      },
    ],
    submit: "Set the count",
    work: ({ occupancy: count }) =>
      send("PUT", "/parking/occupancy", { occupancy: Number.parseInt(count, 10) }),
  });
  return state === null ? null : state.occupancy;
}
