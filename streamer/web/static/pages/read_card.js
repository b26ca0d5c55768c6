import { upload } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { bytes } from "../lib/format.js";
import { iconButton } from "../lib/ui.js";
import { pictureResult } from "./read_picture.js";
import { fault } from "./read_fault.js";
import { VideoResult } from "./read_video.js";

/** One file that was sent, from the upload to what was read. */
export class ReadCard {
  constructor(file, { onGone, onAgain }) {
    this.file = file;
    this.node = h("article", { class: "card read-card", "aria-label": file.name });
    this._state = h("span", { class: "muted read-state" }, "waits");
    this._body = h("div", { class: "read-body" });
    this._onGone = onGone;
    this._onAgain = onAgain;
    this._gone = new AbortController();
    this._video = null;
    const remove = iconButton("close", `Remove ${file.name}`, () => this._remove());
    replace(
      this.node,
      h(
        "header",
        { class: "read-head" },
        h("h2", {}, file.name || "pasted picture"),
        h("span", { class: "muted" }, bytes(file.size)),
        this._state,
        remove,
      ),
      this._body,
    );
  }

  /** Sends it and shows what comes; ends when that is known. Never throws. */
  async run() {
    if (this._gone.signal.aborted) return;
    this._state.textContent = "is sent …";
    const progress = h("progress", {
      class: "progress",
      max: "1",
      value: "0",
      "aria-label": "Upload",
    });
    replace(this._body, progress);
    try {
      const answer = await upload("/read?annotate=true", this.file, {
        onProgress: (share) => {
          progress.value = share;
          this._state.textContent = share < 1 ? "is sent …" : "is read …";
          if (share >= 1) progress.removeAttribute("value");
        },
        signal: this._gone.signal,
      });
      if (this._gone.signal.aborted) return;
      await this._show(answer);
    } catch (error) {
      if (!this._gone.signal.aborted) this._fail(error);
    }
  }

  async _show(answer) {
    if (answer.kind === "video") {
      this._video = new VideoResult(answer, this._gone.signal);
      replace(this._body, this._video.node);
      await this._video.follow((text) => (this._state.textContent = text));
      return;
    }
    const found = answer.plates.length;
    this._state.textContent = found === 1 ? "1 plate" : `${found || "no"} plates`;
    replace(this._body, await pictureResult(answer, this.file));
  }

  _fail(error) {
    this._state.textContent = "was not read";
    replace(
      this._body,
      fault(error, () => this._onAgain()),
    );
  }

  _remove() {
    this._gone.abort();
    this._video?.forget();
    this._onGone();
  }
}
