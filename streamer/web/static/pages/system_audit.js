import { get } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { date, time } from "../lib/format.js";
import { empty, errorBox } from "../lib/ui.js";

const PAGE = 20;

/** Who changed what. `{node, load()}`. */
export function auditLog(signal) {
  const body = h("tbody", {});
  const below = h("div", {});
  const more = h("button", { type: "button", hidden: true }, "Show earlier ones");
  const table = h(
    "div",
    { class: "table-scroll", hidden: true },
    h(
      "table",
      { class: "table short" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...["When", "Who", "What", "Of", "How"].map((one) => h("th", { scope: "col" }, one)),
        ),
      ),
      body,
    ),
  );
  let last = null;
  const load = async () => {
    try {
      const { changes } = await get("/audit", { limit: PAGE, before: last ?? undefined }, signal);
      body.append(...changes.map(row));
      last = changes.at(-1)?.id ?? last;
      table.hidden = body.childElementCount === 0;
      more.hidden = changes.length < PAGE;
      replace(below, ...(table.hidden ? [empty(NOTHING)] : []));
    } catch (error) {
      if (!signal.aborted) replace(below, errorBox(error));
    }
  };
  more.addEventListener("click", load);
  const node = h(
    "section",
    { "aria-labelledby": "system-audit" },
    h("h2", { id: "system-audit" }, "Changes"),
    table,
    below,
    more,
  );
  return { node, load };
}

const NOTHING =
  "Nobody has changed anything yet. Who pauses a camera, corrects a plate or changes a list is " +
  "written down here.";

function row({ at, by, action, subject, detail }) {
  const cell = (name, content) => h("td", { "data-label": name }, content || "–");
  return h(
    "tr",
    {},
    cell("When", `${date(at)}, ${time(at)}`),
    cell("Who", by),
    cell("What", h("code", {}, action)),
    cell("Of", subject),
    cell("How", detail),
  );
}
