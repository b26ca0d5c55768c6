import { get } from "../lib/api.js";
import { tile } from "../lib/chart.js";
import { h, replace } from "../lib/dom.js";
import { bytes, duration } from "../lib/format.js";
import { keyed } from "../lib/keyed.js";
import { poll } from "../lib/poll.js";
import { styles } from "../lib/styles.js";
import { errorBox, isOperator } from "../lib/ui.js";
import { auditLog } from "./system_audit.js";
import { cameraCard } from "./system_camera.js";
import { troubles } from "./system_hints.js";
import { sinkTable } from "./system_sinks.js";

export const title = "System";

const EVERY_MS = 3000;

/** Is everything all right? And if not, what is to be done? */
export async function render(main, { session, signal }) {
  await styles("figures", "system");
  let page = null;
  const ask = async () => {
    try {
      const state = await get("/system", {}, signal);
      page ??= build(main, session, signal);
      page.show(state);
    } catch (error) {
      if (signal.aborted) return;
      if (page) page.fault(error);
      else replace(main, h("h1", {}, title), errorBox(error));
    }
  };
  await poll(ask, EVERY_MS, signal);
}

function build(main, session, signal) {
  const verdict = h("section", {
    class: "verdict",
    "aria-label": "In short",
    "aria-live": "polite",
  });
  const facts = h("dl", { class: "tiles" });
  const cameras = h("div", { class: "system-cameras" });
  const sinks = sinkTable();
  const showCameras = keyed(cameras, (one) => one.name, cameraCard);
  const audit = isOperator(session) ? auditLog(signal) : null;
  let told = "";
  let before = null;
  replace(
    main,
    h("h1", {}, title),
    verdict,
    facts,
    h(
      "section",
      { "aria-labelledby": "system-cameras" },
      h("h2", { id: "system-cameras" }, "Cameras"),
      cameras,
    ),
    sinks.node,
    audit ? audit.node : "",
  );
  audit?.load();
  const show = (state) => {
    const found = troubles(state, before);
    before = state;
    const words = JSON.stringify(found.map(({ level, what }) => [level, what]));
    if (words !== told) replace(verdict, ...verdictOf(found, state));
    told = words;
    replace(facts, ...overview(state));
    showCameras(state.cameras);
    sinks.show(state.sinks);
  };
  const fault = (error) => {
    told = "";
    replace(verdict, errorBox(error));
  };
  return { show, fault };
}

function verdictOf(found, state) {
  if (!found.length) {
    const eyes = state.cameras.length ? "all cameras see, and nothing waits" : "nothing waits";
    return [
      h("p", { class: "verdict-good" }, h("strong", {}, "Everything is all right: "), `${eyes}.`),
    ];
  }
  const bad = found.filter((one) => one.level === "bad").length;
  const words = found.length === 1 ? "One thing needs" : `${found.length} things need`;
  return [
    h("p", { class: bad ? "verdict-bad" : "verdict-warn" }, h("strong", {}, `${words} attention`)),
    h("ul", { class: "troubles" }, ...found.map(trouble)),
  ];
}

function trouble({ level, what, hint }) {
  return h("li", { class: `trouble trouble-${level}` }, h("strong", {}, what), h("p", {}, hint));
}

function overview({ version, uptime_s: uptime, cameras, sinks, store }) {
  const up = cameras.filter((one) => one.up).length;
  const waiting = sinks.reduce((sum, one) => sum + one.depth, 0);
  return [
    tile("Cameras that see", cameras.length ? `${up} of ${cameras.length}` : "none set up"),
    tile("Events waiting", waiting.toLocaleString("en")),
    tile("Free on the disk", store.free_bytes === null ? "unknown" : bytes(store.free_bytes)),
    tile("Store failures", (store.failures + store.pictures_failed).toLocaleString("en")),
    tile("Running for", duration(uptime)),
    tile("Version", version),
  ];
}
