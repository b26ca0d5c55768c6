// Shows openapi.json: every operation with what it takes and gives. Needs nothing but this file.

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
}

function named(ref) {
  return ref.split("/").at(-1);
}

// A schema in a few words: `list of Record`, `"allow" | "deny"`, `integer ≥ 1 ≤ 500`.
function words(schema) {
  if (!schema || Object.keys(schema).length === 0) return "anything";
  if (schema.$ref) return named(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const several = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (several) return several.map(words).join(" | ");
  if (schema.type === "array") {
    return schema.prefixItems
      ? `[${schema.prefixItems.map(words).join(", ")}]`
      : `list of ${words(schema.items)}`;
  }
  const limits = [
    ["≥", schema.minimum],
    ["≤", schema.maximum],
    [">", schema.exclusiveMinimum],
    ["<", schema.exclusiveMaximum],
  ];
  const told = limits.filter(([, value]) => value !== undefined);
  const kind = schema.format ?? schema.contentMediaType ?? schema.type ?? "anything";
  return [kind, ...told.map(([sign, value]) => `${sign} ${value}`)].join(" ");
}

function table(head, rows) {
  const cells = (row, tag) => row.map((one) => element(tag, {}, one));
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...cells(head, "th"))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row, "td")))),
  );
}

function code(text) {
  return element("code", { textContent: text });
}

// The fields of a schema, and below it those of the schemas that it names; each once.
function fields(schema, schemas, seen = new Set()) {
  const found = [];
  const walk = (one) => {
    if (one === null || typeof one !== "object") return;
    if (one.$ref) {
      const name = named(one.$ref);
      if (seen.has(name)) return;
      seen.add(name);
      const target = schemas[name] ?? {};
      if (target.properties) found.push([name, target]);
      walk(target);
      return;
    }
    Object.values(one).forEach(walk);
  };
  walk(schema);
  return found.map(([name, target]) => {
    const rows = Object.entries(target.properties).map(([key, value]) => [
      code(key),
      words(value),
      value.description ?? "",
    ]);
    const about = element("p", {}, code(name), ` ${target.description ?? ""}`);
    return element("div", {}, about, table(["field", "is", ""], rows));
  });
}

function contents(content, schemas) {
  return Object.entries(content ?? {}).flatMap(([kind, { schema }]) => [
    element("p", {}, code(kind), `: ${words(schema)}`),
    ...fields(schema, schemas),
  ]);
}

function takes(operation, schemas) {
  const parts = [];
  if (operation.parameters?.length) {
    const rows = operation.parameters.map((one) => [
      code(one.name),
      one.in,
      words(one.schema),
      one.description ?? "",
    ]);
    parts.push(element("h3", { textContent: "Parameters" }), table(["name", "in", "is", ""], rows));
  }
  if (operation.requestBody) {
    parts.push(element("h3", { textContent: "Body" }));
    parts.push(...contents(operation.requestBody.content, schemas));
  }
  return parts;
}

function gives(operation, schemas) {
  const statuses = Object.entries(operation.responses);
  const good = statuses.filter(([status]) => status < "400");
  const bad = statuses.filter(([status]) => status >= "400");
  return [
    element("h3", { textContent: "Answers" }),
    ...good.flatMap(([status, answer]) => [
      element("p", {}, element("strong", { textContent: status }), ` ${answer.description}`),
      ...contents(answer.content, schemas),
    ]),
    element("p", {
      className: "soft",
      textContent: `Problems: ${bad.map(([status]) => status).join(", ")}`,
    }),
  ];
}

function operationNode(path, method, operation, schemas) {
  const summary = element(
    "summary",
    {},
    element("strong", { textContent: method.toUpperCase() }),
    code(path),
    element("span", { className: "soft", textContent: ` ${operation.description ?? ""}` }),
  );
  const body = element("div", { className: "body" });
  const node = element("details", {}, summary, body);
  node.addEventListener(
    "toggle",
    () => body.append(...takes(operation, schemas), ...gives(operation, schemas)),
    { once: true },
  );
  return node;
}

function show(api) {
  const groups = new Map();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((one) => operations[one])) {
      const [tag = "other"] = operations[method].tags ?? [];
      if (!groups.has(tag)) groups.set(tag, []);
      groups
        .get(tag)
        .push(operationNode(path, method, operations[method], api.components?.schemas ?? {}));
    }
  }
  const sections = [...groups].map(([tag, nodes]) =>
    element("section", { id: tag }, element("h2", { textContent: tag }), ...nodes),
  );
  const links = [...groups.keys()].map((tag) =>
    element("li", {}, element("a", { href: `#${tag}`, textContent: tag })),
  );
  document.getElementById("contents").replaceChildren(...links);
  document.getElementById("operations").replaceChildren(...sections);
}

try {
  const answer = await fetch("/api/v1/openapi.json");
  if (!answer.ok) throw new Error(`the description cannot be had (${answer.status})`);
  show(await answer.json());
} catch (error) {
  const words = element("p", { textContent: String(error.message ?? error) });
  document.getElementById("operations").replaceChildren(words);
}
