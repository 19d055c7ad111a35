/**
 * Writes the generated parts of the documents: what is between `<!-- begin NAME -->` and
 * `<!-- end NAME -->` comes from the tables of the program, and so do parts of the JSON schema, and
 * the manual pages. Run it
 * by `deno task docs`; a test fails where a file is out of date.
 */
import { RUNNER } from "../../src/apply/runner.ts";
import { listExitCodes } from "../../src/cli/exit_codes.ts";
import { loadBackends } from "../../src/rules/mod.ts";
import { renderBackendTables } from "./backends.ts";
import { loadCommands, renderCommandTable, renderOptionTables } from "./commands.ts";
import { drawHouse, drawWay, renderHouseMap } from "./house.ts";
import { renderProbeTable, renderSecretTable } from "./kinds.ts";
import { renderManual } from "./man.ts";
import { renderTargetsManual } from "./man_targets.ts";
import { renderTable } from "./markdown.ts";
import { renderSchema } from "./schema.ts";

const ROOT = new URL("../../", import.meta.url);

const commands = await loadCommands();

/** When the pages were written, which counts until there is a version. */
const FIRST_DRAFT = "2026-11-28";

/** That of the newest version, so that the same source always makes the same pages. */
const date = findDate(await readFile("CHANGELOG.md"));
const example = await readFile("targets.example.toml");
const schema = renderSchema(await readFile("targets.schema.json"));

const BLOCKS: Readonly<Record<string, string>> = {
  "commands": renderCommandTable(commands),
  "options": renderOptionTables(commands),
  "exit codes": renderTable(["exit code", "meaning"], listExitCodes()),
  "house map": renderHouseMap(),
  "house drawing": drawHouse(),
  "way of the data": drawWay(),
  "secrets": renderSecretTable(),
  "probes": renderProbeTable(),
  "back ends": renderBackendTables(await loadBackends()),
  "runner": `\`\`\`sh\n${RUNNER.trimEnd()}\n\`\`\``,
};

/** The files with generated parts, and how they are made from their present text. */
export const GENERATED: Readonly<Record<string, (text: string) => string>> = {
  "CONTRIBUTING.md": fillBlocks,
  "SECURITY.md": fillBlocks,
  "docs/architecture.md": fillBlocks,
  "docs/commands.md": fillBlocks,
  "docs/options.md": fillBlocks,
  "docs/rules.md": fillBlocks,
  "docs/scripting.md": fillBlocks,
  "docs/secrets.md": fillBlocks,
  "docs/targets.md": fillBlocks,
  "man/spknock-targets.5": () => renderTargetsManual({ schema, example, date }),
  "man/spknock.1": () => renderManual(commands, { date }),
  "targets.schema.json": renderSchema,
};

async function readFile(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}

/** Returns the date of the newest version of a changelog, in words. */
function findDate(changelog: string): string {
  const [day = FIRST_DRAFT] = /(?<=^## \[[\d.]+\] - )\d{4}-\d{2}-\d{2}$/m.exec(changelog) ?? [];
  return new Date(day).toLocaleDateString("en-US", { dateStyle: "long", timeZone: "UTC" });
}

function fillBlocks(text: string): string {
  return text.replace(/<!-- begin ([\w ]+) -->\n.*?<!-- end \1 -->/gs, (_, name: string) => {
    const block = BLOCKS[name];
    if (block === undefined) throw new Error(`unknown block: ${name}`);
    return `<!-- begin ${name} -->\n${block}\n<!-- end ${name} -->`;
  });
}

if (import.meta.main) {
  for (const [name, render] of Object.entries(GENERATED)) {
    const file = new URL(name, ROOT);
    await Deno.writeTextFile(file, render(await Deno.readTextFile(file)));
  }
}
