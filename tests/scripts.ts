/** What is right in the languages of shells, without running it. */
import powershell from "tree-sitter-powershell/tree-sitter-powershell.wasm" with { type: "bytes" };
import { Language, Parser } from "web-tree-sitter";

/** Whether shellcheck is here. */
export const HAS_SHELLCHECK: boolean = await isInstalled("shellcheck");

async function isInstalled(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"], stdout: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

/** What shellcheck says about a script, with all that it says by default. */
export async function checkShell(script: string): Promise<string> {
  const child = new Deno.Command("shellcheck", {
    args: ["--format=gcc", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  return new TextDecoder().decode((await output).stdout);
}

await Parser.init();
const PARSER = new Parser();
PARSER.setLanguage(await Language.load(powershell));

/** Whether a text is PowerShell, as its grammar of tree-sitter has it. */
export function isPowershell(text: string): boolean {
  const tree = PARSER.parse(text);
  const isRight = tree !== null && !tree.rootNode.hasError;
  tree?.delete();
  return isRight;
}
