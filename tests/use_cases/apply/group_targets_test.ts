/** Which targets are doors of one machine. */
import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../src/core/errors.ts";
import { DEFAULT_SETTINGS, type Target } from "../../../src/core/target.ts";
import { groupByPlace, groupTargets } from "../../../src/use_cases/apply/group_targets.ts";
import { table } from "../../table.ts";

/** `NAME HOST [ADMIN]` as a target. */
function makeTarget(text: string): Target {
  const [name = "", host = "", admin] = text.split(" ");
  return { ...DEFAULT_SETTINGS, name, host, admin, knocks: [] };
}

/** Machines as `PLACE: NAME NAME`. */
function group(lines: readonly string[], places: Record<string, string> = {}): string[] {
  return groupTargets(lines.map(makeTarget), new Map(Object.entries(places)))
    .map(({ place, targets }) => `${place ?? "-"}: ${targets.map(({ name }) => name).join(" ")}`);
}

table<[lines: string[], groups: string[], places?: Record<string, string>]>("machines", {
  "one host is one machine": [["a h", "b i", "c H."], ["-: a c", "-: b"]],
  "one login is one machine": [
    ["a h root@fw", "b i root@FW.", "c i root@other"],
    ["root@fw: a b", "root@other: c"],
  ],
  "a door says it for its host": [["a h", "b h root@fw", "c i"], ["root@fw: a b", "-: c"]],
  "each its own, on one host": [["a h root@x", "b h root@y"], ["root@x: a", "root@y: b"]],
  "the login's host is a target's": [["a 10.0.0.1", "b h root@10.0.0.1"], ["root@10.0.0.1: a b"]],
  "a hosts file before admin": [["a h root@x", "b i root@x"], ["root@y: a", "root@x: b"], {
    a: "root@y",
  }],
  "ports of ssh:// are machines of their own (NAT)": [
    ["a h ssh://root@fw:1", "b h ssh://root@fw:2"],
    ["ssh://root@fw:1: a", "ssh://root@fw:2: b"],
  ],
}, ([lines, groups, places]) => assertEquals(group(lines, places), groups));

Deno.test("machines: two logins for one", () => {
  const error = assertThrows(() => group(["a h root@fw", "b i anna@fw"]), UsageError);
  assertEquals(
    error.message,
    '"a" and "b" are doors of one machine with two logins: root@fw, anna@fw',
  );
});

Deno.test("machines: a target without a place", () => {
  const error = assertThrows(
    () => groupByPlace([makeTarget("a h"), makeTarget("b h")]),
    UsageError,
  );
  assertEquals(
    [error.message, error.hint],
    [
      'where is the firewall of "a", "b" administered?',
      "save it: spknock edit a b --admin root@h, or name a file with --hosts",
    ],
  );
});
