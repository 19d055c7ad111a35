import { assertEquals } from "@std/assert";
import { chooseLook } from "../../src/output/look.ts";
import { table } from "../table.ts";

/** The values of each setting; the first is "not set". */
const SETTINGS = {
  noColor: [false, true],
  NO_COLOR: [undefined, "", "0", "1"],
  FORCE_COLOR: [undefined, "", "0", "1", "3", "true"],
  CLICOLOR_FORCE: [undefined, "", "0", "1"],
  CLICOLOR: [undefined, "", "0", "1"],
  TERM: [undefined, "xterm", "dumb"],
  isTerminal: [false, true],
} as const;

type Setting = { [Name in keyof typeof SETTINGS]: typeof SETTINGS[Name][number] };

function* combine(): Generator<Setting> {
  let all: Partial<Setting>[] = [{}];
  for (const [name, values] of Object.entries(SETTINGS)) {
    all = all.flatMap((each) => values.map((value) => ({ ...each, [name]: value })));
  }
  yield* all as Setting[];
}

function look({ noColor, isTerminal, ...env }: Setting): boolean {
  const read = (name: string) => env[name as keyof typeof env];
  return chooseLook(read, { noColor, plain: false }).hasColor({ isTerminal: () => isTerminal });
}

// Each convention as its page states it, one after the other: what the first one leaves open is the next one's.
const RULES: readonly [name: string, decide: (setting: Setting) => boolean | undefined][] = [
  ["--no-color", ({ noColor }) => noColor ? false : undefined],
  ["NO_COLOR, any value but the empty one", ({ NO_COLOR }) => NO_COLOR ? false : undefined],
  [
    "FORCE_COLOR and CLICOLOR_FORCE, any value but the empty one and 0",
    ({ FORCE_COLOR, CLICOLOR_FORCE }) =>
      [FORCE_COLOR, CLICOLOR_FORCE].some((each) => /[^0]/.test(each ?? "")) ? true : undefined,
  ],
  ["CLICOLOR=0", ({ CLICOLOR }) => CLICOLOR === "0" ? false : undefined],
  ["TERM=dumb", ({ TERM }) => TERM === "dumb" ? false : undefined],
  ["a terminal", ({ isTerminal }) => isTerminal],
];

for (const [index, [name]] of RULES.entries()) {
  Deno.test(`colours: ${name} decides where nothing before it does`, () => {
    const earlier = RULES.slice(0, index);
    const open = [...combine()].filter((each) =>
      earlier.every(([, decide]) => decide(each) === undefined)
    );
    const decided = open.flatMap((each) => {
      const expected = RULES[index]?.[1](each);
      return expected === undefined ? [] : [{ each, expected }];
    });
    assertEquals(decided.length > 0, true);
    for (const { each, expected } of decided) {
      assertEquals(look(each), expected, JSON.stringify(each));
    }
  });
}

table<[term: string, plain: boolean, isTerminal: boolean, can: boolean]>("lines written anew", {
  "a terminal": ["xterm", false, true, true],
  "TERM=dumb": ["dumb", false, true, false],
  "--plain": ["xterm", true, true, false],
  "a pipe": ["xterm", false, false, false],
}, ([term, plain, isTerminal, can]) => {
  const env = (name: string) => ({ TERM: term, FORCE_COLOR: "1" })[name];
  const { canRedraw } = chooseLook(env, { noColor: false, plain });
  assertEquals(canRedraw({ isTerminal: () => isTerminal }), can);
});
