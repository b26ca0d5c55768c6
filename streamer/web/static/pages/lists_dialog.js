import { get, send } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { formDialog } from "../lib/form.js";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const NAMES = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MOMENT = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(.*))?$/;

/** Add an entry (null), or change one. True where it was sent. */
export function entryDialog(list, entry) {
  const from = momentField(entry?.valid_from);
  const until = momentField(entry?.valid_until);
  const days = dayField(entry?.weekdays);
  return formDialog({
    title: entry ? `Change ${entry.plate}` : `Add to “${list}”`,
    lead: entry && "Another plate is another entry: add it, and remove this one.",
    fields: [
      {
        name: "plate",
        label: "Plate",
        hint: "Case, blanks and hyphens do not count; * is any characters or none, ? exactly one.",
        value: entry?.plate ?? "",
        readonly: entry ? true : undefined,
        required: true,
        autocapitalize: "characters",
        autocomplete: "off",
        spellcheck: "false",
      },
      {
        name: "note",
        label: "Note",
        value: entry?.note ?? "",
        hint: "Stands in every event of it.",
      },
      { name: "valid_from", label: "Holds from", ...from },
      {
        name: "valid_until",
        label: "Holds until",
        ...until,
        hint: "Without a time: until the end of the day.",
      },
      { name: "weekdays", label: "On", ...days },
      {
        name: "hours",
        label: "At these hours",
        value: entry?.hours ?? "",
        placeholder: "07:00-19:00",
        hint: "Empty: all day. Several with commas; 22:00-06:00 is the night.",
      },
    ],
    submit: entry ? "Change" : "Add",
    work: async ({ plate, ...rest }) => {
      if (!entry) await refuseKnown(list, plate);
      const body = Object.fromEntries(
        Object.entries(rest).map(([key, text]) => [key, text || null]),
      );
      const place = `/watchlists/${encodeURIComponent(list)}/entries/${encodeURIComponent(plate)}`;
      return send("PUT", place, body);
    },
  });
}

/** What stands there already is not to be lost by adding it once more. */
async function refuseKnown(list, plate) {
  const path = `/watchlists/${encodeURIComponent(list)}/entries`;
  const wanted = plate.toUpperCase().replaceAll(/[^A-Z0-9*?]/g, "");
  const { entries } = await get(path, { search: plate, limit: 100 });
  if (!entries.some((one) => one.plate === wanted && one.origin === "stored")) return;
  throw { errors: [{ field: "plate", detail: "is on the list already: change that entry" }] };
}

/** A day and, if wanted, a time; what else a text has (a time zone) stays with it. */
function momentField(text) {
  const [, day = "", time = "", rest = ""] = MOMENT.exec(text ?? "") ?? [];
  const date = h("input", { type: "date", class: "input", "aria-label": "Day" });
  const clock = h("input", { type: "time", class: "input", "aria-label": "Time" });
  date.value = day;
  clock.value = time;
  const node = h(
    "div",
    { class: "moment", role: "group" },
    date,
    clock,
    rest && h("span", { class: "muted" }, rest),
  );
  const read = () => {
    if (!date.value) return clock.value ? `T${clock.value}` : "";
    return clock.value ? `${date.value}T${clock.value}${rest}` : date.value;
  };
  return { node, read };
}

function dayField(text) {
  const chosen = text ? new Set(text.split(",")) : new Set(DAYS);
  const boxes = DAYS.map((day) => {
    const input = h("input", { type: "checkbox", value: day });
    input.checked = chosen.has(day);
    return input;
  });
  const node = h(
    "div",
    { class: "days", role: "group" },
    ...boxes.map((box, index) =>
      h("label", { class: "weekday" }, box, h("span", {}, NAMES[index])),
    ),
  );
  const read = () => {
    const on = boxes.filter((box) => box.checked).map((box) => box.value);
    if (!on.length) throw { errors: [{ field: "weekdays", detail: "Choose at least one day." }] };
    return on.length === DAYS.length ? "" : on.join(",");
  };
  return { node, read };
}

/** When an entry holds, in words. */
export function holds({ valid_from: from, valid_until: until, weekdays, hours }) {
  const parts = [];
  if (from) parts.push(`from ${moment(from)}`);
  if (until) parts.push(`until ${moment(until)}`);
  if (weekdays) parts.push(dayWords(weekdays));
  if (hours) parts.push(hours.replaceAll("-", "–").replaceAll(",", ", "));
  return parts.length ? parts.join(", ") : "always";
}

function moment(text) {
  return text.replace("T", " ");
}

/** mon,tue,wed as Mon–Wed. */
function dayWords(text) {
  const on = text.split(",").map((day) => DAYS.indexOf(day));
  const runs = [];
  for (const day of on) {
    const run = runs.at(-1);
    if (run && run.at(-1) === day - 1) run.push(day);
    else runs.push([day]);
  }
  return runs
    .map((run) => {
      const names = run.map((day) => NAMES[day]);
      return run.length > 2 ? `${names[0]}–${names.at(-1)}` : names.join(", ");
    })
    .join(", ");
}
