/**
 * The program as a bundle: one chunk for each set of modules that is loaded together, `main.js` first.
 * It starts faster than the modules, also inside an executable (docs/decisions.md).
 */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/**
 * Writes the bundle into an empty folder.
 *
 * @param flags where the dependencies come from, and the configuration.
 * @returns the paths of its chunks, without `main.js`.
 * @throws {Error} if the program cannot be bundled; deno's own words are on stderr.
 */
export async function writeBundle(folder: string, flags: readonly string[]): Promise<string[]> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "-q", ...flags, "--code-splitting", "--outdir", folder, "main.ts"],
    cwd: ROOT,
    stdout: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the program could not be bundled");
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  for (const name of names) await hideDynamicImports(`${folder}/${name}`);
  return names.filter((name) => name !== "main.js").map((name) => `${folder}/${name}`);
}

/** Deno reads all modules that a literal `import("...")` names at the start: 14 of 22 ms, measured. */
async function hideDynamicImports(file: string): Promise<void> {
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(
    file,
    text.replaceAll(/\bimport\(("\.\/[^"]+")\)/g, "import(String($1))"),
  );
}
