/** How ssh starts this program, and where its files are. */
import { UsageError } from "../../../core/errors.ts";
import { findHome } from "../../../core/system/home.ts";
import { isAbsolute } from "../../../config/paths.ts";
import { listProgramPaths } from "../../../core/system/programs.ts";
import type { Context } from "../../command.ts";
import type { CliPorts } from "../../ports.ts";
import { makeSshStart, type SshStart } from "./ssh_words.ts";

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
 * Returns how ssh starts a command: the program as the PATH has it, and the file of targets.
 *
 * @param program another one, by its name or path.
 */
export async function makeStart(
  { configFile, ports }: Pick<Context, "configFile" | "ports">,
  program?: string,
): Promise<SshStart> {
  const { readConfigVariable } = await import("../../../config/mod.ts");
  const words = program !== undefined
    ? [/[/\\]/.test(program) ? toAbsolute(program, ports) : program]
    : await isInPath("spknock", ports)
    ? ["spknock"]
    : ports.listStartWords();
  const config = configFile ?? readConfigVariable(ports.env);
  const options = config === undefined ? [] : ["--config", toAbsolute(config, ports)];
  refuseControlCharacters([...words, ...options].join(" "));
  return makeSshStart((command) => [...words, command, ...options], ports);
}

/** Whether ssh finds a program of this name; on Windows it looks for an executable alone. */
async function isInPath(name: string, { env, fs, os }: CliPorts): Promise<boolean> {
  const program = os === "windows" ? `${name}.exe` : name;
  const found = await Promise.all(
    listProgramPaths(program, { env, os }).map(async (path) => {
      const facts = await fs.stat(path).catch(() => undefined);
      return facts?.isFile === true && (facts.mode === null || (facts.mode & 0o111) !== 0);
    }),
  );
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

function toAbsolute(path: string, { cwd, os }: Pick<CliPorts, "cwd" | "os">): string {
  return isAbsolute(path) ? path : `${cwd()}${os === "windows" ? "\\" : "/"}${path}`;
}
