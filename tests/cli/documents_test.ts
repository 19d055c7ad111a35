/** Every command line of spknock in the documents, those that no test runs included, is one that the parser takes. */
import { assert, assertEquals } from "@std/assert";
import { GLOBAL_OPTIONS, parseOptions } from "../../src/cli/options.ts";
import { COMMANDS } from "../../src/cli/command_table.ts";
import { listCommands } from "../../src/config/import/shell/commands.ts";
import { World } from "./harness.ts";
import { listDocuments, listSessions, NEEDS, splitFences } from "../house/documents.ts";

/** What history has: commands as they were. */
const PAST = ["CHANGELOG.md"];
/** Blocks of these are no lines for a shell. */
const OTHER_LANGUAGES = /^(?:toml|ini|json|ssh-config|mermaid)/;

const documents = (await listDocuments()).filter(({ path }) => !PAST.includes(path));

/** Returns the lines of a document that can be for a shell: blocks, sessions, code in sentences. */
function listLines(text: string): string[] {
  const { fences, prose } = splitFences(text);
  const blocks = [
    ...fences.filter(({ info }) => !OTHER_LANGUAGES.test(info)).map((fence) => fence.text),
    ...listSessions(text).map((session) => session.text),
  ].flatMap((block) => block.split("\n"));
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  return [
    ...blocks.map((line) => line.replace(/^\$ /, "")).filter((line) => !line.startsWith("usage: ")),
    ...spans.filter((code) => /^(?:deno task )?spknock /.test(code))
      .map((code) => code.replaceAll("\\|", "|").replaceAll(/\[|\]|\|.*/g, "")),
  ].map((line) => line.replace(/^deno task (?=spknock )/, ""))
    .filter((line) => /\bspknock [a-z-]/.test(line));
}

/** Returns the commands of a line that start spknock, without its name; none where it is not for a shell. */
function listCalls(line: string): string[][] {
  return listCommands(line).filter(([name]) => name === "spknock").map(([, ...words]) => words);
}

/** Returns why the parser refuses a call; undefined where it takes it. */
async function findMistake([name = "", ...rest]: readonly string[]): Promise<string | undefined> {
  if (name === "help" || name.startsWith("-") || !/^[a-z-]+$/.test(name)) {
    return undefined;
  }
  const row = COMMANDS.find((each) => each.name === name);
  if (row === undefined) return `unknown command ${name}`;
  const { command } = await row.load();
  try {
    const args = parseOptions<string>(rest, [...command.options, ...GLOBAL_OPTIONS]);
    if (args.passthrough !== undefined && command.takesCommand !== true) return "no -- there";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

Deno.test("documents: the parser takes each command line of spknock", async () => {
  const mistakes: string[] = [];
  let count = 0;
  for (const { path, text } of documents) {
    for (const line of listLines(text)) {
      for (const words of listCalls(line)) {
        count++;
        const mistake = await findMistake(words);
        if (mistake !== undefined) mistakes.push(`${path}: ${line}: ${mistake}`);
      }
    }
  }
  assertEquals(mistakes, []);
  assert(count > 200, `${count} lines`);
});

Deno.test("documents: the parser refuses a wrong line", async () => {
  for (const line of ["spknock knok home", "spknock knock home --tris 3", "spknock list -- ls"]) {
    const [words = []] = listCalls(line);
    assert(await findMistake(words) !== undefined, line);
  }
});

Deno.test("documents: each reason not to run a session is in use", () => {
  const used = documents.flatMap(({ text }) => listSessions(text).map(({ needs }) => needs));
  assertEquals(Object.keys(NEEDS).filter((need) => !used.some((each) => each === need)), []);
});

Deno.test("documents: each file of targets that they show is one that is read", async () => {
  await using world = new World();
  const blocks = documents.flatMap(({ path, text }) =>
    splitFences(text).fences.filter(({ info }) => info === "toml").map(({ text }) => ({
      path,
      text,
    }))
  );
  assert(blocks.length > 4);
  for (const { path, text } of blocks) {
    // Some show only a table of a target.
    const isWhole = /^host = /m.test(text.replace(/^\[targets\.\w+\.\w+\][^[]*/gm, ""));
    await world.write(
      `${isWhole ? "" : `[targets.home]\nhost = "h"\nknocks = ["1/udp"]\n`}${text}`,
    );
    const { code, stderr } = await world.run("list");
    assertEquals([code, stderr], [0, ""], `${path}\n${text}`);
  }
});
