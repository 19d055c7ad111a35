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

/** What a session can need that a test without root does not have, and what is done with it instead. */
export const NEEDS = {
  "a server": "as root, run against a server in a network namespace (tests/kernel/pages_test.ts)",
  "a release": "run by the installation test, which makes a release folder",
  "Ansible": "as root, run by tests/kernel/ansible_test.ts",
  "a checkout": "it is the one that the tests run in: they do what its lines say",
  "a terminal": "someone answers its questions, or ends it by Ctrl-C; tests/e2e has such runs",
} as const;

/** Commands of a document with what they print. */
export interface Session {
  text: string;
  /** Undefined where it is run everywhere. */
  needs: keyof typeof NEEDS | undefined;
  /** It does not show what its commands print; each of them has to end well. */
  isOnlyCommands: boolean;
  /** A comment, which readers do not see. */
  isHidden: boolean;
}

/**
 * Returns the sessions of a document, in order: its blocks with a line `$ ...`, and its comments
 * `<!-- session`. After "console" or "session" there can be "commands" and "needs ...".
 */
export function listSessions(text: string): Session[] {
  const blocks = text.matchAll(/^```(.*)\n([^]*?)^```$|^<!-- (session.*)\n([^]*?)^-->$/gm);
  return [...blocks].flatMap(([, info = "", block = "", hidden, setup = ""]) => {
    const isHidden = hidden !== undefined;
    const match = /^(?:console|session|(?=$))(?:( commands))?(?: needs (.+))?$/.exec(
      hidden ?? info,
    );
    if (match === null || !(isHidden || /^\$ /m.test(block))) return [];
    const [, commands, needs] = match;
    if (needs !== undefined && !isNeed(needs)) throw new Error(`unknown need: ${needs}`);
    const isOnlyCommands = commands !== undefined;
    return [{ text: isHidden ? setup : block, needs, isOnlyCommands, isHidden }];
  });
}

function isNeed(text: string): text is keyof typeof NEEDS {
  return Object.hasOwn(NEEDS, text);
}
