import { get } from "../lib/api.js";
import { h, replace } from "../lib/dom.js";
import { date, duration, time } from "../lib/format.js";
import { keyed } from "../lib/keyed.js";
import { empty, plateLink, toast } from "../lib/ui.js";

const PAGE = 100;
/**
 * Those who are inside are among the sessions too: so many pages are looked at for who has
 * left.
 */
const MOST_PAGES = 5;

const ENDS = {
  exit: "seen leaving",
  missed_exit: "left unseen: it came again",
  lost: "given up: inside for too long to believe",
  by_hand: "ended by hand",
};

/** Sessions that are over. `{node, refresh(), filter(plate)}`. */
export function recentSessions(signal) {
  const body = h("tbody", {});
  const none = h("div", {});
  const more = h("button", { type: "button" }, "Show earlier ones");
  const rows = keyed(body, (one) => one.id, row);
  let sessions = [];
  let wanted = "";
  let complete = false;
  const show = () => {
    const over = sessions.filter((one) => one.ended !== null);
    const found = over.filter((one) => one.plate.includes(wanted));
    rows(found);
    more.hidden = complete;
    none.hidden = found.length > 0;
    table.hidden = found.length === 0;
    replace(none, empty(over.length ? "None of these." : NOBODY));
  };
  const fetched = async (before) => {
    const answer = await get("/parking/sessions", { before, limit: PAGE }, signal);
    return answer.sessions;
  };
  const refresh = async () => {
    const first = await fetched();
    const known = new Set(first.map((one) => one.id));
    if (sessions.length === 0) complete = first.length < PAGE;
    sessions = [...first, ...sessions.filter((one) => !known.has(one.id))];
    if (!sessions.some((one) => one.ended !== null)) await further();
    show();
  };
  const further = async () => {
    for (let page = 0; page < MOST_PAGES && !complete; page += 1) {
      const last = sessions.at(-1);
      const next = await fetched(last.entered_at ?? last.left_at);
      const known = new Set(sessions.map((one) => one.id));
      sessions.push(...next.filter((one) => !known.has(one.id)));
      complete = next.length < PAGE;
      if (next.some((one) => one.ended !== null)) break;
    }
  };
  more.addEventListener("click", async () => {
    try {
      await further();
      show();
    } catch (error) {
      toast(error.message, "bad");
    }
  });
  const table = h("div", { class: "table-scroll", hidden: true }, [
    h("table", { class: "table short" }, [
      h("thead", {}, [
        h(
          "tr",
          {},
          ["Plate", "Stayed", "Entered", "Left", "How"].map((one) =>
            h("th", { scope: "col" }, one),
          ),
        ),
      ]),
      body,
    ]),
  ]);
  const node = h("section", { class: "recent", "aria-labelledby": "inside-recent" }, [
    h("h2", { id: "inside-recent" }, "Gone again"),
    table,
    none,
    more,
  ]);
  return {
    node,
    refresh,
    filter: (plate) => {
      wanted = plate;
      show();
    },
  };
}

const NOBODY =
  "Nobody has left yet. Each vehicle that leaves stands here, with how long it was there.";

function row(one) {
  const cell = (name, ...content) => h("td", { "data-label": name }, content);
  const wide = (name, ...content) => h("td", { class: "wide", "data-label": name }, content);
  const node = h("tr", {}, [
    cell("Plate", plateLink(one.plate)),
    cell("Stayed", one.left_at && one.stay_s !== null ? duration(one.stay_s) : "–"),
    cell(
      "Entered",
      moment(one.entered_at),
      one.entry_camera && h("small", {}, ` ${one.entry_camera}`),
    ),
    cell("Left", moment(one.left_at), one.exit_camera && h("small", {}, ` ${one.exit_camera}`)),
    wide("How", ENDS[one.ended] ?? one.ended),
  ]);
  return { node };
}

function moment(at) {
  return at ? `${date(at)}, ${time(at)}` : "unseen";
}
