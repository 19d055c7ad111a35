/** argv to command to exit code. */
import { UsageError } from "../core/errors.ts";
import type { CommandSpec } from "./commands.ts";
import { createOutput, type Output } from "../output/output.ts";
import { COMMANDS } from "./commands.ts";
import type { Context } from "./context.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { GLOBAL_OPTIONS, type ParsedArgs, parseOptions } from "./options.ts";
import type { Ports } from "./ports.ts";

/** Runs the program and returns its exit code; never throws. */
export async function run(argv: readonly string[], ports: Ports): Promise<number> {
  let out = makeOutput(argv, ports);
  try {
    const { name, rest } = splitCommand(argv);
    const command = name === undefined ? undefined : await findCommand(name);
    const args = parseOptions(rest, [...(command?.options ?? []), ...GLOBAL_OPTIONS]);
    out = makeOutput(args, ports);
    if (args.has("version")) return await printVersion(out);
    if (args.has("help") || name === "help") return await printHelp(out, command ?? args.words[0]);
    const context: Context = {
      ports,
      out,
      args,
      color: wantsColor(args, ports),
      plain: args.has("plain"),
      configFile: args.text("config"),
    };
    if (args.rest !== undefined) checkRest(args.rest, command);
    if (command !== undefined) return await (await command.load()).run(context);
    if (isInteractive(context)) return await (await import("./menu.ts")).run(context);
    return await explainUsage(out);
  } catch (error) {
    const reason = ports.signal.aborted ? ports.signal.reason : error;
    return reportFailure(reason, out);
  }
}

/** The command's name, and everything else in order. */
function splitCommand(argv: readonly string[]): { name: string | undefined; rest: string[] } {
  // Options before the command are global ones; a wrong one shows itself in the second parse.
  const known = parseGlobals(argv);
  const name = known?.words[0];
  if (name === undefined) return { name: undefined, rest: [...argv] };
  const at = argv.length - (known?.words.length ?? 0) - (known?.rest ? known.rest.length + 1 : 0);
  return { name, rest: [...argv.slice(0, at), ...argv.slice(at + 1)] };
}

function parseGlobals(argv: readonly string[]): ParsedArgs {
  return parseOptions(argv, GLOBAL_OPTIONS, { stopEarly: true });
}

async function findCommand(name: string) {
  if (name === "help") return undefined;
  const command = COMMANDS.find((command) => command.name === name);
  if (command !== undefined) return command;
  const { suggest } = await import("../core/suggest.ts");
  const near = suggest(name, COMMANDS.map((command) => command.name));
  throw new UsageError(`there is no command "${name}"`, {
    hint: near === undefined ? "see the commands with: spknock --help" : `did you mean ${near}?`,
  });
}

/** What follows `--` is a command to run, where there can be one. */
function checkRest([program]: string[], command: CommandSpec | undefined): void {
  if (command?.takesCommand && program !== undefined && program !== "") return;
  throw command?.takesCommand
    ? new UsageError("a command is wanted after --", {
      hint: `usage: spknock ${command.usage.at(-1)}`,
    })
    : new UsageError("nothing can follow -- here", { hint: "leave the -- out" });
}

function isInteractive({ ports, out }: Context): boolean {
  return ports.stdin.isTerminal() && ports.stderr.isTerminal() && !out.json;
}

async function explainUsage(out: Output): Promise<number> {
  if (out.json) throw new UsageError("a command is wanted", { hint: "spknock --help" });
  const { renderHelp } = await import("./help.ts");
  out.error(renderHelp().trimEnd());
  return EXIT.usage;
}

async function printVersion(out: Output): Promise<number> {
  const { VERSION } = await import("./version.ts");
  out.print(`spknock ${VERSION}\n`);
  out.value({ name: "spknock", version: VERSION });
  return 0;
}

async function printHelp(
  out: Output,
  command: Awaited<ReturnType<typeof findCommand>> | string,
): Promise<number> {
  const { renderCommandHelp, renderHelp } = await import("./help.ts");
  const spec = typeof command === "string" ? await findCommand(command) : command;
  const text = spec === undefined ? renderHelp() : renderCommandHelp(spec);
  out.print(text);
  out.value({ help: text });
  return 0;
}

function wantsColor(args: ParsedArgs, ports: Ports): boolean {
  return !args.has("no-color") && !ports.env("NO_COLOR") && ports.env("TERM") !== "dumb";
}

/** The voice; before the command line is understood, by what it looks like. */
function makeOutput(args: ParsedArgs | readonly string[], ports: Ports): Output {
  const has = (name: string) => "has" in args ? args.has(name) : args.includes(`--${name}`);
  return createOutput({
    stdout: ports.stdout,
    stderr: ports.stderr,
    json: has("json"),
    quiet: has("quiet"),
    verbose: has("verbose"),
    color: "has" in args && wantsColor(args, ports),
  });
}
