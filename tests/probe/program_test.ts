import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ProbeSpec } from "../../src/core/target.ts";
import { askProbe, labelOf, type ProgramResult } from "../../src/probe/mod.ts";
import { fillIn, lastLine, programEnv, type ProgramFacts } from "../../src/probe/program.ts";
import { FakeClock, fakePrograms } from "../fakes.ts";
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

Deno.test("the environment names every fact", () => {
  assertEquals(programEnv(FACTS), {
    SPKNOCK_TARGET: "home",
    SPKNOCK_HOST: "fw.example",
    SPKNOCK_ADDRESS: "127.0.0.1",
    SPKNOCK_PORT: "22",
    SPKNOCK_ATTEMPT: "2",
  });
  assertEquals(programEnv({ ...FACTS, port: undefined })["SPKNOCK_PORT"], "");
});

Deno.test("placeholders are filled in once, and only the known ones", () => {
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

Deno.test("the last line with something on it is what a program says", () => {
  const cases: [string, string][] = [
    ["a\nb\n", "b"],
    ["a\r\nb\r\n\r\n", "b"],
    ["  one  ", "one"],
    ["\n\n", ""],
    ["", ""],
  ];
  for (const [text, line] of cases) assertEquals(lastLine(text), line);
});

Deno.test("a program is given the facts, and a plug-in its own keys, which win nothing", async () => {
  const { run, calls } = fakePrograms([ended(0, "fine\n")]);
  const spec: ProbeSpec = {
    type: "vpn",
    port: 22,
    command: ["check", "{address}"],
    options: { depth: 3, host: "evil" },
  };
  const context = probeContext({ clock, runProgram: run, attempt: 2, timeoutMs: 700 });
  assertEquals(await askProbe(spec, context), {
    label: "vpn",
    status: "open",
    ms: 0,
    detail: "fine",
  });
  const [{ command, options } = { command: [], options: { timeoutMs: 0 } }] = calls;
  assertEquals(command, ["check", "127.0.0.1"]);
  assertEquals([options.timeoutMs, options.signal], [700, context.signal]);
  assertEquals(options.env, programEnv(FACTS));
  assertEquals(JSON.parse(options.stdin ?? ""), { depth: 3, ...FACTS });
});

Deno.test("exit code 0 means open, anything else closed, and what cannot run is an error", async () => {
  const cases: [ProgramResult | Error, string, string][] = [
    [ended(0, "a\nb\n"), "open", "b"],
    [ended(0), "open", ""],
    [ended(1, "no\n", "why\n"), "closed", "no"],
    [ended(1, "", "why\n"), "closed", "why"],
    [ended(7), "closed", "exit code 7"],
    [ended(undefined, "half"), "closed", "still running at the timeout"],
    [new Deno.errors.NotFound("no such program"), "error", "no such program"],
  ];
  for (const [end, status, detail] of cases) {
    const { run } = fakePrograms([end]);
    const spec = { type: "exec", command: ["check"] };
    const result = await askProbe(spec, probeContext({ clock, runProgram: run }));
    assertEquals(result, { label: "exec check", status, ms: 0, detail } as typeof result);
  }
});

Deno.test({
  name: "a real program is told by environment, arguments and stdin",
  ignore: Deno.build.os === "windows",
  async fn() {
    const script = 'echo first; printf "%s %s %s " "$SPKNOCK_TARGET" "$SPKNOCK_PORT" "$1"; cat';
    const spec = { type: "exec", port: 22, command: ["sh", "-c", script, "sh", "{host}"] };
    const { status, detail } = await askProbe(spec, probeContext());
    assertEquals(status, "open", detail);
    assertStringIncludes(detail, 'home 22 fw.example {"target":"home","host":"fw.example",');
  },
});

Deno.test("a plug-in may have the name of anything that objects have", async () => {
  const { run } = fakePrograms([ended(0)]);
  const spec = { type: "constructor", command: ["check"] };
  const result = await askProbe(spec, probeContext({ clock, runProgram: run }));
  assertEquals([result.label, result.status], ["constructor", "open"]);
});

Deno.test("every kind has a label", async () => {
  const cases: [ProbeSpec, string][] = [
    [{ type: "tcp", port: 22 }, "tcp 22"],
    [{ type: "tls" }, "tls 443"],
    [{ type: "ssh" }, "ssh 22"],
    [{ type: "http", url: "https://fw.example/x" }, "http https://fw.example/x"],
    [{ type: "ping" }, "ping"],
    [{ type: "exec", command: ["check", "-v"] }, "exec check"],
    [{ type: "vpn", command: ["check"] }, "vpn"],
  ];
  for (const [spec, label] of cases) assertEquals(await labelOf(spec), label);
});
