/** What `--json` prints, held against the schemas in docs/schemas: every run of a test goes through here. */
import { COMMANDS } from "../src/cli/command_table.ts";
import type { ValidateFunction } from "ajv/2020";

/** Where the schemas are. */
export const SCHEMAS: URL = new URL("../docs/schemas/", import.meta.url);

/** The schema of the error on stderr. */
const ERROR = "error";

/** What a run printed. */
interface Printed {
  stdout: string;
  stderr: string;
}

/** Returns the name of the schema that a command line with `--json` prints by; undefined for another one. */
export function findSchema(argv: readonly string[]): string | undefined {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  if (!own.includes("--json")) return undefined;
  const has = (...names: string[]) => own.some((word) => names.includes(word));
  const name = own.find((word) => word === "help" || COMMANDS.some((row) => row.name === word));
  if (has("--version", "-V")) return "version";
  return has("--help", "-h") || name === "help" ? "help" : name;
}

/** Throws where a run with `--json` printed what its schema does not allow. */
export async function checkJson(
  argv: readonly string[],
  { stdout, stderr }: Printed,
): Promise<void> {
  const name = findSchema(argv);
  if (name === undefined) return;
  for (const value of parseValues(name, stdout)) await assertValid(name, value);
  if (stderr.startsWith('{"error"')) await assertValid(ERROR, JSON.parse(stderr));
}

/** `keep` prints a value a line; `connect` and the command after `--` print what is not ours. */
function parseValues(name: string, stdout: string): unknown[] {
  const texts = name === "keep"
    ? stdout.split("\n").filter((line) => line.startsWith('{"event"'))
    : [stdout];
  return texts.filter((text) => text.startsWith("{") || text.startsWith("[")).map((text) =>
    JSON.parse(text)
  );
}

/** Throws where a schema does not allow a value. */
export async function assertValid(name: string, value: unknown): Promise<void> {
  const check = await loadSchema(name);
  if (check(value)) return;
  const mistakes = (check.errors ?? []).map(({ instancePath, message, params }) =>
    `  ${instancePath || "/"} ${message} ${JSON.stringify(params)}`
  );
  throw new Error(
    `docs/schemas/${name}.json does not allow what --json printed:\n` +
      `${mistakes.join("\n")}\n${JSON.stringify(value, null, 2)}`,
  );
}

const compiled = new Map<string, Promise<ValidateFunction>>();

/** Returns the check of a schema; compiled once. */
export function loadSchema(name: string): Promise<ValidateFunction> {
  const known = compiled.get(name) ?? compile(name);
  compiled.set(name, known);
  return known;
}

let ajv: Promise<import("ajv/2020").Ajv2020> | undefined;

async function makeAjv() {
  const { Ajv2020 } = await import("ajv/2020");
  const made = new Ajv2020({ allErrors: true, allowUnionTypes: true, strictTypes: true });
  made.addSchema(await readSchema("common"));
  return made;
}

async function compile(name: string): Promise<ValidateFunction> {
  ajv ??= makeAjv();
  return (await ajv).compile(await readSchema(name));
}

/** Returns a schema. */
export async function readSchema(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(new URL(`${name}.json`, SCHEMAS)));
}
