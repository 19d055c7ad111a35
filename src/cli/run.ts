/** argv to command to exit code. */
import { ConfigError, UsageError } from "../core/errors.ts";
import { chooseLook, type Look, PLAIN_LOOK } from "../output/look.ts";
import { createOutput, type Output } from "../output/output.ts";
import { createStatusLine, NO_STATUS, type StatusLine } from "../output/status_line.ts";
import { sanitize } from "../output/sanitize.ts";
import type { Command, Context } from "./command.ts";
import { type CommandRow, COMMANDS } from "./command_table.ts";
import { EXIT } from "./exit_codes.ts";
import {
  GLOBAL_OPTIONS,
  type GlobalName,
  type OptionSpec,
  type ParsedArgs,
  parseOptions,
} from "./options.ts";
import type { CliPorts } from "./ports.ts";
import { PERMISSIONS } from "../use_cases/ports.ts";
import { reportError } from "./report_error.ts";
import { shareTerminal } from "./status_ports.ts";

/** What the scripts of `completions` call: not for people, so it is in no list. */
const COMPLETE_ROW: CommandRow = {
  name: "complete",
  summary: "print what can follow on a line that is not finished",
  permissions: [],
  load: () => import("./completions/complete.ts"),
};

/** Runs the program and returns its exit code; never throws. */
export async function run(argv: readonly string[], given: CliPorts): Promise<number> {
  let ports = given;
  const looksGiven = (name: GlobalName) => argv.includes(`--${name}`);
  let out = makeOutput(looksGiven, ports, { look: PLAIN_LOOK });
  try {
    out = makeOutput(looksGiven, ports, { look: readLook(looksGiven, ports) });
    const { name, rest } = splitCommand(argv);
    const row = name === undefined || name === "help"
      ? undefined
      : await findCommand(name, rest, ports);
    const command = (await row?.load())?.command;
    const args = parseOptions<string>(rest, [...command?.options ?? [], ...GLOBAL_OPTIONS]);
    const look = readLook(args.has, ports);
    const status = chooseStatus(args.has, ports, { look });
    ports = shareTerminal(given, status);
    out = makeOutput(args.has, ports, { look, status });
    if (args.has("version")) {
      const { printVersion } = await import("./version/print_version.ts");
      return await printVersion(out, ports);
    }
    if (name === "help") return await printHelpOn(args, { out, ports });
    const configFile = args.value("config");
    if (args.has("help")) return await printHelp(row, command, { out, ports, configFile });
    const context: Context<string> = {
      ports,
      out,
      args,
      configFile,
      trustConfig: args.has("trust-config"),
    };
    if (args.passthrough !== undefined) checkPassthrough(args.passthrough, command);
    ports.checkRuntime();
    if (row !== undefined && command !== undefined) {
      ports.dropPermissions(PERMISSIONS.filter((each) => !row.permissions.includes(each)));
      return await command.run(context);
    }
    if (isInteractive(context)) return await (await import("./menu.ts")).run(context);
    return await explainUsage(out);
  } catch (error) {
    const reason = ports.signal.aborted ? ports.signal.reason : error;
    return reportError(reason, out);
  }
}

/**
 * Returns the command's name, and all other arguments in order. Only global options can be before
 * the name; after another option there is no name, and the parser reports that option.
 */
function splitCommand(argv: readonly string[]): { name: string | undefined; rest: string[] } {
  for (let index = 0; index < argv.length; index++) {
    const arg = argv[index] as string;
    if (arg === "-" || !arg.startsWith("-")) {
      return { name: arg, rest: [...argv.slice(0, index), ...argv.slice(index + 1)] };
    }
    const spec = findGlobalOption(arg);
    if (spec === undefined) break;
    if (spec.value !== undefined && !arg.includes("=")) index++;
  }
  return { name: undefined, rest: [...argv] };
}

/** Of several short options in one argument the last one can take a value. */
function findGlobalOption(arg: string): OptionSpec | undefined {
  const [name = ""] = arg.split("=");
  const letter = name.startsWith("--") ? undefined : name.at(-1);
  return GLOBAL_OPTIONS.find((spec: OptionSpec) =>
    name === `--${spec.name}` || (letter !== undefined && letter === spec.short)
  );
}

async function findCommand(
  name: string,
  rest: readonly string[],
  ports: CliPorts,
): Promise<CommandRow> {
  const row = [...COMMANDS, COMPLETE_ROW].find((each) => each.name === name);
  if (row !== undefined) return row;
  const { explainUnknownCommand } = await import("./unknown_command.ts");
  throw await explainUnknownCommand(name, rest, ports);
}

/** The arguments after `--` are a command to run, where there can be one. */
function checkPassthrough([program]: readonly string[], command: Command | undefined): void {
  if (command?.takesCommand && program !== undefined && program !== "") return;
  throw command?.takesCommand
    ? new UsageError("missing argument COMMAND after --", {
      hint: `usage: spknock ${command.usage.at(-1)}`,
    })
    : new UsageError("no arguments are allowed after --", { hint: "leave the -- out" });
}

function isInteractive({ ports, out }: Context): boolean {
  return ports.stdin.isTerminal() && ports.stderr.isTerminal() && !out.json;
}

async function explainUsage(out: Output): Promise<number> {
  if (out.json) throw new UsageError("missing argument COMMAND", { hint: "spknock --help" });
  const { renderHelp } = await import("./help.ts");
  out.error(renderHelp({ width: out.width }).trimEnd());
  return EXIT.usage;
}

/** `spknock help [COMMAND|TOPIC]`. */
async function printHelpOn(
  args: ParsedArgs<GlobalName>,
  { out, ports }: Pick<HelpContext, "out" | "ports">,
): Promise<number> {
  const [name] = args.positionals;
  const configFile = args.value("config");
  const { HELP_TOPICS } = await import("./help.ts");
  const topic = name !== undefined && Object.hasOwn(HELP_TOPICS, name)
    ? HELP_TOPICS[name]?.(out)
    : undefined;
  if (topic !== undefined) return printText(topic, out);
  const row = name === undefined || name === "help"
    ? undefined
    : await findCommand(name, [], ports);
  return await printHelp(row, (await row?.load())?.command, { out, ports, configFile });
}

/** What the help is made for. */
type HelpContext = Pick<Context, "out" | "ports" | "configFile">;

async function printHelp(
  row: CommandRow | undefined,
  command: Command | undefined,
  context: HelpContext,
): Promise<number> {
  const { out } = context;
  const { renderCommandHelp, renderHelp } = await import("./help.ts");
  if (row === undefined || command === undefined) return printText(renderHelp(out), out);
  const file = await findTargetsFile(context);
  return printText(renderCommandHelp(row, command, { width: out.width, file }), out);
}

/** The file of targets for the help; undefined where no variable tells where it is. */
async function findTargetsFile(context: HelpContext): Promise<string | undefined> {
  const { targetsPath } = await import("./context.ts");
  try {
    return sanitize(await targetsPath(context));
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function printText(text: string, out: Output): number {
  out.print(text);
  out.value({ help: text });
  return EXIT.done;
}

function readLook(has: (name: GlobalName) => boolean, { env }: Pick<CliPorts, "env">): Look {
  return chooseLook(env, { noColor: has("no-color"), plain: has("plain") });
}

/** The status line of a run; none with `--json` and `--quiet`, and elsewhere than on a terminal. */
function chooseStatus(
  has: (name: GlobalName) => boolean,
  ports: CliPorts,
  { look }: { look: Look },
): StatusLine {
  const isShown = look.canRedraw(ports.stderr) && !has("json") && !has("quiet");
  return isShown ? createStatusLine(ports) : NO_STATUS;
}

/** The output of a run; before the command line is parsed, by what the arguments look like. */
function makeOutput(
  has: (name: GlobalName) => boolean,
  { stdout, stderr }: CliPorts,
  { look, status = NO_STATUS }: { look: Look; status?: StatusLine },
): Output {
  const [json, quiet, verbose] = [has("json"), has("quiet"), has("verbose")];
  return createOutput({ stdout, stderr, json, quiet, verbose, look, status });
}
