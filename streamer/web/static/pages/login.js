// Logging in.

import { h, replace } from "../lib/dom.js";
import { match, navigate } from "../lib/router.js";
import { logIn, mustLogIn } from "../lib/session.js";
import { field } from "../lib/ui.js";

export const title = "Log in";

export async function render(main, { query }) {
  const next = ours(query.get("next"));
  if (!mustLogIn()) return navigate(next, { instead: true });
  const fault = h("p", { class: "fault", role: "alert" });
  const button = h("button", { type: "submit", class: "primary" }, "Log in");
  const form = h("form", { class: "login card", onsubmit: submit },
    h("h1", null, "Log in"),
    field("Name", h("input", { name: "name", autocomplete: "username", required: true,
      autofocus: true, autocapitalize: "none", spellcheck: "false", maxlength: 100 })),
    field("Password", h("input", { name: "password", type: "password", required: true,
      autocomplete: "current-password", maxlength: 1000 })),
    fault, button);
  replace(main, form);
  setTimeout(() => form.elements.name.focus());

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    replace(fault);
    try {
      await logIn(form.elements.name.value, form.elements.password.value);
      navigate(next, { instead: true });
    } catch (error) {
      replace(fault, error.message);
      form.elements.password.select();
    } finally {
      button.disabled = false;
    }
  }
}

/** Only to a page of the portal: an address from outside may say anything. */
function ours(next) {
  const page = next && new URL(next, location.origin);
  if (!page || page.origin !== location.origin || page.pathname === "/login") return "/";
  return match(page.pathname) ? page.pathname + page.search : "/";
}
