import { h, replace } from "../lib/dom.js";
import { date, duration, time } from "../lib/format.js";
import { keyed } from "../lib/keyed.js";
import { plateLink } from "../lib/ui.js";

const TICK_MS = 1000;

/** The vehicles inside, each with how long it has been. `{node, show(sessions)}`. */
export function vehicleList({ operator, onEnd }) {
  const node = h("ul", { class: "vehicles" });
  const show = keyed(
    node,
    (one) => one.id,
    (one) => row(one, operator ? onEnd : null),
  );
  return { node, show };
}

function row(one, onEnd) {
  const stay = h("span", { class: "stay-so-far" });
  const badges = h("span", { class: "badges" });
  const node = h(
    "li",
    { class: "vehicle card" },
    [
      crop(one),
      h("div", { class: "vehicle-who" }, [plateLink(one.plate), badges]),
      h("div", { class: "vehicle-when" }, [
        stay,
        h("span", { class: "muted" }, entered(one)),
        h(
          "span",
          { class: "muted" },
          one.entry_camera ? `by ${one.entry_camera}` : "seen by no camera",
        ),
      ]),
      onEnd &&
        h(
          "button",
          {
            class: "quiet",
            type: "button",
            "aria-label": `${one.plate} has left unseen`,
            onclick: () => onEnd(one),
          },
          "Left unseen",
        ),
    ].filter(Boolean),
  );
  tick(node, stay, one);
  return { node, update: (now) => replace(badges, ...marks(now)) };
}

function crop(one) {
  const frame = h("span", { class: "crop-frame" });
  if (!one.entry_event) return frame;
  const place = `/api/v1/events/${encodeURIComponent(one.entry_event)}/crop`;
  const picture = h("img", {
    class: "crop",
    src: place,
    alt: "",
    loading: "lazy",
    decoding: "async",
  });
  picture.addEventListener("error", () => picture.remove());
  frame.append(picture);
  return frame;
}

function entered(one) {
  if (!one.entered_at) return "since before it was counted";
  const today = new Date(one.entered_at).toDateString() === new Date().toDateString();
  return today
    ? `since ${time(one.entered_at)}`
    : `since ${date(one.entered_at)}, ${time(one.entered_at)}`;
}

function marks(one) {
  return [
    one.overstay_at && h("span", { class: "badge bad" }, "stays too long"),
    one.exempt && h("span", { class: "badge" }, "may stay"),
  ].filter(Boolean);
}

/** Once a second, as long as the row is there. */
function tick(node, stay, one) {
  if (!one.entered_at) return;
  const since = Date.parse(one.entered_at);
  const show = () => {
    const text = duration(Math.max(0, Math.floor((Date.now() - since) / 1000)));
    if (stay.textContent !== text) stay.textContent = text;
  };
  show();
  let shown = false;
  const timer = setInterval(() => {
    if (node.isConnected) shown = true;
    else if (shown) clearInterval(timer);
    if (!document.hidden) show();
  }, TICK_MS);
}
