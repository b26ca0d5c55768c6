import { h } from "./dom.js";

/**
 * Where files are dropped, chosen, or taken with a phone's camera.
 *
 * `onFiles` is given a list of `File`s, never an empty one.
 */
export function dropZone({ lead, hint, accept, multiple = false, camera = false, onFiles }) {
  const hand = (files) => {
    const some = multiple ? [...files] : [...files].slice(0, 1);
    if (some.length) onFiles(some);
  };
  const zone = h(
    "div",
    { class: "drop-zone" },
    h("p", { class: "drop-lead" }, lead),
    h(
      "div",
      { class: "drop-buttons" },
      chooser(multiple ? "Choose files" : "Choose a file", { accept, multiple }, hand),
      camera && chooser("Take a picture", { accept: "image/*", capture: "environment" }, hand),
    ),
    hint && h("p", { class: "muted" }, hint),
  );
  dropping(zone, hand);
  return zone;
}

/** A button that opens the browser's own choice of files. */
function chooser(text, { accept, multiple = false, capture }, onFiles) {
  const input = h("input", { type: "file", accept, hidden: true, tabindex: "-1" });
  input.multiple = multiple;
  if (capture) input.setAttribute("capture", capture);
  input.setAttribute("aria-label", text);
  input.addEventListener("change", () => {
    onFiles(input.files);
    input.value = "";
  });
  const button = h("button", { type: "button", class: capture ? "touch" : "primary" }, text);
  button.addEventListener("click", () => input.click());
  return h("span", {}, button, input);
}

function dropping(zone, onFiles) {
  let depth = 0;
  const over = (by) => {
    depth = by === 0 ? 0 : depth + by;
    zone.classList.toggle("over", depth > 0);
  };
  zone.addEventListener("dragenter", (event) => {
    event.preventDefault();
    over(1);
  });
  zone.addEventListener("dragleave", () => over(-1));
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    over(0);
    onFiles(event.dataTransfer.files);
  });
}
