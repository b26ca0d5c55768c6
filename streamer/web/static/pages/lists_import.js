import { upload } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { dropZone } from "../lib/drop.js";
import { bytes } from "../lib/format.js";
import { formDialog } from "../lib/form.js";

/** Asks for a table and puts it on a list. The API's answer, or null where nothing was done. */
export function importDialog(name) {
  let file = null;
  const chosen = h("p", { class: "muted", role: "status" }, "No file is chosen yet.");
  const zone = dropZone({
    lead: "Drop a table (CSV) here",
    accept: ".csv,text/csv,text/plain",
    onFiles: ([one]) => {
      file = one;
      chosen.textContent = `${one.name}, ${bytes(one.size)}`;
    },
  });
  const modes = h(
    "div",
    { class: "radios", role: "radiogroup" },
    radio("add", "Add to what is on the list", true),
    radio("replace", "Replace all that was added here", false),
  );
  const table = h("div", { class: "import-file", role: "group" }, zone, chosen);
  return formDialog({
    title: `Import into “${name}”`,
    lead:
      "The first row names the columns: plate, note, valid_from, valid_until, weekdays, hours. " +
      "All " +
      "rows are taken, or, where one is faulty, none.",
    fields: [
      { name: "file", label: "Table", node: table, read: () => file },
      {
        name: "replace",
        label: "What happens to the list",
        node: modes,
        read: () => modes.querySelector("input:checked").value === "replace",
        hint: "What stands in the configuration or in the list's file stays in any case.",
      },
    ],
    submit: "Import",
    work: async ({ file: one, replace: clear }) => {
      if (!one) throw { errors: [{ field: "file", detail: "Choose a file first." }] };
      const place = `/watchlists/${encodeURIComponent(name)}/import?replace=${clear}`;
      try {
        return await upload(place, one);
      } catch (error) {
        throw { errors: error.errors?.length ? error.errors.map(atLine) : [atLine(error)] };
      }
    },
  });
}

function radio(value, text, checked) {
  const input = h("input", { type: "radio", name: "mode", value });
  input.checked = checked;
  return h("label", { class: "radio" }, input, text);
}

/** `body:3` is line 3 of the table. */
function atLine({ field = "", detail }) {
  const line = /^body:(\d+)/.exec(field)?.[1];
  return { field: "", detail: line ? `Line ${line}: ${detail}` : detail };
}
