/** What the script of iptables rules does with words that it does not know. */
import { assertEquals } from "@std/assert";
import { iptables } from "../../src/rules/backends/iptables/iptables.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { renderRules } from "../../src/rules/render.ts";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";
import { codePlan, secretPlan } from "./fixtures.ts";

const HOST = { host: "fw.example.com" };

table<[plan: Plan, words: string]>(
  "the script of iptables rules refuses a slip of undo, and loads nothing",
  {
    "secret knocks": [secretPlan(), "undo"],
    "one-time codes": [codePlan(), "timer or undo"],
  },
  async ([plan, words]) => {
    const script = renderRules(iptables, plan, HOST);
    const child = new Deno.Command("/bin/sh", {
      args: ["-s", "udno"],
      // No tool is found: a script that went on would name one.
      env: { PATH: "/nonexistent" },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    // The shell can end before it has read all.
    await writer.write(new TextEncoder().encode(script)).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await child.output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals([code, decode(stdout), decode(stderr)], [
      2,
      "",
      `error: unknown argument udno: use ${words}, or none\n`,
    ]);
  },
  { ignore: lacks("sh") },
);
