import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { EXIT, findExitCode, listExitCodes, mergeExitCodes } from "../../src/cli/exit_codes.ts";
import {
  CancelledError,
  ClosedError,
  ConfigError,
  NetworkError,
  OutputError,
  SecretError,
  UsageError,
} from "../../src/core/errors.ts";
import { table } from "../table.ts";
import { World, type WorldOptions } from "./harness.ts";

const TARGET = `
[targets.home]
host = "192.0.2.1"
knocks = ["7/tcp"]
probes = ["tcp:22"]
[targets.secret]
host = "192.0.2.1"
knocks = ["7/udp"]
`;

interface Row {
  argv: readonly string[];
  code: number;
  options?: WorldOptions;
  /** Whether packets may have left; 2 and 4 promise that none did. */
  sends?: boolean;
  prepare?: (world: World) => void;
}

const missing = new Deno.errors.NotFound("No such file or directory");

const ROWS: Readonly<Record<string, Row>> = {
  "0, done": { argv: ["knock", "home"], code: 0, options: { open: [22] }, sends: true },
  "1, a probe failed": { argv: ["knock", "home"], code: 1, sends: true },
  "1, connect did not get through": { argv: ["connect", "home", "22"], code: 1, sends: true },
  "2, unknown target": { argv: ["knock", "nowhere"], code: 2 },
  "2, unknown option": { argv: ["knock", "home", "--zzz"], code: 2 },
  "3, a name does not resolve": { argv: ["knock", "gone.example.com", "7"], code: 3 },
  "4, no terminal for a passphrase": { argv: ["knock", "secret"], code: 4 },
  "5, the output of list": { argv: ["list"], code: 5, options: { isFull: true } },
  "5, the output of a knock that was sent": {
    argv: ["knock", "home", "--json"],
    code: 5,
    options: { open: [22], isFull: true },
    sends: true,
  },
  "5, the live output of a knock": {
    argv: ["knock", "home"],
    code: 5,
    options: { open: [22], isFull: true },
  },
  "70, a bug": {
    argv: ["knock", "home"],
    code: 70,
    prepare: (world) => world.net.failure = new TypeError("x is not a function"),
  },
  "126, the command cannot be run": {
    argv: ["knock", "home", "--", "./locked"],
    code: 126,
    options: { open: [22], programs: [new Deno.errors.PermissionDenied("Permission denied")] },
    sends: true,
  },
  "127, the command is not found": {
    argv: ["knock", "home", "--", "nothing"],
    code: 127,
    options: { open: [22], programs: [missing] },
    sends: true,
  },
  "the command's own code": {
    argv: ["knock", "home", "--", "false"],
    code: 9,
    options: { open: [22], programs: [{ code: 9, stdout: "", stderr: "" }] },
    sends: true,
  },
  "130, Ctrl-C": { argv: ["knock", "home"], code: 130, prepare: (world) => world.interrupt() },
};

table("exit code", ROWS, async ({ argv, code, options, sends = false, prepare }) => {
  await using world = new World(options);
  await world.write(TARGET);
  prepare?.(world);
  const ended = await world.run(...argv);
  assertEquals(ended.code, code, ended.stderr);
  assertEquals(world.net.sent.length > 0, sends);
});

table("mergeExitCodes", {
  "none": { codes: [], worst: 0 },
  "network over closed over done": { codes: [0, 1, 3, 1, 0], worst: 3 },
  "closed over done": { codes: [0, 1, 0], worst: 1 },
  "a secret over the network": { codes: [3, 4], worst: 4 },
  "a bug over everything": { codes: [70, 3, 130], worst: 70 },
}, ({ codes, worst }) => assertEquals(mergeExitCodes(codes), worst));

table("findExitCode", [
  ["usage", { error: new UsageError("x"), code: EXIT.usage }],
  ["configuration", { error: new ConfigError([]), code: EXIT.usage }],
  ["network", { error: new NetworkError("x"), code: EXIT.network }],
  ["secret", { error: new SecretError("x"), code: EXIT.secret }],
  ["output", { error: new OutputError("x"), code: EXIT.output }],
  ["closed", { error: new ClosedError("x"), code: EXIT.closed }],
  ["cancelled", { error: new CancelledError(), code: EXIT.cancelled }],
  ["a bug", { error: new TypeError("x"), code: EXIT.internal }],
  ["a call of the system", {
    error: Object.assign(new Error("os error"), { code: "EMFILE" }),
    code: EXIT.internal,
  }],
  ["no error at all", { error: "x", code: EXIT.internal }],
], ({ error, code }) => assertEquals(findExitCode(error), code));

Deno.test("help exit-codes: every code with its meaning, in 80 columns", async () => {
  await using world = new World();
  const { code, stdout } = await world.run("help", "exit-codes");
  assertEquals(code, 0);
  for (const row of listExitCodes()) assertStringIncludes(stdout, row.join("  ").slice(-20));
  const wide = stdout.split("\n").filter((line) => line.length > 80);
  assertEquals(wide, []);
  assert((await world.run("--help")).stdout.includes("spknock help exit-codes"));
});

Deno.test("docs/scripting.md: its table of exit codes is the program's", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/scripting.md", import.meta.url));
  for (const [code, meaning] of listExitCodes()) {
    assertStringIncludes(page, `| ${code} | ${meaning} |`);
  }
});
