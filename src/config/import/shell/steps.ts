/**
 * A line of a shell to the commands that it would start, in order; nothing is run.
 *
 * Loops over words are unrolled; `;`, `&&`, `||`, `&`, `( )` and `{ }` are read as one after the other.
 * What is done only sometimes (`if`, `while`, `case`, functions) is a step that says so, if it has commands.
 */
import type { AndOr, Command, CommandNode, PipelineNode, Statement } from "unbash";
import { listInner, unwrap } from "./commands.ts";
import { findOutput } from "./output.ts";
import { NotAKnock, readSeconds, type ShellInput, UNKNOWN } from "./tool.ts";
import { expandToOne, expandWord, type Variables } from "./words.ts";

/** What a line does. */
export type ShellStep =
  | {
    kind: "call";
    /** The program, without its folder and what starts it, and its arguments. */
    words: readonly string[];
    input: ShellInput;
    /** The file that it prints to. */
    target?: string | undefined;
  }
  | { kind: "pause"; ms: number | undefined }
  /** Commands that run or do not, as it turns out. */
  | { kind: "choice"; words: readonly string[] };

/** More commands than this, assignments among them, are not of a knock. */
const MAX_COMMANDS = 1_000;

/** The steps of a script, and how many commands were read for them. */
interface Walk {
  steps: ShellStep[];
  commands: number;
}

/**
 * Returns the steps of a script.
 *
 * @throws {NotAKnock} where there are too many.
 */
export function listSteps(commands: readonly Statement[]): ShellStep[] {
  const walk: Walk = { steps: [], commands: 0 };
  addStatements(commands, new Map(), walk);
  return walk.steps;
}

/** Returns the variables as they are afterwards. */
function addStatements(
  commands: readonly Statement[],
  variables: Variables,
  walk: Walk,
): Variables {
  let known = variables;
  for (const { command } of commands) known = addList(command, known, walk);
  return known;
}

function addList(
  node: PipelineNode | AndOr,
  variables: Variables,
  walk: Walk,
): Variables {
  if (node.type !== "AndOr") return addPipeline(node, variables, walk);
  let known = variables;
  for (const command of node.commands) known = addPipeline(command, known, walk);
  return known;
}

function addPipeline(node: PipelineNode, variables: Variables, walk: Walk): Variables {
  if (node.type !== "Pipeline") return addCommand(node, variables, walk, undefined);
  let input: ShellInput;
  for (const command of node.commands) {
    const start = walk.steps.length;
    addCommand(command, variables, walk, input);
    const last = walk.steps.length === start + 1 ? walk.steps.at(-1) : undefined;
    input = last?.kind === "call" ? findOutput(last.words) : "unknown";
  }
  return variables;
}

function addCommand(
  node: CommandNode,
  variables: Variables,
  walk: Walk,
  input: ShellInput,
): Variables {
  if (++walk.commands > MAX_COMMANDS) {
    throw new NotAKnock(`the line has more than ${MAX_COMMANDS} commands`);
  }
  switch (node.type) {
    case "Command":
      return addSimple(node, variables, walk, input);
    case "Redirected":
      return addCommand(node.command, variables, walk, input);
    case "Subshell":
      addStatements(node.body.commands, variables, walk);
      return variables;
    case "BraceGroup":
      return addStatements(node.body.commands, variables, walk);
    case "For": {
      const words = node.wordlist?.flatMap((word) => expandWord(word, variables)) ?? [UNKNOWN];
      for (const word of words) {
        addStatements(node.body.commands, new Map([...variables, [node.name.value, word]]), walk);
      }
      return variables;
    }
    default:
      walk.steps.push(...listInner(node).map((words) => ({ kind: "choice" as const, words })));
      return variables;
  }
}

function addSimple(
  node: Command,
  variables: Variables,
  walk: Walk,
  input: ShellInput,
): Variables {
  const words = [...(node.name === undefined ? [] : [node.name]), ...node.args]
    .flatMap((word) => word.type === "Word" ? expandWord(word, variables) : [word.text]);
  const assigned = node.prefix.filter((item) => item.type === "Assignment");
  if (node.name === undefined) {
    return new Map([
      ...variables,
      ...assigned.map(({ name, value }) =>
        [name, value.type === "Word" ? expandToOne(value, variables) : UNKNOWN] as const
      ),
    ]);
  }
  const [name = "", ...args] = unwrap(words);
  if (name === "sleep") {
    walk.steps.push({ kind: "pause", ms: readPause(args) });
    return variables;
  }
  const redirect = node.redirects.find(({ type, operator, descriptor }) =>
    type === "Redirect" && /^(?:&?>>?\|?|<>)$/.test(operator) && descriptor === undefined
  );
  const here = node.redirects.find(({ type }) => type === "HereString");
  walk.steps.push({
    kind: "call",
    words: [name, ...args],
    input: here?.type === "HereString" ? readHere(expandToOne(here.target, variables)) : input,
    target: redirect?.type === "Redirect" ? expandToOne(redirect.target, variables) : undefined,
  });
  return variables;
}

/** `<<< TEXT` ends with a line end. */
function readHere(text: string): ShellInput {
  return text.includes(UNKNOWN) ? "unknown" : new TextEncoder().encode(`${text}\n`);
}

/** Returns milliseconds; undefined where the pause is not known. */
function readPause(args: readonly string[]): number | undefined {
  try {
    return args.reduce((sum, text) => sum + readSeconds(text), 0);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
