/** The documents of the repository, and what is in their code blocks. */
import { ROOT } from "./source.ts";

export { ROOT };

/** A code block, or a hidden session: what follows the fence, and its text. */
export interface Fence {
  /** What follows the three backquotes, such as `console needs a server`. */
  info: string;
  text: string;
}

/** Returns every Markdown file of the repository, by its path. */
export async function listDocuments(): Promise<{ path: string; text: string }[]> {
  const paths = await listPaths(ROOT);
  return await Promise.all(
    paths.sort().map(async (path) => ({
      path,
      text: await Deno.readTextFile(new URL(path, ROOT)),
    })),
  );
}

async function listPaths(folder: URL): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory && !["node_modules", ".git"].includes(name)) {
      paths.push(...await listPaths(url));
    }
    if (!isDirectory && name.endsWith(".md")) paths.push(url.href.slice(ROOT.href.length));
  }
  return paths;
}

/** Returns the code blocks of a document, and its text without them. */
export function splitFences(text: string): { fences: Fence[]; prose: string } {
  const fences: Fence[] = [];
  const prose = text.replace(/^```(.*)\n([^]*?)^```$/gm, (_, info: string, block: string) => {
    fences.push({ info, text: block });
    return "";
  });
  return { fences, prose };
}

/** Commands of a document with what they print. */
interface Session {
  text: string;
  /** What it needs that a test does not have; undefined where it is run. */
  needs: string | undefined;
}

/**
 * Returns the sessions of a document, in order: its blocks with a line `$ ...`, and its comments
 * `<!-- session`, which readers do not see.
 */
export function listSessions(text: string): Session[] {
  const blocks = text.matchAll(/^(?:```(.*)|<!-- (session))\n([^]*?)^(?:```|-->)$/gm);
  return [...blocks].filter(([, info = "", hidden, block = ""]) =>
    hidden !== undefined || (/^(?:console.*|)$/.test(info) && /^\$ /m.test(block))
  ).map(([, info = "", , block = ""]) => ({
    text: block,
    needs: /^console needs (.*)$/.exec(info)?.[1],
  }));
}
