import { empty } from "../lib/ui.js";
import { replace } from "../lib/dom.js";

export const title = "plate";

export async function render(main) {
  replace(main, empty("plate is being built"));
}
