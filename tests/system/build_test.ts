/** The commit of a checkout, as git's own files tell it; compared with git's answer. */
import { assertEquals } from "@std/assert";
import { checkoutCommand } from "../e2e/program.ts";
import { table } from "../table.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

async function git(folder: string, ...args: string[]): Promise<string> {
  const identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
  const { code, stdout, stderr } = await new Deno.Command("git", {
    args: [...identity, ...args],
    cwd: folder,
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

/** What the program says of the checkout in this folder, whose sources are this checkout's. */
async function askCommit(folder: string): Promise<unknown> {
  for (const name of ["src", "deno.json", "targets.example.toml"]) {
    await Deno.symlink(`${ROOT}${name}`, `${folder}/${name}`).catch(() => {});
  }
  await Deno.copyFile(`${ROOT}main.ts`, `${folder}/main.ts`);
  const [deno = "", ...args] = checkoutCommand(["--version", "--verbose", "--json"])
    .map((word) => word === `${ROOT}main.ts` ? `${folder}/main.ts` : word);
  const { stdout } = await new Deno.Command(deno, { args, stdin: "null" }).output();
  return JSON.parse(new TextDecoder().decode(stdout))["commit"];
}

table<(folder: string) => Promise<[place: string, commit: string | null]>>(
  "the commit of a checkout",
  {
    "on a branch": async (folder) => [folder, await git(folder, "rev-parse", "HEAD")],
    "on a packed branch": async (folder) => {
      await git(folder, "pack-refs", "--all");
      return [folder, await git(folder, "rev-parse", "HEAD")];
    },
    "on no branch": async (folder) => {
      await git(folder, "checkout", "--quiet", "--detach");
      return [folder, await git(folder, "rev-parse", "HEAD")];
    },
    "in a further work tree": async (folder) => {
      await git(folder, "worktree", "add", "--quiet", "-b", "other", `${folder}/tree`);
      await git(`${folder}/tree`, "commit", "--quiet", "--allow-empty", "-m", "second");
      return [`${folder}/tree`, await git(`${folder}/tree`, "rev-parse", "HEAD")];
    },
    "without git's files": async (folder) => {
      await Deno.remove(`${folder}/.git`, { recursive: true });
      return [folder, null];
    },
  },
  async (prepare) => {
    const folder = await Deno.makeTempDir({ prefix: "spknock-commit-" });
    try {
      await git(folder, "init", "--quiet");
      await git(folder, "commit", "--quiet", "--allow-empty", "-m", "first");
      const [place, commit] = await prepare(folder);
      assertEquals(await askCommit(place), commit);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
