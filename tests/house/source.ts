/** The sources of the project as text, and what they import and export. */

/** The project's root folder. */
export const ROOT = new URL("../../", import.meta.url);

/** One source file. */
export interface SourceFile {
  /** From the root: `src/cli/run.ts`. */
  path: string;
  text: string;
}

/** One import of a project file. */
export interface Import {
  from: string;
  /** The file that is imported, from the root. */
  to: string;
  /** The imported names; `*` for a namespace, an `export *` or a dynamic import. */
  names: string[];
}

/** Reads every `.ts` file below the folders, and `main.ts`. */
export async function readSources(folders: readonly string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const folder of folders) await readFolder(folder, files);
  const text = await Deno.readTextFile(new URL("main.ts", ROOT));
  return [...files, { path: "main.ts", text }].sort((a, b) => a.path < b.path ? -1 : 1);
}

async function readFolder(folder: string, files: SourceFile[]): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}/${name}`;
    if (isDirectory) await readFolder(path, files);
    else if (name.endsWith(".ts")) {
      files.push({ path, text: await Deno.readTextFile(new URL(path, ROOT)) });
    }
  }
}

const STATIC_IMPORT =
  /^(import|export)\s+(?:type\s+)?(?:(\*(?:\s+as\s+\w+)?)|(\w+)|\{([^}]*)\})\s+from\s+"(\.[^"]+)"/gms;
const DYNAMIC_IMPORT =
  /(?:const\s+\{([^}]*)\}\s*=\s*(?:await\s+)?)?import\(\s*"(\.[^"]+)"\s*\)(?:\)\.(\w+))?/gs;
/** What a table of loaders (`load: () => import("./x.ts")`) takes from a module. */
const LOADED_NAMES = ["command", "probe", "reader", "exporter", "createPrompter", "KIND"];

/** Returns every import of a project file, `import type`, `import()` and `export ... from` included. */
export function findImports(file: SourceFile): Import[] {
  return [...findUses(file), ...findReexports(file)];
}

/** Returns the imports of a file that it uses itself. */
export function findUses(file: SourceFile): Import[] {
  const lazy = [...file.text.matchAll(DYNAMIC_IMPORT)].map(([, list, specifier = "", name]) => ({
    from: file.path,
    to: resolve(specifier, file),
    names: list !== undefined
      ? readNames(list.replaceAll(":", " as "))
      : name !== undefined
      ? [name]
      : LOADED_NAMES,
  }));
  return [...findStatic(file, "import"), ...lazy];
}

/** Returns what a file passes on (`export ... from`). */
export function findReexports(file: SourceFile): Import[] {
  return findStatic(file, "export");
}

function findStatic(file: SourceFile, keyword: "import" | "export"): Import[] {
  return [...file.text.matchAll(STATIC_IMPORT)].filter(([, found]) => found === keyword)
    .map(([, , star, name, list, specifier = ""]) => ({
      from: file.path,
      to: resolve(specifier, file),
      names: star !== undefined ? ["*"] : name !== undefined ? ["default"] : readNames(list),
    }));
}

function resolve(specifier: string, { path }: SourceFile): string {
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}

/** `type A, b as c` to `A`, `b`. */
function readNames(list = ""): string[] {
  return list.replaceAll(/\/\/.*$/gm, "").split(",")
    .map((name) => name.trim().replace(/^type\s+/, "").split(/\s+as\s+/)[0]?.trim() ?? "")
    .filter((name) => name !== "");
}

const DECLARATION =
  /^export\s+(?:async\s+)?(?:function\*?|const|let|class|interface|type|enum)\s+(\w+)/gm;

/** Returns the names that a file declares and exports. */
export function findExports({ text }: SourceFile): string[] {
  return [...text.matchAll(DECLARATION)].map(([, name = ""]) => name);
}
