import { empty } from "../lib/ui.js";
import { replace } from "../lib/dom.js";

export const title = "live";

export async function render(main) {
  replace(main, empty("live is being built"));
}
