import { bar, sparkline, tile } from "../lib/chart.js";
import { h, replace } from "../lib/dom.js";
import { duration } from "../lib/format.js";
import { FAILURES } from "./system_hints.js";

const OUTCOMES = {
  published: "sent as events",
  duplicate: "same passage",
  low_confidence: "too unsure",
  lettering: "other lettering",
  too_short: "too short",
  unread: "never legible",
};

const USUAL_MS = 40;

/** One camera: does it see, how fast, and where the time goes. */
export function cameraCard(camera) {
  const badge = h("span", { class: "badge" });
  const facts = h("dl", { class: "tiles" });
  const reads = h("dl", { class: "outcomes" });
  const stages = h("tbody", {});
  const budget = h("p", { class: "muted" });
  const rate = sparkline(`Frame rate of ${camera.name}`);
  const figure = h("span", { class: "rate-figure" });
  const readsPart = h("div", { class: "stack" }, h("h4", {}, "Reads"), reads);
  const stagesPart = h(
    "div",
    { class: "stack" },
    h("h4", {}, "Stages"),
    stageTable(stages),
    budget,
  );
  const node = h(
    "article",
    { class: "card system-camera", "aria-label": camera.name },
    h("header", { class: "card-head" }, h("h3", {}, camera.name), badge),
    h("div", { class: "rate" }, figure, rate.node),
    facts,
    readsPart,
    stagesPart,
  );
  const update = (now) => {
    const [words, level] = stateOf(now);
    badge.className = `badge ${level}`;
    badge.textContent = words;
    rate.push(now.frames_per_second);
    figure.textContent =
      now.frames_per_second === null
        ? "– frames/s"
        : `${now.frames_per_second.toFixed(1)} frames/s`;
    replace(facts, ...figures(now));
    replace(reads, ...outcomes(now.reads));
    readsPart.hidden = !Object.keys(now.reads).length;
    stagesPart.hidden = !now.stages.length;
    const running = now.frames_per_second > 0;
    const frameMs = running ? 1000 / now.frames_per_second : USUAL_MS;
    replace(stages, ...now.stages.map((one) => stage(one, frameMs, now.captured)));
    budget.textContent =
      `The bar ends at ${frameMs.toFixed(0)} ms, the time between two ` +
      `frames${running ? "" : " at 25 a second"}.`;
  };
  return { node, update };
}

function stateOf(camera) {
  if (camera.paused) return ["paused", "warn"];
  return camera.up ? ["sees", "good"] : ["sees nothing", "bad"];
}

function figures(camera) {
  const { captured, dropped, corrupt, outages, reconnects } = camera;
  const age = camera.last_frame_age_s;
  const why = Object.entries(reconnects)
    .filter(([, n]) => n > 0)
    .map(([reason, n]) => `${n} × ${FAILURES[reason] ?? reason}`);
  return [
    tile("Last frame", age === null ? "none yet" : age < 2 ? "now" : `${duration(age)} ago`),
    tile("Frames", captured.toLocaleString("en")),
    tile("Dropped", share(dropped, captured)),
    tile("Corrupt", corrupt.toLocaleString("en")),
    tile("Outages", outages.toLocaleString("en")),
    tile("Opened again", why.length ? why.join(", ") : "never"),
    tile("Plates in sight", String(camera.tracks)),
    tile("Events", camera.events.toLocaleString("en")),
    camera.clock_skew_s !== null && tile("Its clock", `${camera.clock_skew_s.toFixed(1)} s off`),
  ].filter(Boolean);
}

function share(part, all) {
  if (!part || !all) return String(part);
  const percent = (part / all) * 100;
  return `${part.toLocaleString("en")} (${percent < 0.1 ? "< 0.1" : percent.toFixed(1)} %)`;
}

function outcomes(reads) {
  const most = Math.max(1, ...Object.values(reads));
  const known = Object.keys(OUTCOMES).filter((one) => one in reads);
  const others = Object.keys(reads).filter((one) => !(one in OUTCOMES));
  return [...known, ...others].map((outcome) =>
    h(
      "div",
      { class: "outcome" },
      h("dt", {}, OUTCOMES[outcome] ?? outcome),
      h(
        "dd",
        {},
        bar(reads[outcome] / most, { level: outcome === "published" ? "good" : "plain" }),
        h("span", { class: "number" }, reads[outcome].toLocaleString("en")),
      ),
    ),
  );
}

function ms(value) {
  return value.toFixed(value < 10 ? 1 : 0);
}

function stageTable(body) {
  const heads = ["Stage", "Mean, and 95 of 100", "ms", "Steps", "Failed"];
  const head = (one, index) => h("th", { scope: "col", class: index > 1 && "number" }, one);
  return h(
    "div",
    { class: "table-scroll" },
    h("table", { class: "table stages" }, h("thead", {}, h("tr", {}, heads.map(head))), body),
  );
}

function stage({ stage: name, steps, failures, mean_ms: mean, p95_ms: p95 }, frameMs, captured) {
  const measured = mean !== null && p95 !== null;
  const perFrame = steps > captured / 2; // what works once a vehicle may take longer than a frame
  const level = !perFrame ? "plain" : p95 > frameMs ? "warn" : "good";
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, name),
    h(
      "td",
      { class: "stage-bar" },
      measured ? bar(mean / frameMs, { level, mark: p95 / frameMs }) : "",
    ),
    h("td", { class: "number" }, measured ? `${ms(mean)} / ${ms(p95)}` : "–"),
    h("td", { class: "number" }, steps.toLocaleString("en")),
    h(
      "td",
      { class: "number" },
      failures ? h("strong", { class: "bad-text" }, String(failures)) : "0",
    ),
  );
}
