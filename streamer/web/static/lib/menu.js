// The menu of the shell: who is logged in, the theme, alerts, logging out.

import { alertsOn, setAlerts } from "./alerts.js";
import { h, replace } from "./dom.js";
import { navigate } from "./router.js";
import { logOut, session } from "./session.js";
import { icon } from "./ui.js";

const THEMES = { system: "As the system", light: "Light", dark: "Dark" };

/** Fill it for the session as it is now. */
export function showMenu() {
  document.getElementById("who").textContent = session.login_required ? (session.user ?? "") : "";
  replace(document.getElementById("menu-body"), whoIs(), themes(), alerts(),
    h("div", { class: "menu-links" }, h("a", { href: "/docs" }, "The API"), leave()),
    h("p", { class: "menu-version" }, `plate-streamer ${session.version}`));
}

/** It closes by Escape and by a click beside it. */
export function watchMenu() {
  const menu = document.getElementById("menu");
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  window.addEventListener("navigate", () => (menu.open = false));
}

function whoIs() {
  if (!session.user) return null;
  return h("p", { class: "menu-who" }, h("strong", null, session.user), ` (${session.role})`);
}

function themes() {
  const chosen = localStorage.getItem("theme") ?? "system";
  return h("fieldset", { class: "segments" }, h("legend", null, "Colours"),
    Object.entries(THEMES).map(([name, label]) => h("label", null,
      h("input", { type: "radio", name: "theme", value: name, checked: name === chosen,
        onchange: () => setTheme(name) }),
      h("span", null, label))));
}

function setTheme(name) {
  localStorage.setItem("theme", name);
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}

function alerts() {
  return h("label", { class: "check" },
    h("input", { type: "checkbox", checked: alertsOn(),
      onchange: (event) => setAlerts(event.target.checked) }),
    h("span", null, "Sound and flashing title when a denied or notified plate comes"));
}

function leave() {
  if (!session.login_required || !session.user) return null;
  const out = async () => {
    await logOut();
    navigate("/login");
  };
  return h("button", { type: "button", onclick: out }, icon("logout"), "Log out");
}
