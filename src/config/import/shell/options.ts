/** Options of the tools, read by `node:util` as getopt does; each tool has a table of its own. */
import { parseArgs } from "node:util";
import { NotAKnock } from "./tool.ts";

/** What an option of a tool means for a knock. */
interface ToolOption {
  short?: string;
  /** Whether it has a value. */
  hasValue?: true;
  /** With it the command is something else than a knock: what. */
  other?: string;
  /** What a target cannot express. */
  refused?: string;
}

/** The options of a tool, by their long names; those without a note are read, or change no packet. */
export type ToolOptions = Readonly<Record<string, ToolOption>>;

/** A command line with its options taken apart. */
export interface ToolArgs {
  has(name: string): boolean;
  /** The last value. */
  value(name: string): string | undefined;
  positionals: readonly string[];
}

/**
 * Returns the options and positionals.
 *
 * @throws {NotAKnock}, {RangeError} where an option says so, or the tool does not have it.
 */
export function readOptions(args: readonly string[], options: ToolOptions): ToolArgs {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(options).map(([name, { short, hasValue }]) => [name, {
        type: hasValue ? "string" as const : "boolean" as const,
        ...(short === undefined ? {} : { short }),
      }]),
    ),
  });
  const values = new Map<string, string>();
  const positionals: string[] = [];
  // What makes a command something else comes before what a target cannot express.
  let refused: string | undefined;
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (option?.other !== undefined) throw new NotAKnock(option.other);
    refused ??= findRefusal(option, token.value);
    values.set(token.name, token.value ?? "");
  }
  if (refused !== undefined) throw new RangeError(refused);
  return { has: (name) => values.has(name), value: (name) => values.get(name), positionals };
}

function findRefusal(option: ToolOption | undefined, value: string | undefined) {
  if (option === undefined) return "the tool does not have one of the options";
  if (option.hasValue && value === undefined) return "an option has no value";
  return option.refused;
}
