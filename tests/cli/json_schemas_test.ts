/** The schemas in docs/schemas allow what is printed, and nothing else: real values, changed in one place. */
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { checkJson, findSchema, loadSchema } from "../json_schemas.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World } from "./harness.ts";

const TARGETS = `[targets.home]
host = "192.0.2.1"
knocks = ["7000/udp", "8000/udp", "9000/udp"]
secret = { env = "PHRASE" }
opens = ["22/tcp"]
probes = ["tcp:22"]
tags = ["family"]

[targets.plain]
host = "192.0.2.1"
knocks = ["7000/tcp", "9000/tcp", "8000/tcp"]
opens = ["22/tcp"]
`;

type Json = Record<string, unknown> | unknown[];

/** Every object and list of a value, with the path to it. */
function* walk(value: unknown, path: string): Generator<[path: string, part: Json]> {
  if (typeof value !== "object" || value === null) return;
  yield [path, value as Json];
  for (const [key, part] of Object.entries(value)) yield* walk(part, `${path}/${key}`);
}

/** Changes a value in one place, asks, and changes it back. */
function isAllowed(
  change: (part: Record<string, unknown>) => void,
  part: Json,
  ask: () => boolean,
) {
  const record = part as Record<string, unknown>;
  const before = { ...record };
  change(record);
  try {
    return ask();
  } finally {
    for (const key of Object.keys(record)) delete record[key];
    Object.assign(record, before);
  }
}

table("a schema refuses a real value with one change", {
  "list": "list",
  "show": "show home",
  "knock": "knock home",
  "knock --dry-run": "knock home -n",
  "rules": "rules plain --for nftables",
  "rules --prove": "rules plain --prove",
  "export": "export home --as toml",
  "ssh-config": "ssh-config home",
  "doctor": "doctor home",
  "edit": "edit plain --delay 50ms",
  "one-time": "one-time generate --count 2",
  "--version": "--version",
  "--help": "--help",
  "an error": "knock nobody",
}, async (line) => {
  await using world = new World({ open: [22], env: { PHRASE: "a long passphrase" } });
  await world.write(TARGETS);
  const argv = [...line.split(" "), "--json"];
  const ended = await world.run(...argv);
  const isError = ended.stdout === "";
  const value = isError ? { error: errorOf(ended) } : valueOf(ended);
  const check = await loadSchema(isError ? "error" : findSchema(argv) ?? "");
  const ask = () => check(value);
  assertEquals(ask(), true);
  const missed: string[] = [];
  for (const [path, part] of walk(value, "")) {
    for (const key of Object.keys(part)) {
      const isTaken = isAllowed((part) => part[key] = { of: "another kind" }, part, ask);
      if (isTaken) missed.push(`${path}/${key} can be anything`);
    }
    if (Array.isArray(part)) continue;
    if (isAllowed((part) => part.new_key = 1, part, ask)) missed.push(`${path} takes any key`);
    const required = Object.keys(part).filter((key) =>
      !isAllowed((part) => delete part[key], part, ask)
    );
    assertNotEquals(required, [], `${path} needs no key`);
  }
  assertEquals(missed, []);
  assertEquals(ask(), true);
});

Deno.test("a run with --json fails its test where the schema does not allow its value", async () => {
  const good = JSON.stringify({ hash: "0".repeat(64) });
  await checkJson(["hash", "--json"], { stdout: good, stderr: "" });
  await checkJson(["hash"], { stdout: "no JSON", stderr: "" });
  const bad = JSON.stringify({ hash: "0".repeat(64), more: 1 });
  const error = JSON.stringify({ error: { code: "unheard_of", message: "", hint: null } });
  for (const printed of [{ stdout: bad, stderr: "" }, { stdout: "", stderr: error }]) {
    await assertRejects(() => checkJson(["hash", "--json"], printed), Error, "does not allow");
  }
});
