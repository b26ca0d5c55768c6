// Paths to pages, over the history of the browser.

const ROUTES = [
  [/^\/$/, "live"],
  [/^\/events\/?$/, "events"],
  [/^\/plates\/(?<plate>[^/]+)\/?$/, "plate"],
  [/^\/inside\/?$/, "inside"],
  [/^\/read\/?$/, "read"],
  [/^\/lists\/?$/, "lists"],
  [/^\/system\/?$/, "system"],
  [/^\/login\/?$/, "login"],
];

/** {name, params} of a path's page; null if there is none. */
export function match(path) {
  for (const [pattern, name] of ROUTES) {
    const found = pattern.exec(path);
    if (found) return { name, params: decoded(found.groups ?? {}) };
  }
  return null;
}

function decoded(groups) {
  return Object.fromEntries(Object.entries(groups).map(([key, text]) => [key, plain(text)]));
}

function plain(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // no encoding of anything: the server will say so
  }
}

/** Go to a path of the portal, as a link does. */
export function navigate(path, { instead = false } = {}) {
  if (instead) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  window.dispatchEvent(new Event("navigate"));
}

/** Write what the page shows into its address, without loading it anew. */
export function setQuery(params, { push = false } = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") search.append(name, one);
    }
  }
  const text = search.toString();
  const path = location.pathname + (text ? `?${text}` : "");
  if (push) history.pushState(null, "", path);
  else history.replaceState(null, "", path);
}

/** Have links between pages followed without loading the document anew. */
export function followLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.getAttribute("href").startsWith("#") || !match(link.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
