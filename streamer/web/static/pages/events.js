import { empty } from "../lib/ui.js";
import { replace } from "../lib/dom.js";

export const title = "events";

export async function render(main) {
  replace(main, empty("events is being built"));
}
