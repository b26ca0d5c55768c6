import { sparkline } from "../lib/chart.js";
import { h } from "../lib/dom.js";
import { duration } from "../lib/format.js";
import { keyed } from "../lib/keyed.js";
import { empty } from "../lib/ui.js";

const HEADS = ["Where to", "Waiting", "", "Oldest", "Failed", "Refused", "Delay (95 of 100)"];

const head = (one, index) =>
  h(
    "th",
    { scope: "col", class: index > 0 && "number" },
    one || h("span", { class: "visually-hidden" }, "Lately"),
  );

/** What events wait for. `{node, show(sinks)}`. */
export function sinkTable() {
  const body = h("tbody", {});
  const rows = keyed(body, (one) => one.name, row);
  const table = h(
    "div",
    { class: "table-scroll", hidden: true },
    h("table", { class: "table sinks" }, h("thead", {}, h("tr", {}, HEADS.map(head))), body),
  );
  const none = h(
    "div",
    {},
    empty("Events go nowhere but into the store: no sink is set up (gate.yaml, sinks)."),
  );
  const node = h(
    "section",
    { "aria-labelledby": "system-sinks" },
    h("h2", { id: "system-sinks" }, "Deliveries"),
    table,
    none,
  );
  const show = (sinks) => {
    table.hidden = !sinks.length;
    none.hidden = sinks.length > 0;
    rows(sinks);
  };
  return { node, show };
}

function row({ name }) {
  const waiting = sparkline(`Events waiting for ${name}`);
  const cells = Object.fromEntries(
    ["depth", "oldest", "failed", "dead", "latency"].map((key) => [
      key,
      h("td", { class: "number" }),
    ]),
  );
  const labels = {
    depth: "Waiting",
    oldest: "Oldest",
    failed: "Failed",
    dead: "Refused",
    latency: "Delay",
  };
  for (const [key, label] of Object.entries(labels)) cells[key].setAttribute("data-label", label);
  const node = h(
    "tr",
    {},
    h("th", { scope: "row" }, name),
    cells.depth,
    h("td", { class: "spark-cell" }, waiting.node),
    cells.oldest,
    cells.failed,
    cells.dead,
    cells.latency,
  );
  const update = (now) => {
    waiting.push(now.depth);
    cells.depth.textContent = now.depth.toLocaleString("en");
    cells.oldest.textContent = now.depth ? duration(now.oldest_age_s) : "–";
    cells.failed.textContent = now.failed.toLocaleString("en");
    cells.dead.textContent = now.dead.toLocaleString("en");
    cells.dead.classList.toggle("bad-text", now.dead > 0);
    cells.latency.textContent =
      now.latency_p95_s === null ? "–" : `${now.latency_p95_s.toFixed(2)} s`;
  };
  return { node, update };
}
