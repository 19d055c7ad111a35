/**
 * Makes the parts of `targets.schema.json` that come from the tables in `src`. The schema's own text is
 * its template: what is generated is replaced, all else stays.
 */
import {
  DEFAULTS_KEYS,
  SETTING_KEYS,
  TARGET_KEYS,
  TOP_KEYS,
} from "../../src/config/target/keys.ts";
import { KNOCK_KEYS } from "../../src/config/target/knocks.ts";
import { DEFAULT_SETTINGS } from "../../src/core/target.ts";
import { PAYLOAD_KINDS } from "../../src/config/value_specs.ts";
import type { ValueSpec } from "../../src/core/value_spec.ts";
import { findProbeKind, PROBE_TYPES, type ProbeKey } from "../../src/probe/kinds.ts";
import { SECRET_KEYS, SECRET_KINDS } from "../../src/secret/kinds.ts";

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
    case "choice":
      return { enum: spec.values };
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

/** Returns the definitions of the settings that a target has where its table does not name them. */
function addDefaults(definitions: Json): Json {
  const rows = Object.entries(SETTING_KEYS).flatMap(([key, { field, write }]) => {
    const setting = DEFAULT_SETTINGS[field];
    if (setting === undefined || setting === "" || Array.isArray(setting)) return [];
    return [[key, { ...definitions[key] as Json, default: write(setting) }] as const];
  });
  return Object.fromEntries(rows);
}

interface Schema {
  properties: Json & {
    defaults: { properties: Json };
    targets: { additionalProperties: { properties: Json } };
  };
  definitions: Json & {
    knock: { anyOf: [Json, Json, { properties: Json }] };
    payload: { anyOf: [Json, { properties: Json }] };
  };
}

/** What is written by hand has to have the keys that the program reads. */
function requireKeys(
  written: Json,
  keys: readonly string[],
  { isExact = true }: { isExact?: boolean } = {},
): void {
  const missing = keys.filter((key) => !(key in written));
  const extra = isExact ? Object.keys(written).filter((key) => !keys.includes(key)) : [];
  if (missing.length + extra.length === 0) return;
  throw new Error(
    `targets.schema.json: missing ${missing.join(", ")}; unknown ${extra.join(", ")}`,
  );
}

/** Returns the schema with its generated parts made anew. */
export function renderSchema(current: string): string {
  const schema: Schema = JSON.parse(current);
  const ref = (key: string) => ({ $ref: `#/definitions/${key}` });
  const isShared = (key: string) => DEFAULTS_KEYS.includes(key) || Object.hasOwn(SETTING_KEYS, key);
  const { defaults, targets } = schema.properties;
  const own = targets.additionalProperties.properties;
  const { knock, payload, ...definitions } = schema.definitions;
  requireKeys(definitions, Object.keys(SETTING_KEYS), { isExact: false });
  requireKeys(schema.properties, TOP_KEYS);
  requireKeys(knock.anyOf[2].properties, KNOCK_KEYS);
  requireKeys(payload.anyOf[1].properties, Object.keys(PAYLOAD_KINDS));
  defaults.properties = Object.fromEntries(DEFAULTS_KEYS.map((key) => [key, ref(key)]));
  targets.additionalProperties.properties = Object.fromEntries(
    TARGET_KEYS.map((key) => [key, isShared(key) ? ref(key) : own[key]]),
  );
  schema.definitions = {
    ...schema.definitions,
    ...addDefaults(definitions),
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
