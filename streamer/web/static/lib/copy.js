import { h } from "./dom.js";
import { toast } from "./ui.js";

/** A button that puts the text that `text()` gives on the clipboard. */
export function copyButton(label, text) {
  const button = h("button", { type: "button", class: "quiet" }, label);
  button.addEventListener("click", async () => {
    try {
      await copy(text());
      toast("Copied", "good");
    } catch {
      toast("The browser does not let pages copy here", "bad");
    }
  });
  return button;
}

/** Without encryption (plain http in a local network) there is no clipboard but the old one. */
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = h("textarea", { readonly: true, class: "visually-hidden" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not copied");
}
