/**
 * Makes what people and editors read of the tables in `src`: `targets.schema.json` and two tables in the
 * README. Run it after a change of a table; a test compares.
 *
 *   deno task schema
 *
 * The schema's own text is its template: what is generated is replaced, all else stays.
 */
import { DEFAULTS_KEYS, SETTING_KEYS, TARGET_KEYS } from "../src/config/keys.ts";
import type { ValueSpec } from "../src/core/value_spec.ts";
import { findProbeKind, PROBE_TYPES, type ProbeKey } from "../src/probe/kinds.ts";
import { SECRET_KEYS, SECRET_KINDS } from "../src/secret/kinds.ts";

const ROOT = new URL("../", import.meta.url);
const WIDTH = 100;

type Json = Readonly<Record<string, unknown>>;

/** Returns the JSON schema of a value. */
function renderValueSpec(spec: ValueSpec): Json {
  switch (spec.type) {
    case "port":
      return { $ref: "#/definitions/port" };
    case "integer":
      return { type: "integer", minimum: spec.min, maximum: spec.max };
    case "web-address":
      return { type: "string", pattern: "^[hH][tT][tT][pP][sS]?://" };
    case "command":
      return { $ref: "#/definitions/command" };
    case "path":
      return { type: "string", minLength: 1 };
    case "payload":
      return { $ref: "#/definitions/payload" };
    case "true":
      return { const: true };
    case "pattern":
      return { type: "string", pattern: spec.pattern.source };
  }
}

function makeSecretSchema(): Json {
  const words = SECRET_KEYS.flatMap((key) => SECRET_KINDS[key].word ?? []);
  return {
    description: "where the passphrases of udp knocks come from",
    anyOf: [{ enum: [...words, "none"] }, {
      type: "object",
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      properties: Object.fromEntries(
        SECRET_KEYS.map((key) => {
          const { summary, value } = SECRET_KINDS[key];
          return [key, { description: summary, ...renderValueSpec(value) }];
        }),
      ),
    }],
  };
}

const listNames = ({ field, names }: ProbeKey): readonly string[] => names ?? [field];

function makeProbeSchema(): Json {
  const kinds = PROBE_TYPES.map((type) => {
    const { summary, keys = [] } = findProbeKind(type) ?? {};
    const required = keys.filter(({ isRequired, names }) => isRequired && names === undefined);
    const either = keys.filter(({ isRequired, names }) => isRequired && names !== undefined);
    return {
      description: summary,
      type: "object",
      required: ["type", ...required.flatMap(listNames)],
      ...(either[0] && { oneOf: listNames(either[0]).map((name) => ({ required: [name] })) }),
      additionalProperties: false,
      properties: {
        type: { const: type },
        ...Object.fromEntries(
          keys.flatMap((key) => listNames(key).map((name) => [name, renderValueSpec(key.value)])),
        ),
      },
    };
  });
  const plugin = {
    description: "a plug-in; all its other keys are handed to the program",
    type: "object",
    required: ["type"],
    properties: {
      type: { type: "string", not: { enum: PROBE_TYPES } },
      port: { $ref: "#/definitions/port" },
    },
  };
  return { anyOf: [{ type: "string" }, ...kinds, plugin] };
}

interface Schema {
  properties: Json & {
    defaults: { properties: Json };
    targets: { additionalProperties: { properties: Json } };
  };
  definitions: Json;
}

/** Returns the schema with its generated parts made anew. */
function renderSchema(current: string): string {
  const schema: Schema = JSON.parse(current);
  const ref = (key: string) => ({ $ref: `#/definitions/${key}` });
  const { defaults, targets } = schema.properties;
  const own = targets.additionalProperties.properties;
  const missing = Object.keys(SETTING_KEYS).filter((key) => !(key in schema.definitions));
  if (missing.length > 0) throw new Error(`define in targets.schema.json: ${missing.join(", ")}`);
  defaults.properties = Object.fromEntries(DEFAULTS_KEYS.map((key) => [key, ref(key)]));
  targets.additionalProperties.properties = Object.fromEntries(
    TARGET_KEYS.map((key) => [key, DEFAULTS_KEYS.includes(key) ? ref(key) : own[key]]),
  );
  schema.definitions = {
    ...schema.definitions,
    secret: makeSecretSchema(),
    probe: makeProbeSchema(),
  };
  return `${renderJson(schema, "")}\n`;
}

/** JSON as `deno fmt` leaves it: what fits stays on its line. */
function renderJson(value: unknown, indent: string, used = 0): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const isArray = Array.isArray(value);
  const [open, close] = isArray ? ["[", "]"] : ["{", "}"];
  const items = Object.entries(value).map(([key, item]) => {
    const name = isArray ? "" : `${JSON.stringify(key)}: `;
    return [name, item] as const;
  });
  const pad = isArray || items.length === 0 ? "" : " ";
  const flat = items.map(([name, item]) => name + renderFlat(item)).join(", ");
  const line = `${open}${pad}${flat}${pad}${close}`;
  if (indent.length + used + line.length + 1 <= WIDTH) return line;
  const deeper = `${indent}  `;
  const lines = items.map(([name, item]) => deeper + name + renderJson(item, deeper, name.length));
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

function renderFlat(value: unknown): string {
  return renderJson(value, "", -Infinity);
}

/** Returns the README with its tables made anew. */
function renderReadme(current: string): string {
  const tables: Record<string, string> = { secrets: listSecrets(), probes: listProbes() };
  return current.replace(
    /<!-- (\w+): deno task schema -->\n[^]*?<!-- end -->/g,
    (_, name: string) => `<!-- ${name}: deno task schema -->\n${tables[name]}<!-- end -->`,
  );
}

function listSecrets(): string {
  const rows = SECRET_KEYS.map((key) => {
    const { example, form, summary } = SECRET_KINDS[key];
    const option = form === undefined ? "" : `\`${form}\``;
    return [`\`{ ${key} = ${example} }\``, option, summary];
  });
  return renderTable(["table", "`--secret`", "the passphrase is"], rows);
}

function listProbes(): string {
  const rows = PROBE_TYPES.map((type) => {
    const { forms = [], keys = [], summary = "" } = findProbeKind(type) ?? {};
    const shown = keys.map((key) => {
      const fallback = key.default === undefined ? "" : ` (${key.default})`;
      return `\`${listNames(key)[0]}\`${key.isRequired ? "" : fallback || " (optional)"}`;
    });
    const texts = forms.map((form) => `\`${form}\``);
    return [`\`${type}\``, texts.join(", "), shown.join(", "), summary];
  });
  return renderTable(["type", "as text", "keys", "what it asks"], rows);
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

/** The files that are made, by how. */
export const GENERATED: Readonly<Record<string, (current: string) => string>> = {
  "targets.schema.json": renderSchema,
  "README.md": renderReadme,
};

if (import.meta.main) {
  for (const [file, render] of Object.entries(GENERATED)) {
    const path = new URL(file, ROOT);
    await Deno.writeTextFile(path, render(await Deno.readTextFile(path)));
  }
}
