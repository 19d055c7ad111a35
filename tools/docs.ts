/**
 * Writes the generated parts of the documents: what is between `<!-- begin NAME -->` and
 * `<!-- end NAME -->` comes from the tables of the program. Run it by `deno task docs`; a test fails
 * where a document is out of date.
 */
import { listExitCodes } from "../src/cli/exit_codes.ts";
import { renderHouseMap } from "./house.ts";

const ROOT = new URL("../", import.meta.url);

/** The documents that may have generated parts. */
export const DOCUMENTS = ["README.md", "CONTRIBUTING.md"] as const;

const BLOCKS: Readonly<Record<string, () => string>> = {
  "exit codes": () => renderRows(["exit code", "meaning"], listExitCodes()),
  "house map": renderHouseMap,
};

/** Returns the text of a document with its generated parts as they should be. */
export function fillBlocks(text: string): string {
  return text.replace(
    /<!-- begin ([\w ]+) -->\n.*?\n<!-- end \1 -->/gs,
    (block, name: string) => {
      const render = BLOCKS[name];
      if (render === undefined) throw new Error(`unknown block: ${block.slice(0, 40)}`);
      return `<!-- begin ${name} -->\n${render()}\n<!-- end ${name} -->`;
    },
  );
}

function renderRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

if (import.meta.main) {
  for (const name of DOCUMENTS) {
    const file = new URL(name, ROOT);
    await Deno.writeTextFile(file, fillBlocks(await Deno.readTextFile(file)));
  }
}
