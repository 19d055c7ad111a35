/** How ssh starts this program, and where its files are. */
import { UsageError } from "../../../core/errors.ts";
import { findHome } from "../../../core/system/home.ts";
import { quoteShell } from "../../../core/text.ts";
import type { Context } from "../../command.ts";
import type { CliPorts } from "../../ports.ts";
import { escapeTokens, type RenderStart } from "./ssh_blocks.ts";

/**
 * Returns the folder that `.ssh` is in.
 *
 * @throws {UsageError}
 */
export function requireHome(ports: Pick<CliPorts, "env" | "os">, hint: string): string {
  const home = findHome(ports);
  if (home !== undefined) return home;
  const name = ports.os === "windows" ? "USERPROFILE" : "HOME";
  throw new UsageError(`cannot find ~/.ssh: ${name} is not set`, { hint });
}

/**
 * Returns how ssh's shell starts a command: the program as the PATH has it, and the file of targets.
 *
 * @param program another one, by its name or path.
 */
export async function makeStart(
  { configFile, ports }: Pick<Context, "configFile" | "ports">,
  program?: string,
): Promise<RenderStart> {
  const { readConfigVariable } = await import("../../../config/mod.ts");
  const words = program !== undefined
    ? [/[/\\]/.test(program) ? toAbsolute(program, ports.cwd()) : program]
    : await isInPath("spknock", ports)
    ? ["spknock"]
    : ports.listStartWords();
  const config = configFile ?? readConfigVariable(ports.env);
  const options = config === undefined ? [] : ["--config", toAbsolute(config, ports.cwd())];
  refuseControlCharacters([...words, ...options].join(" "));
  return (command) =>
    [...words, command, ...options].map((word) => escapeTokens(quoteShell(word))).join(" ");
}

/** Whether a shell finds a program of this name. */
async function isInPath(name: string, { env, fs, os }: CliPorts): Promise<boolean> {
  const [separator, ending] = os === "windows" ? [";", ".exe"] : [":", ""];
  const folders = (env("PATH") ?? "").split(separator).filter((folder) => folder !== "");
  const found = await Promise.all(folders.map(async (folder) => {
    const facts = await fs.stat(`${folder}/${name}${ending}`).catch(() => undefined);
    return facts?.isFile === true && (facts.mode === null || (facts.mode & 0o111) !== 0);
  }));
  return found.includes(true);
}

/** A line of ssh's configuration cannot have them, quoted or not. */
function refuseControlCharacters(line: string): void {
  // deno-lint-ignore no-control-regex
  if (!/[\x00-\x1f\x7f]/.test(line)) return;
  throw new UsageError(
    "the file's name has control characters, which ssh's configuration cannot express",
    { hint: "give the file another name" },
  );
}

function toAbsolute(path: string, folder: string): string {
  return /^(?:[/\\]|[A-Za-z]:[\\/])/.test(path) ? path : `${folder}/${path}`;
}
