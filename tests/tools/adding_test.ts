/**
 * CONTRIBUTING.md, followed to the letter: the files and lines of its examples are added to a copy of the checkout, and
 * its commands are run there.
 */
import { cp } from "node:fs/promises";
import { assertEquals } from "@std/assert";
import { IS_FROM_NPM } from "../e2e/program.ts";
import { table } from "../table.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A block of code with what is done with it. */
interface Block {
  /** `new` file, lines to `add`, commands to `try`. */
  verb: string;
  /** A path; of commands, the name of the example. */
  what: string;
  above: string | undefined;
  text: string;
}

/** Returns the blocks of a section, which ends at the next heading. */
async function readExample(heading: string): Promise<Block[]> {
  const page = await Deno.readTextFile(`${ROOT}CONTRIBUTING.md`);
  const section = page.split(/^(?=###? )/m).find((part) => part.startsWith(`### ${heading}\n`)) ??
    "";
  const fences = section.matchAll(/^```\w+ (\w+)=(\S+)(?: above="([^\n]*)")?\n(.*?)^```$/gms);
  return [...fences].map(([, verb = "", what = "", above, text = ""]) => ({
    verb,
    what,
    above,
    text,
  }));
}

async function run(command: readonly string[], { cwd }: { cwd: string }): Promise<void> {
  const [program = "", ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env: { NO_COLOR: "1", ...(IS_FROM_NPM ? { SPKNOCK_DEPS: "npm" } : {}) },
  }).output();
  const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${command.join(" ")}:\n${out}\n${errors}`);
}

/** Copies the checkout, without its history. */
async function copyCheckout(folder: string): Promise<void> {
  const left = [".git", "node_modules"].map((name) => `${ROOT}${name}`);
  await cp(ROOT, folder, { recursive: true, filter: (path) => !left.includes(path) });
}

async function follow({ verb, what, above, text }: Block, cwd: string): Promise<void> {
  const path = `${cwd}/${what}`;
  if (verb === "new") {
    await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(path, text, { createNew: true });
  } else if (verb === "add") {
    const before = await Deno.readTextFile(path);
    const parts = before.split(`\n${above}`);
    assertEquals(parts.length, 2, `${what} has not one line that begins with: ${above}`);
    await Deno.writeTextFile(path, parts.join(`\n${text}${above}`));
  } else {
    for (const line of text.trim().split("\n")) {
      await run([Deno.execPath(), ...line.split(" ").slice(1)], { cwd });
    }
  }
}

table("CONTRIBUTING.md, to the letter", {
  "A probe": ["new", "add", "add", "new", "try"],
  "An import format": ["new", "add", "new", "add", "try"],
}, async (verbs, heading) => {
  const blocks = await readExample(heading);
  assertEquals(blocks.map(({ verb }) => verb), verbs);
  const folder = await Deno.makeTempDir({ prefix: "spknock-adding-" });
  try {
    await copyCheckout(folder);
    for (const block of blocks) await follow(block, folder);
    const files = blocks.filter(({ verb }) => verb !== "try").map(({ what }) => what);
    await run([Deno.execPath(), "fmt", "--check", ...files], { cwd: folder });
    await run([Deno.execPath(), "lint", "-q", ...files], { cwd: folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
