import { h } from "../lib/dom.js";
import { copyButton } from "../lib/copy.js";
import { empty } from "../lib/ui.js";
import { plateFound } from "./read_plate.js";

/**
 * What was read in a picture: the picture with its plates, and each plate character by
 * character.
 */
export async function pictureResult(answer, file) {
  const original = await decoded(file);
  const plates = answer.plates.map((one) => plateFound(one, crop(original, answer, one.box)));
  const { annotated, ...rest } = answer;
  return h(
    "div",
    { class: "read-result" },
    shown(answer, file, original !== null),
    h(
      "div",
      { class: "read-plates" },
      ...(plates.length ? plates : [nothing()]),
      h(
        "p",
        { class: "read-actions" },
        copyButton("Copy as JSON", () => JSON.stringify(rest, null, 2)),
      ),
    ),
  );
}

/** The picture, upright; null where the browser does not know its format. */
async function decoded(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    return null;
  }
}

/** With the plates drawn in, or as it was sent. */
function shown(answer, file, originalToo) {
  const frame = h("img", {
    class: "read-picture",
    width: String(answer.width),
    height: String(answer.height),
    alt: `${file.name} with the plates that were found`,
    src: answer.annotated ?? URL.createObjectURL(file),
  });
  const figure = h("figure", { class: "read-figure" }, frame);
  if (!answer.annotated || !originalToo) return figure;
  const original = URL.createObjectURL(file);
  const choice = (text, source, alt) => {
    const button = h("button", { type: "button", class: "choice" }, text);
    button.setAttribute("aria-pressed", String(source === answer.annotated));
    button.addEventListener("click", () => {
      frame.src = source;
      frame.alt = alt;
      for (const one of buttons) one.setAttribute("aria-pressed", String(one === button));
    });
    return button;
  };
  const buttons = [
    choice("With plates", answer.annotated, frame.alt),
    choice("Original", original, `${file.name} as it was sent`),
  ];
  figure.prepend(
    h("div", { class: "choices", role: "group", "aria-label": "Picture" }, ...buttons),
  );
  return figure;
}

/** The plate with a little around it, on a canvas. */
function crop(bitmap, answer, [x1, y1, x2, y2]) {
  if (!bitmap) return null;
  const [sx, sy] = [bitmap.width / answer.width, bitmap.height / answer.height];
  const margin = (y2 - y1) * 0.25;
  const left = Math.max(0, x1 - margin) * sx;
  const top = Math.max(0, y1 - margin) * sy;
  const width = Math.min(answer.width, x2 + margin) * sx - left;
  const height = Math.min(answer.height, y2 + margin) * sy - top;
  const canvas = h("canvas", { class: "plate-crop" });
  const scale = Math.min(3, 400 / width);
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, left, top, width, height, 0, 0, canvas.width, canvas.height);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "The plate in the picture");
  return canvas;
}

function nothing() {
  return empty(
    "No plate was found. Plates are found from about 60 pixels of width on, and read best from " +
      "100 on: take the picture nearer, or with more light.",
  );
}
