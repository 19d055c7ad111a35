import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/core/errors.ts";
import { type OptionSpec, parseOptions } from "../../src/cli/options.ts";
import { table } from "../table.ts";

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
    positionals: args.positionals,
    delay: args.value("delay"),
    tags: args.values("tag"),
    flags: SPECS.filter(({ name }) => args.has(name)).map(({ name }) => name),
    passthrough: args.passthrough,
  };
}

const NOTHING = {
  positionals: [],
  delay: undefined,
  tags: [],
  flags: [],
  passthrough: undefined,
};

table<[argv: string[], expected: Partial<ReturnType<typeof read>>]>("parseOptions", {
  "nothing": [[], {}],
  "positionals": [["a", "b"], { positionals: ["a", "b"] }],
  "numbers stay text": [["7000", "0x10", "1e3"], { positionals: ["7000", "0x10", "1e3"] }],
  "a short option between": [["a", "-d", "5", "b"], {
    positionals: ["a", "b"],
    delay: "5",
    flags: ["delay"],
  }],
  "a value after =": [["--delay=5", "a"], { positionals: ["a"], delay: "5", flags: ["delay"] }],
  "a value without a space": [["-d5"], { delay: "5", flags: ["delay"] }],
  "two switches in one": [["-4u", "a"], { positionals: ["a"], flags: ["udp", "ipv4"] }],
  "two switches and a value in one": [["-4ud7", "a"], {
    positionals: ["a"],
    delay: "7",
    flags: ["delay", "udp", "ipv4"],
  }],
  "a digit as a switch": [["-u4", "a"], { positionals: ["a"], flags: ["udp", "ipv4"] }],
  "a repeated option": [["--tag", "x", "--tag", "y"], { tags: ["x", "y"], flags: ["tag"] }],
  "a dash as a value": [["--secrets-from", "-"], { flags: ["secrets-from"] }],
  "a dash as a value, then more": [["--secrets-from", "-", "a"], {
    positionals: ["a"],
    flags: ["secrets-from"],
  }],
  "options after --": [["-u", "--", "-x", "--json"], {
    flags: ["udp"],
    passthrough: ["-x", "--json"],
  }],
  "a known switch after --": [["-u", "--", "--udp=x"], {
    flags: ["udp"],
    passthrough: ["--udp=x"],
  }],
}, ([argv, expected]) => assertEquals(read(...argv), { ...NOTHING, ...expected }));

table("parseOptions: refuses", {
  "--nope": 'unknown option "--nope"',
  "--nope=secret": 'unknown option "--nope"',
  "-x": 'unknown option "-x"',
  "--delay": "--delay needs a value",
  "--delay=": "--delay needs a value",
  "-d 1 --delay 2": "--delay was given 2 times",
  "--udp=1": "--udp takes no value",
  "-u=1": "--udp takes no value",
  "-u4x": 'unknown option "-x"',
}, (message, line) => {
  assertThrows(() => parseOptions(line.split(" "), SPECS), UsageError, message);
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
