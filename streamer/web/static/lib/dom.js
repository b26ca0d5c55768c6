// Elements without a framework. Styles are set through the CSSOM, as the page's policy wants it.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `props` are class, dataset, style ({name: value}), onEvent functions, properties
 * of the element (value, checked, …) and attributes; null, undefined and false are left out.
 * Children may be nodes, texts, numbers, lists of them, or nothing. */
export function h(tag, props, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function s(tag, props, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value !== null && value !== undefined && value !== false) set(element, name, value);
  }
  element.append(...nodes(children));
  // A select's value can only be one of its options: it is set when they are there.
  if (element.tagName === "SELECT" && props?.value !== undefined) element.value = props.value ?? "";
  return element;
}

function set(element, name, value) {
  if (name === "class") element.setAttribute("class", value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "style") {
    for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
  } else if (name.startsWith("on") && typeof value === "function") {
    element.addEventListener(name.slice(2).toLowerCase(), value);
  } else if (PROPERTIES.has(name)) element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

const PROPERTIES = new Set(["value", "checked", "indeterminate", "textContent", "htmlFor", "open"]);

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/** Put these children in place of those that `node` has. */
export function replace(node, ...children) {
  node.replaceChildren(...nodes(children));
  return node;
}
