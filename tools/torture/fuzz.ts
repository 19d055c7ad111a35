/**
 * Reads mutated files: each is read or refused with an error of ours, both readers agree on it, no refusal
 * repeats a passphrase, and edits of what is right leave the other targets as they were.
 */
import { changeTargets, removeTarget, renameTarget } from "../../src/config/edit.ts";
import { importTargets } from "../../src/config/import/import_targets.ts";
import { parseConfig } from "../../src/config/read.ts";
import { readDocument } from "../../src/config/read_document.ts";
import type { Config } from "../../src/config/schema.ts";
import { parsePlainToml } from "../../src/config/toml/plain.ts";
import { readToml } from "../../src/config/toml/read.ts";
import { ConfigError, SpknockError } from "../../src/core/errors.ts";
import { makeRandom } from "./random.ts";
import { requireRule, type Torture } from "./torture.ts";

const FILE = { file: "targets.toml" };
/** In the place of passphrases. */
const MARKER = "hunter2";

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

const LEGACY = `# old
fw.example.com:1234/udp,9876/udp,5555
192.0.2.1 : 7000, 7001/tcp
${MARKER}
`;

const PIECES = [
  ..."\n\"'[]{}=,.#\\ a1-_/:\0\u202e\ufeff\r\t",
  '"""',
  "'''",
  "[[",
  "]]",
  `"${MARKER}"`,
  MARKER,
  "\r\n",
  "\\u0041",
  "__proto__",
  "1e400",
  "-1",
  "[targets.home]\n",
  "tries = 3\n",
];

/** At the end of a line. */
const ADDED = [" # comment", "  ", "\n", "\n# [targets.x]", "\r"];

/** The torture. */
export const fuzz: Torture = {
  summary: "mutated TOML and old files, read and edited",
  count: 100_000,
  async run(count, { seed: first }) {
    const tally: Tally = { read: 0, plain: 0, edits: 0, refused: 0 };
    for (let seed = first; seed < first + count; seed++) {
      try {
        await (seed % 5 === 0 ? readLegacy(seed) : readConfiguration(seed, tally));
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

async function readLegacy(seed: number): Promise<void> {
  try {
    await importTargets(mutate(LEGACY, seed), { file: "old.conf" });
  } catch (error) {
    if (!(error instanceof SpknockError)) throw error;
    requireRule(!error.message.includes(MARKER), seed, error.message);
  }
}

/** Changes lines, spaces and comments, after which many texts are still right, or any characters. */
function mutate(text: string, seed: number): string {
  const random = makeRandom(seed);
  for (let count = random(3); count >= 0; count--) {
    const lines = text.split("\n");
    const [from, to] = [random(lines.length), random(lines.length)];
    const kind = random(6);
    if (kind === 0) lines.splice(to, 0, ...lines.splice(from, 1 + random(3)));
    else if (kind === 1) lines.splice(to, 0, ...lines.slice(from, from + 1 + random(3)));
    else if (kind === 2) lines.splice(from, 1);
    else if (kind === 3) lines[from] = `${lines[from]}${ADDED[random(ADDED.length)]}`;
    text = kind < 4 ? lines.join("\n") : mutateCharacters(text, random);
  }
  return text;
}

function mutateCharacters(text: string, random: (below: number) => number): string {
  const at = random(text.length + 1);
  const piece = PIECES[random(PIECES.length)] ?? "";
  return text.slice(0, at) + piece + text.slice(at + random(2) * random(12));
}
