import { get } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { dropZone } from "../lib/drop.js";
import { duration } from "../lib/format.js";
import { styles } from "../lib/styles.js";
import { empty } from "../lib/ui.js";
import { ReadCard } from "./read_card.js";

export const title = "Read";

/** What was sent stays here while the portal is open, also when another page is looked at. */
const cards = [];
const waiting = [];
const AT_ONCE = 2;
let running = 0;

/** Pictures and videos of your own: what is on their plates? */
export async function render(main, { signal }) {
  await styles("figures", "read");
  const list = h("div", { class: "read-cards", "aria-live": "polite" });
  const none = h("div", {});
  const show = () => {
    replace(list, ...cards.map((card) => card.node));
    replace(none, ...(cards.length ? [] : [teaching()]));
  };
  const take = (files) => {
    for (const file of files) {
      const card = new ReadCard(file, {
        onGone: () => {
          cards.splice(cards.indexOf(card), 1);
          show();
        },
        onAgain: () => queue(card),
      });
      cards.unshift(card);
      queue(card);
    }
    show();
  };
  const most = h("span", { class: "read-most" }, "\u00a0");
  const zone = dropZone({
    lead: "Drop pictures or videos here",
    hint: h(
      "span",
      {},
      "or paste a picture. Everything is read on this machine and forgotten afterwards.",
      h("br", {}),
      most,
    ),
    accept: "image/*,video/*,.heic,.avif,.mkv,.ts",
    multiple: true,
    camera: true,
    onFiles: take,
  });
  pasting(take, signal);
  replace(main, h("h1", {}, title), zone, list, none);
  show();
  tellLimits(most, signal);
}

/** What may be sent at most: better known before than after the upload. */
async function tellLimits(node, signal) {
  try {
    const limits = await get("/read/limits", {}, signal);
    const megapixels = `${limits.max_megapixels} megapixels`;
    replace(
      node,
      `At most ${limits.max_upload_mb} MB; pictures of ${megapixels}, ` +
        `videos of ${duration(limits.max_video_s)}.`,
    );
  } catch {
    // Whoever may not read is told so by the upload.
  }
}

function queue(card) {
  waiting.push(card);
  next();
}

/** Two at a time: the machine has gates to watch besides. */
async function next() {
  if (running >= AT_ONCE || waiting.length === 0) return;
  running += 1;
  const card = waiting.shift();
  try {
    await card.run();
  } finally {
    running -= 1;
    next();
  }
}

function pasting(take, signal) {
  document.addEventListener(
    "paste",
    (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      take(files);
    },
    { signal },
  );
}

function teaching() {
  return empty(
    "Nothing was read yet. A picture shows each plate with its characters and how sure each of " +
      "them is; a video shows each vehicle once, at the time it was read.",
  );
}
