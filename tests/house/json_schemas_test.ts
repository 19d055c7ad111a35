/** docs/schemas: one for each command, closed, described, and with every code that the program has. */
import { assertEquals } from "@std/assert";
import { COMMANDS } from "../../src/cli/command_table.ts";
import { loadSchema, readSchema, SCHEMAS } from "../json_schemas.ts";
import { readSources } from "./source.ts";

const NAMES = Array.from(Deno.readDirSync(SCHEMAS), ({ name }) => name)
  .filter((name) => name.endsWith(".json")).map((name) => name.replace(/\.json$/, "")).sort();

/** Besides those of the commands. */
const OTHERS = ["common", "error", "help", "version"];

/** A part of a schema, and where it is. */
interface Part {
  path: string;
  schema: Record<string, unknown>;
}

function* walk(value: unknown, path: string): Generator<Part> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield { path, schema: value as Record<string, unknown> };
  for (const [key, part] of Object.entries(value)) yield* walk(part, `${path}/${key}`);
}

async function listParts(): Promise<Part[]> {
  const schemas = await Promise.all(
    NAMES.map(async (name) => [...walk(await readSchema(name), name)]),
  );
  return schemas.flat();
}

Deno.test("docs/schemas: one for each command", async () => {
  assertEquals(NAMES, [...OTHERS, ...COMMANDS.map(({ name }) => name)].sort());
  for (const name of NAMES.filter((name) => name !== "common")) await loadSchema(name);
});

Deno.test("docs/schemas: every object is closed, and says what it is", async () => {
  const objects = (await listParts()).filter(({ schema }) => schema.type === "object");
  const open = objects.filter(({ schema }) =>
    schema.additionalProperties !== false || typeof schema.description !== "string"
  );
  assertEquals(open.map(({ path }) => path), []);
});

Deno.test("docs/schemas: every key is described, milliseconds by their unit", async () => {
  const keys = (await listParts()).filter(({ path }) => path.split("/").at(-2) === "properties");
  const mute = keys.filter(({ schema }) =>
    typeof schema.description !== "string" && typeof schema.$ref !== "string"
  );
  assertEquals(mute.map(({ path }) => path), []);
  const times = keys.filter(({ path }) => /[/_]ms$/.test(path));
  const unitless = times.filter(({ schema }) =>
    !`${schema.description}`.startsWith("Milliseconds")
  );
  assertEquals(unitless.map(({ path }) => path), []);
});

Deno.test("docs/schemas: every code of the program is in a list of codes", async () => {
  const known = new Set(
    (await listParts()).filter(({ path }) => path.endsWith("/code")).flatMap(({ schema }) =>
      (schema.enum ?? []) as string[]
    ),
  );
  const codes = (await readSources(["src"])).flatMap(({ path, text }) => {
    const found = [...text.matchAll(/\bcode: "([a-z][\w-]*)"/g)];
    // The rows of the doctor's tables.
    const rows = /src\/doctor\/causes/.test(path)
      ? text.matchAll(/^ {2}\["(\w+)"|^ {4}"(\w+)",$/gm)
      : [];
    return [...found, ...rows].map(([, one, other]) => one ?? other ?? "");
  });
  assertEquals([...new Set(codes)].filter((code) => !known.has(code)), []);
});
