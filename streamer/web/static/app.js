// The shell: which page is shown, to whom, and what is the same on all of them.

import { startAlerts } from "./lib/alerts.js";
import { h, replace } from "./lib/dom.js";
import { showMenu, watchMenu } from "./lib/menu.js";
import { followLinks, match, navigate } from "./lib/router.js";
import { mustLogIn, refresh, session } from "./lib/session.js";
import { listen } from "./lib/stream.js";
import { empty, errorBox, skeleton } from "./lib/ui.js";

const main = document.getElementById("main");
let page = new AbortController();

async function show() {
  page.abort();
  page = new AbortController();
  const { signal } = page;
  if (mustLogIn() && location.pathname !== "/login") {
    const back = encodeURIComponent(location.pathname + location.search);
    return navigate(`/login?next=${back}`, { instead: true });
  }
  const route = match(location.pathname);
  mark(route);
  const fresh = document.createElement("div");
  fresh.className = "page";
  // What is there quickly replaces the page before it; else its beginnings are shown, or bars.
  const slow = setTimeout(() => replace(main, fresh.hasChildNodes() ? fresh : skeleton(6)), 120);
  try {
    await render(route, fresh, signal);
    if (!signal.aborted) replace(main, fresh);
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    console.error(error);
    replace(main, errorBox(error, show));
  } finally {
    clearTimeout(slow);
    if (!signal.aborted) main.removeAttribute("aria-busy");
  }
}

async function render(route, fresh, signal) {
  main.setAttribute("aria-busy", "true");
  if (!route) {
    document.title = "Not found · plate-streamer";
    replace(fresh, h("h1", null, "Not found"), empty("There is no such page."));
    return;
  }
  const module = await import(`./pages/${route.name}.js`);
  if (signal.aborted) return;
  document.title = `${titleOf(module, route)} · plate-streamer`;
  main.className = `page-${route.name}`;
  const query = new URLSearchParams(location.search);
  await module.render(fresh, { params: route.params, query, session, signal });
}

function titleOf(module, route) {
  return typeof module.title === "function" ? module.title(route.params) : module.title;
}

/** Which page it is, in the navigation; without somebody logged in there is none. */
function mark(route) {
  document.body.classList.toggle("alone", route?.name === "login");
  for (const link of document.querySelectorAll("#nav a")) {
    const here = link.pathname === location.pathname;
    const below = link.pathname === "/events" && route?.name === "plate";
    if (here) link.setAttribute("aria-current", "page");
    else if (below) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Another page begins at its top, and a reader of the screen is told of it. */
async function move() {
  await show();
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

function findPlates() {
  const form = document.getElementById("find");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const plate = form.elements.plate.value.trim();
    if (plate) navigate(`/events?plate=${encodeURIComponent(plate)}`);
    form.reset();
  });
  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest?.("input, textarea, select, dialog");
    if (event.key !== "/" || writing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    form.elements.plate.focus();
  });
}

/** Says when the line to the server is lost, and takes it back when it is there again. */
function watchLine() {
  const lost = document.getElementById("lost");
  let timer = 0;
  const say = () => {
    lost.textContent = "No connection. What is shown may be old; trying again …";
    lost.hidden = mustLogIn();
  };
  listen({
    open: () => {
      clearTimeout(timer);
      lost.hidden = true;
    },
    closed: () => (timer = setTimeout(say, 1000)),
  });
}

async function start() {
  followLinks();
  watchMenu();
  findPlates();
  window.addEventListener("navigate", move);
  window.addEventListener("popstate", move);
  window.addEventListener("session-changed", admit);
  window.addEventListener("session-lost", lose);
  try {
    await refresh();
  } catch (error) {
    replace(main, errorBox(error, () => location.reload()));
    return;
  }
  await show();
}

let admitted = false;

/** What is only for somebody who may look. */
function admit() {
  showMenu();
  if (admitted || mustLogIn()) return;
  admitted = true;
  watchLine();
  startAlerts();
}

/** The session has ended (by time, or elsewhere). */
async function lose() {
  if (location.pathname === "/login") return;
  await refresh().catch(() => null);
  if (mustLogIn()) await show();
}

start();
