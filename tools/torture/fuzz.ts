/**
 * Reads mutated files: each is read or refused with an error of ours, both readers agree on it, no refusal
 * repeats a passphrase, and edits of what is right leave the other targets as they were.
 */
import { changeTargets, removeTarget, renameTarget } from "../../src/config/edit.ts";
import { parseConfig } from "../../src/config/read.ts";
import { readDocument } from "../../src/config/read_document.ts";
import type { Config } from "../../src/config/schema.ts";
import { parsePlainToml } from "../../src/config/toml/plain.ts";
import { readToml } from "../../src/config/toml/read.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { MARKER, mutate } from "./mutate.ts";
import { makeRandom } from "./random.ts";
import { requireRule, type Torture } from "./torture.ts";

const FILE = { file: "targets.toml" };
const PLAIN = `#:schema ./targets.schema.json
version = 1
[defaults]
delay = "50ms" # quick

# The house.
[targets.home]
host = "fw.example.com"
knocks = [
  "1234/udp", # first
  { port = 2, protocol = "udp", secret = { env = "FW" } },
]
secret = { command = ["pass", "${MARKER}"] }

[[targets.home.probes]]
type = "tcp"
port = 22

[targets.office]
host = '192.0.2.1'
knocks = [7000, "7001/tcp"]
probes = ["ssh", { type = "ping" }]
tags = ["a", "b"]
opens = [22, "443, 53/udp"]
`;

/** Other ways to write targets. */
const DOTTED = `${PLAIN}[targets]
lab = { host = "h", knocks = [1] }
far.host = "::1"
far.knocks = ["1/udp"]
`;

/** The torture. */
export const fuzz: Torture = {
  summary: "mutated TOML, read and edited",
  count: 100_000,
  async run(count, { seed: first }) {
    const tally: Tally = { read: 0, plain: 0, edits: 0, refused: 0 };
    for (let seed = first; seed < first + count; seed++) {
      try {
        await readConfiguration(seed, tally);
      } catch (cause) {
        throw new Error(`seed ${seed}: ${cause}`, { cause });
      }
    }
    const { read, plain, edits, refused } = tally;
    return `${count} files: ${plain} plain, ${read} read, ${refused} refused, ${edits} edits`;
  },
};

type Tally = Record<"read" | "plain" | "edits" | "refused", number>;

async function readConfiguration(seed: number, tally: Tally): Promise<void> {
  const text = mutate(seed % 2 === 0 ? PLAIN : DOTTED, seed);
  const reading = readToml(text);
  const quick = parsePlainToml(text);
  if (quick !== undefined) {
    tally.plain++;
    const slow = "value" in reading ? reading.value : undefined;
    requireRule(render(quick) === render(slow), seed, "the quick way reads something else");
  }
  try {
    const config = await parseConfig(text, FILE);
    tally.read++;
    tally.edits += tryEdits(text, config, seed);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    tally.refused++;
    // The names of targets are shown, whatever they are.
    const shown = error.message.replace(/targets\.(?:"[^"]*"|[\w-]+)/g, "");
    requireRule(!shown.includes(MARKER), seed, error.message);
    requireRule(readDocument(text, FILE).problems.length > 0, seed, "the tree takes it");
  }
}

/** Each edit changes its target, and no other; returns how many were made. */
function tryEdits(text: string, { targets }: Config, seed: number): number {
  const all = [...targets.values()];
  const target = all[makeRandom(seed)(Math.max(all.length, 1))];
  if (target === undefined) return 0;
  const { name } = target;
  const knocks = [...target.knocks.slice(1), ...target.knocks.slice(0, 2)];
  const changed = { ...target, host: "new.example.com", tries: 7, knocks };
  const renamed = { ...target, name: "renamed" };
  const edits: [edit: () => string, wanted: unknown[]][] = [
    [() => removeTarget(text, name, FILE), []],
    [() => renameTarget(text, { from: name, to: "renamed" }, FILE), [renamed]],
    [() => changeTargets(text, () => [changed], FILE), [changed]],
  ];
  const others = all.filter((other) => other !== target);
  for (const [edit, wanted] of edits) {
    const { config, problems } = readDocument(edit(), FILE);
    requireRule(problems.length === 0, seed, "an edit made a mistake");
    const expected = [...others, ...wanted].map(render).sort();
    const found = [...config.targets.values()].map(render).sort();
    requireRule(render(found) === render(expected), seed, `an edit of "${name}" went wrong`);
  }
  return edits.length;
}

/** Returns a value as text, the keys in one order. */
function render(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, each) =>
      typeof each !== "object" || each === null || Array.isArray(each)
        ? each
        : Object.fromEntries(Object.entries(each).sort(([one], [other]) => one < other ? -1 : 1)),
  ) ??
    "";
}
