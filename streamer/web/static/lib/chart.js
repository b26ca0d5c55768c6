import { h, s } from "./dom.js";

/** A share as a bar; `level` is good, warn, bad or plain. `label` says it in words. */
export function bar(share, { level = "plain", label, mark = null } = {}) {
  const width = Math.min(Math.max(share, 0), 1) * 100;
  const parts = [s("rect", { class: "bar-fill", width, height: 10 })];
  if (mark !== null) {
    const at = Math.min(Math.max(mark, 0), 1) * 99;
    parts.push(s("rect", { class: "bar-mark", x: at, width: 1, height: 10 }));
  }
  const picture = s(
    "svg",
    { class: `bar bar-${level}`, viewBox: "0 0 100 10", preserveAspectRatio: "none" },
    parts,
  );
  if (label) {
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", label);
  } else picture.setAttribute("aria-hidden", "true");
  return picture;
}

/** How sure: good from 0.9, doubtful from 0.6. */
export function sureness(confidence) {
  if (confidence >= 0.9) return "good";
  return confidence >= 0.6 ? "warn" : "bad";
}

/** A line of the last values, `{node, push(value)}`; null leaves a gap. Scaled from 0 up. */
export function sparkline(label, { values: most = 60 } = {}) {
  const values = [];
  const line = s("path", { class: "spark-line" });
  const node = s(
    "svg",
    {
      class: "spark",
      viewBox: "0 0 120 24",
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    },
    line,
  );
  const push = (value) => {
    values.push(value);
    if (values.length > most) values.shift();
    line.setAttribute("d", path(values, most));
    const last = values.at(-1);
    node.setAttribute("aria-label", last === null ? label : `${label}, now ${round(last)}`);
  };
  return { node, push };
}

function path(values, most) {
  const top = Math.max(1, ...values.filter((value) => value !== null)) * 1.1;
  let text = "";
  let pen = "M";
  values.forEach((value, index) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const x = 120 - ((values.length - 1 - index) * 120) / (most - 1);
    text += `${pen}${x.toFixed(1)} ${(23 - (value / top) * 22).toFixed(1)}`;
    pen = "L";
  });
  return text;
}

function round(value) {
  return Math.round(value * 10) / 10;
}

/** A number in words beside its name. */
export function tile(name, value) {
  return h("div", { class: "tile" }, h("dt", {}, name), h("dd", {}, value));
}
