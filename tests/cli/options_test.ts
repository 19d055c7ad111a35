import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/core/errors.ts";
import { type OptionSpec, parseOptions } from "../../src/cli/options.ts";

const SPECS: readonly OptionSpec[] = [
  { name: "delay", short: "d", value: "DURATION", help: "" },
  { name: "tag", value: "TAG", many: true, help: "" },
  { name: "udp", short: "u", help: "" },
  { name: "ipv4", short: "4", help: "" },
  { name: "secrets-from", value: "FILE|-", help: "" },
];

function read(...argv: string[]) {
  const args = parseOptions(argv, SPECS);
  return {
    words: args.positionals,
    delay: args.value("delay"),
    tags: args.values("tag"),
    flags: SPECS.filter(({ name }) => args.has(name)).map(({ name }) => name),
    rest: args.passthrough,
  };
}

const NOTHING = { words: [], delay: undefined, tags: [], flags: [], rest: undefined };

Deno.test("options stand anywhere, short or long, with or without =", () => {
  const cases: [string[], Partial<ReturnType<typeof read>>][] = [
    [[], {}],
    [["a", "b"], { words: ["a", "b"] }],
    [["7000", "0x10", "1e3"], { words: ["7000", "0x10", "1e3"] }],
    [["a", "-d", "5", "b"], { words: ["a", "b"], delay: "5", flags: ["delay"] }],
    [["--delay=5", "a"], { words: ["a"], delay: "5", flags: ["delay"] }],
    [["-d5"], { delay: "5", flags: ["delay"] }],
    [["-4u", "a"], { words: ["a"], flags: ["udp", "ipv4"] }],
    [["-4ud7", "a"], { words: ["a"], delay: "7", flags: ["delay", "udp", "ipv4"] }],
    [["-u4", "a"], { words: ["a"], flags: ["udp", "ipv4"] }],
    [["--tag", "x", "--tag", "y"], { tags: ["x", "y"], flags: ["tag"] }],
    [["--secrets-from", "-"], { flags: ["secrets-from"] }],
    [["--secrets-from", "-", "a"], { words: ["a"], flags: ["secrets-from"] }],
    [["-u", "--", "-x", "--json"], { flags: ["udp"], rest: ["-x", "--json"] }],
    [["-u", "--", "--udp=x"], { flags: ["udp"], rest: ["--udp=x"] }],
  ];
  for (const [argv, expected] of cases) {
    assertEquals(read(...argv), { ...NOTHING, ...expected }, argv.join(" "));
  }
});

Deno.test("what cannot be is named", () => {
  const cases: [string[], string][] = [
    [["--nope"], 'unknown option "--nope"'],
    [["--nope=secret"], 'unknown option "--nope"'],
    [["-x"], 'unknown option "-x"'],
    [["--delay"], "--delay needs a value"],
    [["--delay="], "--delay needs a value"],
    [["-d", "1", "--delay", "2"], "--delay was given 2 times"],
    [["--udp=1"], "--udp takes no value"],
    [["-u=1"], "--udp takes no value"],
    [["-u4x"], 'unknown option "-x"'],
  ];
  for (const [argv, message] of cases) {
    assertThrows(() => parseOptions(argv, SPECS), UsageError, message);
  }
});

Deno.test("a value that cannot be read is told with its option; other failures pass", () => {
  const args = parseOptions(["-d", "x"], SPECS);
  const fail = (error: Error) => () => {
    throw error;
  };
  assertThrows(() => args.read("delay", fail(new RangeError("no"))), UsageError, "--delay: no");
  assertThrows(() => args.read("delay", fail(new TypeError("bug"))), TypeError, "bug");
  assertEquals(args.read("delay", (text) => `${text}!`), "x!");
  assertEquals(args.read("tag", fail(new RangeError("not called"))), undefined);
});

Deno.test("an empty value counts where a text may be empty, and nowhere else", () => {
  const specs = [
    { name: "description", value: "TEXT", mayBeEmpty: true, help: "" },
    { name: "delay", value: "DURATION", help: "" },
  ];
  for (const argv of [["--description", ""], ["--description="]]) {
    const args = parseOptions(argv, specs);
    assertEquals([args.has("description"), args.value("description"), args.positionals], [
      true,
      "",
      [],
    ]);
  }
  assertThrows(() => parseOptions(["--delay", ""], specs), UsageError, "--delay needs a value");
});
