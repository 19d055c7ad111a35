/** The tables `close` and `connect` of a target. */
import { assertEquals, assertThrows } from "@std/assert";
import { addTargets, changeTargets, removeTarget, renameTarget } from "../../src/config/edit.ts";
import { parseDocumentConfig } from "../../src/config/read_document.ts";
import { ConfigError } from "../../src/core/errors.ts";
import type { Target } from "../../src/core/target.ts";

const HEAD =
  'version = 1\n[targets.home]\nhost = "h"\nknocks = ["1/udp"]\nsecret = { env = "FW" }\n';

function read(text: string): Target {
  return parseDocumentConfig(HEAD + text, { file: "t" }).config.targets.get("home") as Target;
}

Deno.test("close: knocks as those that open, with the target's own secret", () => {
  const target = read(
    '[targets.home.close]\nknocks = ["7000/udp", { port = 8000, delay = "1s" }]\n',
  );
  assertEquals(target.close, [
    {
      port: 7000,
      protocol: "udp",
      payload: { kind: "secret", source: { kind: "env", name: "FW" } },
    },
    { port: 8000, protocol: "tcp", payload: { kind: "none" }, delayMs: 1_000 },
  ]);
});

Deno.test("connect: host and port, either may be missing", () => {
  assertEquals(read('connect = { host = "nas.lan", port = 2222 }\n').connect, {
    host: "nas.lan",
    port: 2222,
  });
  assertEquals(read("connect = { port = 2222 }\n").connect, { port: 2222 });
  const { connect, close } = read("");
  assertEquals([connect, close], [undefined, undefined]);
});

Deno.test("a fixed payload in close makes the file a secret", () => {
  const hash = "ab".repeat(32);
  const text =
    `${HEAD}close = { knocks = [{ port = 1, protocol = "udp", secret = { hash = "${hash}" } }] }\n`;
  assertEquals(parseDocumentConfig(text, { file: "t" }).config.holdsSecret, true);
});

Deno.test("mistakes are named with their lines", () => {
  const cases: [string, string][] = [
    ["close = 1\n", "t:6: targets.home.close: is not a table"],
    ["close = {}\n", "t:6: targets.home.close: the knocks are missing: use knocks ="],
    ["close = { knocks = [] }\n", "t:6: targets.home.close.knocks: is empty"],
    ['close = { knocks = ["0"] }\n', "t:6: targets.home.close.knocks[0]: is not a port"],
    ['close = { knock = ["1"] }\n', "t:6: targets.home.close: unknown key"],
    ['connect = { host = "a b" }\n', "t:6: targets.home.connect.host: is not a host"],
    ["connect = { port = 70000 }\n", "t:6: targets.home.connect.port: is not a port"],
    ['connect = "nas"\n', "t:6: targets.home.connect: is not a table"],
  ];
  for (const [text, message] of cases) {
    const error = assertThrows(() => read(text), ConfigError);
    assertEquals(error.message.startsWith(message), true, error.message);
  }
  assertThrows(
    () => parseDocumentConfig("[defaults]\nclose = {}\n", { file: "t" }),
    ConfigError,
    "close",
  );
});

Deno.test("edits leave both alone; a new target is written with them", () => {
  const tables = '[targets.home.close]\nknocks = ["7000/tcp"] # both\n' +
    '\n[targets.home.connect]\nhost = "nas.lan"\n';
  const text = HEAD + tables;
  const target = read(tables);
  const edited = changeTargets(text, () => [{ ...target, description: "x" }], { file: "t" });
  assertEquals(edited.endsWith(tables), true, edited);
  const renamed = renameTarget(text, { from: "home", to: "away" }, { file: "t" });
  assertEquals(parseDocumentConfig(renamed, { file: "t" }).config.targets.get("away"), {
    ...target,
    name: "away",
  });
  assertEquals(removeTarget(text, "home", { file: "t" }).includes("7000"), false);
  const added = addTargets("", [target], { file: "t" });
  assertEquals(parseDocumentConfig(added, { file: "t" }).config.targets.get("home"), target);
});
