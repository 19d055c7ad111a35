/**
 * The parts of a release, as .github/workflows/release.yml puts them together:
 *
 *   deno task release notes TAG          what CHANGELOG.md says about it; TAG is v and the version of deno.json
 *   deno task release compile FOLDER     the executables of all targets
 *   deno task release pack FROM TO       archives, SBOM and SHA256SUMS of the executables in FROM
 *
 * Archives are the same bytes for the same commit and the same executables: files have the time of the
 * commit, or of `SOURCE_DATE_EPOCH`.
 */
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { cutNotes } from "./release/notes.ts";
import { makeDocument, readMaterial } from "./release/material.ts";
import { packRelease } from "./release/pack.ts";
import { renderLicences } from "./release/licences.ts";
import type { ModuleGraph } from "./release/packages.ts";
import { type Lock, renderSbom } from "./release/sbom.ts";
import { nameArchive, nameExecutable, TARGETS } from "./release/targets.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const VERSION = config.version;
/** The flags that choose where dependencies come from, as tools/deno.ts passes them on. */
const FLAGS: string[] = JSON.parse(Deno.env.get("SPKNOCK_DENO_FLAGS") ?? "[]");

/** Returns what a program prints. */
async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`failed: ${program} ${args.join(" ")}`);
  return new TextDecoder().decode(stdout);
}

async function readTime(): Promise<Date> {
  const seconds = Deno.env.get("SOURCE_DATE_EPOCH") ??
    await run("git", ["log", "-1", "--format=%ct"]);
  const time = new Date(Number(seconds) * 1000);
  if (Number.isNaN(time.getTime())) throw new Error("SOURCE_DATE_EPOCH is not a number of seconds");
  return time;
}

async function readInfo<T>(...words: string[]): Promise<T> {
  return JSON.parse(await run(Deno.execPath(), ["info", "--json", ...words]));
}

async function makeSbom(graph: ModuleGraph, time: Date): Promise<string> {
  const given = FLAGS.find((flag) => flag.startsWith("--lock="))?.slice("--lock=".length);
  if (given === undefined) throw new Error("there is no deno.lock; deno task lock writes it");
  const lock = await Deno.readTextFile(given);
  return renderSbom({
    version: VERSION,
    time,
    runtime: { deno: Deno.version.deno, v8: Deno.version.v8 },
    graph,
    lock: JSON.parse(lock) as Lock,
  });
}

async function printNotes(tag = ""): Promise<void> {
  if (tag !== `v${VERSION}`) throw new Error(`the tag is "${tag}"; deno.json says v${VERSION}`);
  const notes = cutNotes(await Deno.readTextFile(`${ROOT}CHANGELOG.md`), VERSION);
  await Deno.stdout.write(new TextEncoder().encode(notes));
}

async function compile(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const to = await Deno.realPath(folder);
  for (const target of TARGETS) {
    const words = ["compile", "--target", target, "-o", `${to}/${nameExecutable(target)}`];
    await run(Deno.execPath(), ["run", "-q", "-P=tools", "tools/deno.ts", ...words]);
  }
}

async function pack(from: string, to: string): Promise<void> {
  const time = await readTime();
  const graph = await readInfo<ModuleGraph>(...FLAGS, "main.ts");
  const sbom = { name: "spknock.cdx.json", text: await makeSbom(graph, time) };
  // Runs the program: its packages are in the cache after it.
  const documents = await readMaterial();
  const licences = await renderLicences(graph, await readInfo<{ npmCache: string }>());
  const material = [...documents, makeDocument("THIRD-PARTY-LICENSES.txt", licences)];
  const names = await packRelease({ version: VERSION, time, material, sbom }, { from, to });
  await Deno.stdout.write(new TextEncoder().encode(names.join("\n") + "\n"));
  const missing = TARGETS.filter((target) => !names.includes(nameArchive(target)));
  if (missing.length === 0) return;
  const line = `note: there is no executable for ${missing.join(", ")}\n`;
  await Deno.stderr.write(new TextEncoder().encode(line));
}

const [verb, first, second] = Deno.args;
if (verb === "notes") await printNotes(first);
else if (verb === "compile" && first !== undefined) await compile(first);
else if (verb === "pack" && first !== undefined && second !== undefined) await pack(first, second);
else throw new Error("use: notes TAG, compile FOLDER, or pack FROM TO");
