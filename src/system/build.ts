/** What this program was built of, and what runs it: read only for `--version --verbose`. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Build } from "../core/system/build.ts";
import { WRITTEN_COMMIT } from "./commit.ts";

const COMMIT = /^[0-9a-f]{40}(-dirty)?$/;

/** Reads the facts. */
export async function readBuild(): Promise<Build> {
  const { mainModule, version, build } = Deno;
  const folder = mainModule.startsWith("file:")
    ? fileURLToPath(new URL(".", mainModule))
    : undefined;
  const form = build.standalone
    ? "executable"
    : folder === undefined
    ? "remote module"
    : "checkout";
  const place = build.standalone ? Deno.execPath() : folder ?? mainModule;
  const commit = COMMIT.test(WRITTEN_COMMIT)
    ? WRITTEN_COMMIT
    : form === "checkout"
    ? await readCommit(place)
    : undefined;
  return { commit, form, place, target: build.target, deno: version.deno, v8: version.v8 };
}

/** The commit that a checkout is at, from git's files: git need not be installed. */
async function readCommit(folder: string): Promise<string | undefined> {
  try {
    const git = await findGitFolder(folder);
    const head = await readLine(`${git}/HEAD`);
    const [, branch] = /^ref: (.+)$/.exec(head) ?? [];
    const commit = branch === undefined ? head : await readBranch(git, branch);
    return COMMIT.test(commit) ? commit : undefined;
  } catch {
    // Files without git's, or that we may not read.
    return undefined;
  }
}

/** `.git`, or where that file points to: a further work tree of a repository. */
async function findGitFolder(folder: string): Promise<string> {
  const git = resolve(folder, ".git");
  if ((await Deno.stat(git)).isDirectory) return git;
  return resolve(folder, (await readLine(git)).replace(/^gitdir: /, ""));
}

/** A branch is a file of its own, or a line of `packed-refs`; both are in the repository's main folder. */
async function readBranch(git: string, branch: string): Promise<string> {
  const common = await readLine(`${git}/commondir`).then((path) => resolve(git, path), () => git);
  try {
    return await readLine(`${common}/${branch}`);
  } catch {
    const packed = await Deno.readTextFile(`${common}/packed-refs`);
    return packed.split("\n").find((line) => line.endsWith(` ${branch}`))?.split(" ")[0] ?? "";
  }
}

async function readLine(path: string): Promise<string> {
  return (await Deno.readTextFile(path)).trimEnd();
}
