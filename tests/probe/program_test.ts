import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ProbeSpec } from "../../src/core/target.ts";
import { type ProgramResult, runProbe } from "../../src/probe/mod.ts";
import {
  buildProgramEnv,
  fillIn,
  findLastLine,
  type ProgramFacts,
} from "../../src/probe/program.ts";
import { FakeClock, fakePrograms } from "../fakes.ts";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";
import { probeContext } from "./servers.ts";

const FACTS: ProgramFacts = {
  target: "home",
  host: "fw.example",
  address: "127.0.0.1",
  port: 22,
  attempt: 2,
};

const clock = new FakeClock();
const ended = (code: number | undefined, stdout = "", stderr = ""): ProgramResult => ({
  code,
  stdout,
  stderr,
});

Deno.test("buildProgramEnv: every fact", () => {
  assertEquals(buildProgramEnv(FACTS), {
    SPKNOCK_TARGET: "home",
    SPKNOCK_HOST: "fw.example",
    SPKNOCK_ADDRESS: "127.0.0.1",
    SPKNOCK_PORT: "22",
    SPKNOCK_ATTEMPT: "2",
  });
  assertEquals(buildProgramEnv({ ...FACTS, port: undefined })["SPKNOCK_PORT"], "");
});

Deno.test("fillIn: known placeholders, once", () => {
  const command = ["x", "{target}@{host}", "{address}:{port}", "{attempt}{attempt}", "{HOST}{x}{"];
  assertEquals(fillIn(command, FACTS), [
    "x",
    "home@fw.example",
    "127.0.0.1:22",
    "22",
    "{HOST}{x}{",
  ]);
  assertEquals(fillIn(["{host}"], { ...FACTS, host: "{port}$&" }), ["{port}$&"]);
  assertEquals(fillIn(["{port}"], { ...FACTS, port: undefined }), [""]);
});

table("findLastLine", [
  ["a\nb\n", "b"],
  ["a\r\nb\r\n\r\n", "b"],
  ["  one  ", "one"],
  ["\n\n", ""],
  ["", ""],
], (line, text) => assertEquals(findLastLine(text), line));

Deno.test("plug-in: gets the facts, and its own keys, which do not replace them", async () => {
  const { run, calls } = fakePrograms([ended(0, "fine\n")]);
  const spec: ProbeSpec = {
    type: "plugin",
    name: "vpn",
    port: 22,
    command: ["check", "{address}"],
    options: { depth: 3, host: "evil" },
  };
  const context = probeContext({ clock, runProgram: run, attempt: 2, timeoutMs: 700 });
  assertEquals(await runProbe(spec, context), {
    label: "vpn",
    status: "open",
    ms: 0,
    detail: "fine",
  });
  const [{ command, options } = { command: [], options: { timeoutMs: 0 } }] = calls;
  assertEquals(command, ["check", "127.0.0.1"]);
  assertEquals([options.timeoutMs, options.signal], [700, context.signal]);
  assertEquals(options.env, buildProgramEnv(FACTS));
  assertEquals(JSON.parse([...options.stdin ?? []].join("")), { depth: 3, ...FACTS });
});

table("exec: the exit code", [
  ["0 is open", [ended(0, "a\nb\n"), "open", "b"]],
  ["0 without output", [ended(0), "open", ""]],
  ["1 is closed", [ended(1, "no\n", "why\n"), "closed", "no"]],
  ["1 with text on stderr", [ended(1, "", "why\n"), "closed", "why"]],
  ["7 without output", [ended(7), "closed", "exit code 7"]],
  ["at the timeout", [ended(undefined, "half"), "closed", "still running at the timeout"]],
  ["of a missing program", [
    new Deno.errors.NotFound("no such program"),
    "error",
    "no such program",
  ]],
] as [string, [ProgramResult | Error, string, string]][], async ([end, status, detail]) => {
  const { run } = fakePrograms([end]);
  const spec: ProbeSpec = { type: "exec", command: ["check"] };
  const result = await runProbe(spec, probeContext({ clock, runProgram: run }));
  assertEquals(result, { label: "exec check", status, ms: 0, detail } as typeof result);
});

Deno.test({
  name: "exec: a real program gets the environment, arguments and stdin",
  ignore: lacks("sh"),
  async fn() {
    const script = 'echo first; printf "%s %s %s " "$SPKNOCK_TARGET" "$SPKNOCK_PORT" "$1"; cat';
    const spec: ProbeSpec = {
      type: "exec",
      port: 22,
      command: ["sh", "-c", script, "sh", "{host}"],
    };
    const { status, detail } = await runProbe(spec, probeContext());
    assertEquals(status, "open", detail);
    assertStringIncludes(detail, 'home 22 fw.example {"target":"home","host":"fw.example",');
  },
});

Deno.test("plug-in: its name may be that of a property of every object", async () => {
  const { run } = fakePrograms([ended(0)]);
  const spec: ProbeSpec = {
    type: "plugin",
    name: "constructor",
    command: ["check"],
    options: {},
  };
  const result = await runProbe(spec, probeContext({ clock, runProgram: run }));
  assertEquals([result.label, result.status], ["constructor", "open"]);
});
