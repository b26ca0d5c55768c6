// Style sheets that only some pages need.

const loaded = new Map();

/** Have the sheets `css/NAME.css` there before anything is shown that needs them. */
export function styles(...names) {
  return Promise.all(
    names.map((name) => {
      if (!loaded.has(name)) loaded.set(name, load(`/css/${name}.css`));
      return loaded.get(name);
    }),
  );
}

/** A page without its style is better than none: it never fails. */
function load(href) {
  return new Promise((resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    link.addEventListener("load", resolve);
    link.addEventListener("error", resolve);
    document.head.append(link);
  });
}
