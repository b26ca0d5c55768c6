import { empty } from "../lib/ui.js";
import { replace } from "../lib/dom.js";

export const title = "login";

export async function render(main) {
  replace(main, empty("login is being built"));
}
