/** `man/spknock-targets.5`: the manual of targets.toml, from targets.schema.json and targets.example.toml. */
import { DEFAULTS_KEYS, TARGET_KEYS } from "../../src/config/target/keys.ts";
import { joinOr } from "../../src/core/text.ts";
import { wrapWords } from "../../src/output/wrap.ts";
import { findProbeKind, PROBE_TYPES } from "../../src/probe/kinds.ts";
import { quoteWord, renderLines, renderPage, renderProse, renderTerms } from "./mdoc.ts";

/** A part of the schema. */
interface Schema {
  $ref?: string;
  description?: string;
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  anyOf?: readonly Schema[];
  required?: readonly string[];
  additionalProperties?: Schema;
  properties?: Readonly<Record<string, Schema>>;
}

type Definitions = Readonly<Record<string, Schema>>;

/** What has a name of its own in the page; the other definitions are told where they are used. */
const FORMS: Readonly<Record<string, { form: string; meaning?: string }>> = {
  port: { form: "number of a port", meaning: "1 to 65535" },
  ports: {
    form: "string of ports",
    meaning: '`"1234/udp"`, or several: `"1234/udp,7000/tcp"`; tcp where no protocol is named',
  },
  services: {
    form: "string of services",
    meaning: '`"22/tcp"`, a range `"60000-61000/udp"`, `"icmp"`, `"all"`, or several with commas',
  },
  duration: {
    form: "duration",
    meaning: 'a string such as `"250ms"`, `"2s"`, `"5m"`, `"1h"`, or a number of milliseconds',
  },
  command: {
    form: "program",
    meaning: 'an array of strings, the program and its arguments: `["pass", "show", "fw/home"]`',
  },
  knock: { form: "knock" },
  secret: { form: "secret" },
  payload: { form: "payload" },
  probe: { form: "probe" },
};

/** Returns the page. */
export function renderTargetsManual(
  { schema, example, date }: { schema: string; example: string; date: string },
): string {
  const { properties = {}, definitions }: Schema & { definitions: Definitions } = JSON.parse(
    schema,
  );
  const target = properties["targets"]?.additionalProperties;
  const renderKeys = (part: Schema | undefined, name: string) =>
    renderTable(part, { definitions, name });
  const findTable = ({ anyOf = [] }: Schema = {}) => anyOf.find(({ type }) => type === "object");
  const own = TARGET_KEYS.filter((key) => !DEFAULTS_KEYS.includes(key)).map((key) => `\`${key}\``);
  const head = { name: "spknock-targets", section: 5, summary: "targets of spknock", date };
  return renderPage(head, {
    SYNOPSIS: [".Pa \\(ti/.config/spknock/targets.toml"],
    DESCRIPTION: [
      renderProse(
        "The file of targets is TOML: a table for each door, with the knocks that open it. " +
          "`spknock add`, `edit`, `rename` and `remove` write it and keep every other byte. " +
          "Every mistake is reported with its line, all of them in one run, and nothing is sent. " +
          "A file that holds a payload or its hash must be readable by its owner only (mode 0600). " +
          "A file that makes spknock run programs, or read files or variables, is refused where " +
          "another user can change it; `--trust-config` uses it all the same.",
      ),
      ".Pp",
      "Forms of values:",
      renderTerms(
        Object.values(FORMS).flatMap(({ form, meaning }) =>
          meaning === undefined ? [] : [{ head: `Em ${form}`, text: renderProse(meaning) }]
        ),
      ),
    ],
    TABLES: [
      ".Ss The top of the file",
      renderKeys({ properties }, "the file"),
      ".Ss [targets.NAME]",
      renderProse(
        "NAME begins with a letter, and has at most 64 letters, digits, `-` and `_`. " +
          "A target needs `host`, and `knocks`, `one_time` or `fwknop`.",
      ),
      renderKeys(target, "a target"),
      ".Ss [defaults]",
      renderProse(
        `All keys of a target but ${joinOr(own).replace(/ or (?=[^ ]*$)/, " and ")}: for each ` +
          "target that does not have the key itself.",
      ),
      ".Ss A knock",
      renderProse(
        'A number of a port, a string of ports, or a table: `{ port = 9000, protocol = "udp" }`. ' +
          "`port` is required, except for an echo request, which needs `size` or `payload`.",
      ),
      renderKeys(findTable(definitions["knock"]), "a knock"),
      ".Ss A secret",
      renderProse(
        '`"prompt"` (where `secret` is missing), `"none"`, or a table with one of these keys. ' +
          "In `file` and `command`, `{target}`, `{host}` and `{port}` are filled in.",
      ),
      renderKeys(findTable(definitions["secret"]), "a secret"),
      ".Ss A payload",
      renderProse('`"none"`, or a table with one of these keys.'),
      renderKeys(findTable(definitions["payload"]), "a payload"),
      ".Ss A probe",
      renderProse(
        "A string as `--probe` takes it, or a table with `type`, one of these, and its keys. " +
          "The name of a plug-in is a type, too.",
      ),
      renderProbes(definitions),
      ...["rolling", "fwknop", "close", "connect"].flatMap((key) => {
        const part = definitions[key] ?? target?.properties?.[key];
        return [`.Ss [targets.NAME.${key}]`, renderKeys(part, key)];
      }),
      ".Ss [[targets.NAME.after]]",
      renderKeys(definitions["after"]?.items, "after"),
      ".Ss [plugins.NAME]",
      renderKeys(properties["plugins"]?.additionalProperties, "a plug-in"),
      ".Pp",
      renderProse(
        "All other keys are handed to the program, which gets the target as JSON on stdin. " +
          "Exit code 0 is open.",
      ),
    ],
    FILES: [renderTerms(FILES.map(([path, text]) => ({ head: `Pa ${quoteWord(path)}`, text })))],
    EXAMPLES: [renderLines(fitLines(example.trimEnd().split("\n")))],
    "SEE ALSO": [".Xr spknock 1"],
  });
}

const FILES: readonly (readonly [path: string, text: string])[] = [
  ["~/.config/spknock/targets.toml", "on Linux and macOS"],
  [
    "$XDG_CONFIG_HOME/spknock/targets.toml",
    "where\n.Ev XDG_CONFIG_HOME\nis set",
  ],
  ["%APPDATA%\\spknock\\targets.toml", "on Windows"],
  ["$SPKNOCK_CONFIG", renderProse("another file, before all of these; `--config` comes first")],
];

/** Returns the keys of a table with their form and meaning; each has to have a description. */
function renderTable(
  part: Schema | undefined,
  { definitions, name }: { definitions: Definitions; name: string },
): string {
  const rows = Object.entries(part?.properties ?? {}).map(([key, value]) => {
    const { description, default: fallback } = { ...resolve(value, definitions), ...value };
    if (description === undefined) {
      throw new Error(`targets.schema.json: ${key} of ${name} has no description`);
    }
    const notes = [
      describeForm(value, definitions),
      ...(part?.required?.includes(key) ? ["required"] : []),
      ...(fallback === undefined ? [] : [`default: ${JSON.stringify(fallback)}`]),
    ];
    return { head: renderHead(key, notes), text: renderProse(description) };
  });
  if (rows.length === 0) throw new Error(`targets.schema.json: no keys of ${name}`);
  return renderTerms(rows);
}

function renderHead(key: string, notes: readonly string[]): string {
  const words = notes.join("; ").split(" ").map(quoteWord);
  return `Ic ${quoteWord(key)} Pq ${words.join(" ")}`;
}

function renderProbes(definitions: Definitions): string {
  const rows = PROBE_TYPES.map((type) => {
    const { forms = [], keys = [], summary = "" } = findProbeKind(type) ?? {};
    const part = definitions["probe"]?.anyOf?.find((each) =>
      each.properties?.["type"]?.const === type
    );
    const texts = keys.map(({ field, names, isRequired, default: fallback }) => {
      const [key = field, ...others] = names ?? [];
      const form = describeForm(part?.properties?.[key] ?? {}, definitions);
      const notes = [
        form,
        ...others.map((other) => `or \`${other}\``),
        ...(isRequired ? ["required"] : []),
        ...(fallback === undefined ? [] : [`default: ${fallback}`]),
      ];
      return `\`${key}\` (${notes.join("; ")})`;
    });
    const shown = texts.length === 0 ? "" : ` Keys: ${texts.join(", ")}.`;
    const text = forms.length === 0
      ? ""
      : ` As text: ${joinOr(forms.map((form) => `\`${form}\``))}.`;
    return { head: `Ic ${type}`, text: renderProse(`${summary}.${text}${shown}`) };
  });
  return renderTerms(rows);
}

function nameReference({ $ref = "" }: Schema): string {
  return $ref.slice("#/definitions/".length);
}

function resolve(part: Schema, definitions: Definitions): Schema {
  return part.$ref === undefined ? part : definitions[nameReference(part)] ?? {};
}

/** Says in words which values a part of the schema takes. */
function describeForm(part: Schema, definitions: Definitions): string {
  const named = FORMS[nameReference(part)];
  if (named !== undefined) return named.form;
  if (part.$ref !== undefined) return describeForm(resolve(part, definitions), definitions);
  const alternatives = part.anyOf ?? ("oneOf" in part ? part.oneOf as Schema[] : undefined);
  if (part.const !== undefined) return JSON.stringify(part.const);
  if (part.enum !== undefined) return joinOr(part.enum.map((value) => JSON.stringify(value)));
  if (part.type === "object") return "table";
  if (part.type === "array") return `array: ${describeForm(part.items ?? {}, definitions)}`;
  if (part.type === "integer") return `${part.minimum} to ${part.maximum}`;
  if (part.type === "string") return "string";
  if (alternatives !== undefined) {
    return joinOr(alternatives.map((each) => describeForm(each, definitions)));
  }
  return "date";
}

/** Of the example. */
const EXAMPLE_WIDTH = 72;

/** Returns the lines of a TOML file with long comments wrapped, and above what they are about. */
function fitLines(lines: readonly string[]): string[] {
  return joinComments(lines).flatMap((line) => {
    if (line.length <= EXAMPLE_WIDTH) return [line];
    // A line of TOML may itself be a comment, for the reader to take out.
    const [, code, comment] = /^((?:# (?=\w+ = ))?.*?)\s*(?<!\S)# (.*)$/.exec(line) ?? [];
    if (code === undefined || comment === undefined) return [line];
    const wrapped = wrapWords(comment, { width: EXAMPLE_WIDTH - 2 }).map((text) => `# ${text}`);
    return code === "" ? wrapped : [...wrapped, code];
  });
}

/** Joins the lines of each comment that has several. */
function joinComments(lines: readonly string[]): string[] {
  const joined: string[] = [];
  for (const line of lines) {
    const last = joined.at(-1) ?? "";
    if (/^# (?!\w+ = )/.test(last) && line.startsWith("# ")) {
      joined[joined.length - 1] = `${last} ${line.slice(2)}`;
    } else joined.push(line);
  }
  return joined;
}
