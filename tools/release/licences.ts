/**
 * The licences of what is in the executable beside our own code: each asks that its text goes with a copy.
 *
 * Rules:
 * - an npm package brings its text along, which is in Deno's cache;
 * - JSR packages bring none along (nor does npm's copy of @std): theirs, Deno's and V8's are in licences/.
 */
import { listPackages, type ModuleGraph, type Package } from "./packages.ts";

const FOLDER = new URL("licences/", import.meta.url);

/** The files of that folder by scope, or by name where there is none. */
const FILES: Readonly<Record<string, string>> = {
  "@cliffy": "cliffy.txt",
  "@std": "deno.txt",
  "deno-std": "deno.txt",
};

/**
 * Returns the texts of all licences, by package.
 *
 * @param options.npmCache the folder of `deno info --json` with that name.
 * @throws {Error} if a package has no text.
 */
export async function renderLicences(
  graph: ModuleGraph,
  { npmCache }: { npmCache: string },
): Promise<string> {
  const sections = [
    section("Deno, the runtime", await readKnown("deno.txt")),
    section("V8, its engine", await readKnown("v8.txt")),
  ];
  for (const found of listPackages(graph)) {
    const title = `${found.name} ${found.version}`;
    sections.push(section(title, await findText(found, npmCache)));
  }
  return `The executable has parts that others wrote. These are their licences.\n\n${
    sections.join("\n")
  }`;
}

function section(title: string, text: string): string {
  return `${title}\n${"-".repeat(title.length)}\n\n${text.trim().replaceAll("\r\n", "\n")}\n`;
}

function readKnown(file: string): Promise<string> {
  return Deno.readTextFile(new URL(file, FOLDER));
}

async function findText({ registry, name, version }: Package, npmCache: string): Promise<string> {
  const known = FILES[name.split("/")[0] ?? ""];
  if (known !== undefined) return await readKnown(known);
  const folder = `${npmCache}/registry.npmjs.org/${name}/${version}`;
  if (registry === "npm") {
    for await (const { name: file } of Deno.readDir(folder)) {
      if (/^licen[cs]e/i.test(file)) return await Deno.readTextFile(`${folder}/${file}`);
    }
  }
  throw new Error(`${name} has no text of its licence: give it a row in tools/release/licences.ts`);
}
