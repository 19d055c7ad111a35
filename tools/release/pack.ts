/** From a folder of executables to the folder of a release. */
import { type ArchiveFile, makeTarGz, makeZip } from "./archive.ts";
import { layOut } from "./material.ts";
import { isWindows, nameArchive, nameExecutable, TARGETS } from "./targets.ts";

/** What a release is made of. */
interface Release {
  version: string;
  /** Every file of every archive has this time. */
  time: Date;
  /** Documents, manual and completions. */
  material: readonly ArchiveFile[];
  /** The list of what is inside, by its file name. */
  sbom: { name: string; text: string };
}

/**
 * Packs every executable of a folder, and writes SHA256SUMS over what it made.
 *
 * @returns the names of all files, sorted.
 * @throws {Error} if there is no executable, or a file that is not one of a known target.
 */
export async function packRelease(
  release: Release,
  { from, to }: { from: string; to: string },
): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(from))).map(({ name }) => name);
  const targets = TARGETS.filter((target) => names.includes(nameExecutable(target)));
  const unknown = names.filter((name) =>
    !targets.some((target) => nameExecutable(target) === name)
  );
  if (unknown.length > 0) throw new Error(`not an executable of a release: ${unknown.join(", ")}`);
  if (targets.length === 0) throw new Error(`there is no executable in ${from}`);
  await Deno.mkdir(to, { recursive: true });
  if ((await Array.fromAsync(Deno.readDir(to))).length > 0) throw new Error(`${to} is not empty`);
  for (const target of targets) {
    const executable = await Deno.readFile(`${from}/${nameExecutable(target)}`);
    const files = layOut(target, { ...release, executable });
    const bytes = isWindows(target)
      ? makeZip(files, release.time)
      : await makeTarGz(files, release.time);
    await Deno.writeFile(`${to}/${nameArchive(target)}`, bytes);
  }
  await Deno.writeTextFile(`${to}/${release.sbom.name}`, release.sbom.text);
  const made = [...targets.map(nameArchive), release.sbom.name].sort();
  const lines: string[] = [];
  for (const name of made) lines.push(`${await hashFile(`${to}/${name}`)}  ${name}\n`);
  await Deno.writeTextFile(`${to}/SHA256SUMS`, lines.join(""));
  return ["SHA256SUMS", ...made];
}

async function hashFile(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return new Uint8Array(digest).toHex();
}
