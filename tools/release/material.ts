/** What an archive has beside its executable, and where. */
import type { ArchiveFile } from "./archive.ts";
import { isWindows, type Target } from "./targets.ts";

const ROOT = new URL("../../", import.meta.url);

/** What README.md leads to is there, too: folders with all that they have. */
const DOCUMENTS = [
  ...["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"],
  ...["targets.example.toml", "targets.schema.json", "docs/"],
];

/** Where each shell looks for completions, below a prefix such as /usr/local. */
const COMPLETIONS = {
  bash: "share/bash-completion/completions/spknock",
  fish: "share/fish/vendor_completions.d/spknock.fish",
  powershell: "share/spknock/spknock.ps1",
  zsh: "share/zsh/site-functions/_spknock",
} as const;

/** The text of each document, manual page and completion, by where it is installed below a prefix. */
export async function readMaterial(): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  for (const document of DOCUMENTS) {
    for await (const name of listFiles(document)) {
      files.push(makeDocument(name, await Deno.readFile(new URL(name, ROOT))));
    }
  }
  return [...files, ...await readManual(), ...await makeCompletions()]
    .sort((a, b) => a.path < b.path ? -1 : 1);
}

/** Returns the file of a document, by its path below the folder of all of them. */
export function makeDocument(name: string, content: string | Uint8Array<ArrayBuffer>): ArchiveFile {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { path: `share/doc/spknock/${name}`, bytes };
}

/** The files of a folder, which ends in "/", and of all below it; or the one file that it is. */
async function* listFiles(name: string): AsyncGenerator<string> {
  if (!name.endsWith("/")) return yield name;
  for await (const entry of Deno.readDir(new URL(name, ROOT))) {
    yield* listFiles(`${name}${entry.name}${entry.isDirectory ? "/" : ""}`);
  }
}

async function readManual(): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  const folder = new URL("man/", ROOT);
  for await (const { name } of Deno.readDir(folder)) {
    const section = /\.(\d)$/.exec(name)?.[1];
    if (section === undefined) continue;
    const path = `share/man/man${section}/${name}`;
    files.push({ path, bytes: await Deno.readFile(new URL(name, folder)) });
  }
  return files;
}

async function makeCompletions(): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  for (const [shell, path] of Object.entries(COMPLETIONS)) {
    files.push({ path, bytes: await runProgram(["completions", shell]) });
  }
  return files;
}

async function runProgram(words: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const flags: string[] = JSON.parse(Deno.env.get("SPKNOCK_DENO_FLAGS") ?? "[]");
  const main = new URL("main.ts", ROOT).href;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", ...flags, "-P=spknock", main, ...words],
    stdin: "null",
  }).output();
  if (success) return stdout;
  throw new Error(`spknock ${words.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/**
 * Returns the files of a target's archive. The folders are those of /usr and /usr/local, so that
 * unpacking is installing, also for a packager; Windows, which has none of them, gets one folder.
 */
export function layOut(
  target: Target,
  { version, executable, material }: {
    version: string;
    executable: Uint8Array<ArrayBuffer>;
    material: readonly ArchiveFile[];
  },
): ArchiveFile[] {
  const top = `spknock-${version}-${target}`;
  if (isWindows(target)) {
    const ours = /^share\/(?:doc\/)?spknock\//;
    const useful = material.filter(({ path }) => ours.test(path));
    const flat = useful.map((file) => ({ ...file, path: file.path.replace(ours, "") }));
    return [{ path: "spknock.exe", bytes: executable }, ...flat]
      .map((file) => ({ ...file, path: `${top}/${file.path}` }));
  }
  return [{ path: "bin/spknock", bytes: executable, isExecutable: true }, ...material]
    .map((file) => ({ ...file, path: `${top}/${file.path}` }));
}
