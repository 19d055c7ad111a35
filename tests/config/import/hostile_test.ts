/** Files that are made to keep an import busy: none takes more than a moment. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { addTargets } from "../../../src/config/edit.ts";
import { importTargets } from "../../../src/config/import/import_targets.ts";
import { ConfigError, type Problem, SpknockError } from "../../../src/core/errors.ts";
import { readOneTimeFile } from "../../../src/core/knockd/one_time.ts";
import { table } from "../../table.ts";

const LONG = "a".repeat(64);
const SIZE = 300_000;
/** Several times what the slowest one takes here; what is not linear takes minutes. */
const LIMIT_MS = 8_000;

const fill = (text: string) => text.repeat(Math.ceil(SIZE / text.length));
const number = (count: number, render: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => render(index)).join("");

/** The format, undefined where it has to be found, and the text. */
const TEXTS: Readonly<Record<string, [string | undefined, string]>> = {
  "empty lines": [undefined, `${fill("\n")}x`],
  "lines of a blank": [undefined, `${fill(" \n")}x`],
  "brackets": [undefined, `${fill("\n[")}x`],
  "a section, and empty lines": [undefined, `[a]${fill("\n")}x`],
  "a key, and empty lines": [undefined, `sequence${fill("\n")}x`],
  "commands": [undefined, `a${fill(";/")}x`],
  "commands in loops": [undefined, `a${fill(" do/")}x`],
  "commands with timeouts": [undefined, `a${fill(";timeout ")}x`],
  "blanks of knockd": ["knockd", `[a]\nsequence = 1${fill(" ")}x`],
  "blanks of fwknop": ["fwknop", `[a]\nKEY${fill(" ")}x`],
  "blanks of a shell": ["shell", `knock${fill(" ")}x`],
  "lines that go on": ["shell", `knock ${fill("a\\\n")}x`],
  "loops without an end": ["shell", `${fill("for \n")}x`],
  "commands in commands": ["shell", `knock ${fill("$(")}x`],
  "commands in quotes": ["shell", `knock ${fill('"$(')}x`],
  "groups in groups": ["shell", `knock h 1; ${fill("(")}x`],
  "variables": ["shell", `${number(50_000, (index) => `a${index}=1;`)} knock h 1`],
  "loops in loops": [
    "shell",
    "for a in {1..200}; do for b in {1..200}; do for c in {1..200}; do for d in {1..200}; do x=1; done; done; done; done",
  ],
  "variables that double": [
    "shell",
    `a=aaaaaaaa; ${'a="$a$a$a$a$a$a$a$a"; '.repeat(9)} knock $a 1`,
  ],
  "stanzas": ["fwknop", number(40_000, (index) => `[a${index}]\n`)],
  "targets of one host": ["legacy", number(30_000, (index) => `h:${index + 1}\n`)],
  "sections of one name": ["knockd", number(20_000, () => "[a]\nsequence = 1\n")],
  "doors of knockd": [
    "knockd",
    number(8_000, (index) => {
      const rule = `[s${index}]\nsequence = 1\ncommand = ufw`;
      return `${rule} allow from %IP% to any port ${index}\n${rule} delete allow ${index}x\n`;
    }),
  ],
  "sequences of Knock on Ports": [
    "knockonports",
    `[${
      number(30_000, (index) => `{"name":"${index}","host":"h","steps":[{"type":"tcp","port":1}]},`)
    }{}]`,
  ],
  "deep JSON": ["knockonports", fill("[")],
  "deep TOML": ["toml", `a = ${fill("[")}`],
};

table("import of a hostile file ends", TEXTS, async ([from, text]) => {
  const start = performance.now();
  await importTargets(text, { file: "F", from, host: "h", keepGoing: true }).catch((error) => {
    if (!(error instanceof SpknockError)) throw error;
  });
  assert(performance.now() - start < LIMIT_MS, `${performance.now() - start} ms`);
});

Deno.test("a hostile file of one-time sequences is read in a moment", () => {
  const start = performance.now();
  readOneTimeFile(new TextEncoder().encode(`1${fill(" ")}x`));
  assert(performance.now() - start < LIMIT_MS);
});

Deno.test("a line that is nested too deeply is none of a knock", async () => {
  const text = `knock h 1; ${"f() ".repeat(2_400)}`;
  const error = await assertRejects(
    () => importTargets(text, { file: "F", from: "shell" }),
    ConfigError,
  );
  assertEquals(error.problems.map((problem: Problem) => problem.message), [
    "not a knock: the line is nested too deeply",
  ]);
});

table("import of a line that is cut nowhere", {
  "more words than a knock has": "knock h {1..250}{1..2}",
  "more steps than a knock has":
    "for a in {1..200}; do for b in {1..200}; do nc -z h $a; done; done",
}, async (text) => {
  await assertRejects(() => importTargets(text, { file: "F", from: "shell" }), SpknockError);
});

Deno.test("names of many targets of one host are numbered from the first free one", async () => {
  const text = number(4, (index) => `h:${index + 1}\n`);
  const { targets } = await importTargets(text, { file: "F", from: "legacy", taken: ["h-2"] });
  assertEquals(targets.map(({ name }) => name), ["h", "h-3", "h-4", "h-5"]);
});

table("names of imported targets can be saved", {
  "a host": ["shell", "knock constructor 1", ["constructor-2"]],
  "a section": ["knockd", "[__proto__]\nsequence = 1\n[toString]\nsequence = 2\n", [
    "host-__proto__",
    "toString-2",
  ]],
  "a long one, twice": ["knockd", `[${LONG}]\nsequence = 1\n`.repeat(2), [
    LONG,
    `${LONG.slice(0, 62)}-2`,
  ]],
} as Record<string, [string, string, string[]]>, async ([from, text, expected]) => {
  const { targets } = await importTargets(text, { file: "F", from, host: "h" });
  assertEquals(targets.map(({ name }) => name), expected);
  addTargets("", targets, { file: "f" });
});
