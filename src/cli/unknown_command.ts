/** What a word is that is not a command: perhaps the name of a target, or a host with ports. */
import { UsageError } from "../core/errors.ts";
import { suggest } from "../core/suggest.ts";
import { isPortLike } from "./arguments/target_args.ts";
import { COMMANDS } from "./command_table.ts";
import { readTargetsQuietly } from "./context.ts";
import { GLOBAL_OPTIONS, parseOptions } from "./options.ts";
import type { CliPorts } from "./ports.ts";

/** Words of other programs, and the command that means the same; undefined where none does. */
const MEANINGS: Readonly<Record<string, string | undefined>> = {
  open: "knock",
  send: "knock",
  check: "probe",
  test: "probe",
  status: "probe",
  proxy: "connect",
  lock: "close",
  ls: "list",
  new: "add",
  create: "add",
  mv: "rename",
  rm: "remove",
  delete: "remove",
  firewall: "rules",
  exit: undefined,
  clone: undefined,
};

/** The command that a word means, or is a slip of. */
function findCommandLike(word: string): string | undefined {
  const lower = word.toLowerCase();
  return Object.hasOwn(MEANINGS, lower)
    ? MEANINGS[lower]
    : suggest(word, COMMANDS.map((row) => row.name));
}

/** Returns the error for an unknown command, with the command that may be meant. */
export async function explainUnknownCommand(
  name: string,
  rest: readonly string[],
  ports: CliPorts,
): Promise<UsageError> {
  const targets = await readTargetsQuietly({ ports, configFile: findConfigFile(rest) });
  const knock = (target: string) => `did you mean: spknock knock ${target}`;
  const portWords = rest.filter(isPortLike);
  const isHost = /[.:]/.test(name) && portWords.length > 0;
  const command = findCommandLike(name);
  const target = suggest(name, [...targets.keys()]);
  const hint = targets.has(name)
    ? knock(name)
    : isHost
    ? knock([name, ...portWords].join(" "))
    : command !== undefined
    ? `did you mean ${command}?`
    : target !== undefined
    ? knock(target)
    : "see the commands with: spknock --help";
  return new UsageError(`unknown command "${name}"`, { hint });
}

/** The file of `--config`; of a command line that cannot be parsed, none. */
function findConfigFile(rest: readonly string[]): string | undefined {
  try {
    return parseOptions(rest, GLOBAL_OPTIONS).value("config");
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
