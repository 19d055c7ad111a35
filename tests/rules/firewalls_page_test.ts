/** docs/firewalls.md takes its commands from the headers: what changes there has to change on the page. */
import { assert, assertEquals } from "@std/assert";
import { loadBackends } from "../../src/rules/backends.ts";
import { findRefusal } from "../../src/rules/features.ts";
import { renderRules } from "../../src/rules/render.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { ROOT } from "../house/source.ts";
import { barePlan, codePlan, secretPlan } from "./fixtures.ts";

const page = await Deno.readTextFile(new URL("docs/firewalls.md", ROOT));

/** The headers of every back end, with a plan that it supports, and with one-time codes where it supports them. */
async function renderHeaders(): Promise<string> {
  const headers = (await loadBackends()).flatMap((backend) => {
    const isSupported = (plan: Plan) => findRefusal(backend, plan) === undefined;
    const plan = [
      secretPlan(),
      { ...barePlan(), interfaces: ["eth0"] },
    ].find(isSupported);
    if (plan === undefined) throw new Error(`${backend.name}: it supports neither plan`);
    return [plan, ...[codePlan()].filter(isSupported)].map((each) => {
      const rules = renderRules(backend, each, { host: "fw.example.com" });
      return rules.split("\n").filter((line) => line.startsWith("#")).join("\n");
    });
  });
  return headers.join("\n");
}

/** The lines of code blocks (not of those that are "by hand"), and what is code in a row of how to load, check, persist or undo. */
function listCommands(): string[] {
  const blocks = [...page.matchAll(/^```(.*)\n((?:(?!```).*\n)*)```$/gm)]
    .flatMap(([, info, block = ""]) => info === "" ? block.trimEnd().split("\n") : []);
  const rows = page.split("\n").filter((line) =>
    /^\| (?:load|load again|check|persist|undo) \|/.test(line)
  );
  const spans = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code));
  return [...blocks, ...spans.map((code) => code.replaceAll("\\|", "|"))];
}

Deno.test("docs/firewalls.md: each command is one of a header", async () => {
  const headers = await renderHeaders();
  const commands = listCommands();
  assert(commands.length > 30);
  assertEquals(commands.filter((command) => !headers.includes(command)), []);
});

Deno.test("docs/firewalls.md: each test that it names exists", async () => {
  for (const [, path = ""] of page.matchAll(/`([\w/]*_test\.ts)`/g)) {
    const folders = path.includes("/") ? [""] : ["tests/kernel/", "tests/rules/"];
    const found = await Promise.all(
      folders.map((folder) =>
        Deno.stat(new URL(`${folder}${path}`, ROOT)).then(() => true, () => false)
      ),
    );
    assert(found.includes(true), path);
  }
});
