/** `one-time`: the sequences that a knockd and its clients take turns with. */
import { resolvePath } from "../../../config/value_specs.ts";
import { UsageError, ValueError } from "../../../core/errors.ts";
import { type GenerateOptions, generateSequences } from "../../../core/knockd/generate.ts";
import { MAX_SEQUENCE } from "../../../core/knockd/sequence.ts";
import { chooseCommands } from "../../../core/system/commands.ts";
import { plural } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { checkNew } from "../../../use_cases/save_file.ts";
import { parseCount } from "../../arguments/target_args.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import { EXIT } from "../../exit_codes.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import { writePieces } from "../../reports/documents/pieces.ts";

const USAGE = "spknock one-time generate [--count N] [--length K] [--output FILE]";
const MAX_COUNT = 10_000;
const DEFAULT_COUNT = 50;
const DEFAULT_LENGTH = 4;

const OPTIONS = [
  { name: "count", value: "N", help: `how many sequences (default: ${DEFAULT_COUNT})` },
  { name: "length", value: "K", help: `knocks of each, 2 to ${MAX_SEQUENCE} (default: 4)` },
  { name: "udp", short: "u", help: "udp knocks (default: tcp)" },
  { name: "mixed", help: "each knock tcp or udp, at random" },
  { name: "output", short: "o", value: "FILE", help: "save here, mode 0600" },
  { name: "force", short: "f", help: "overwrite the file" },
] as const satisfies readonly OptionSpec[];

type OneTimeContext = Context<OptionNames<typeof OPTIONS>>;

/** The command `one-time`. */
export const command = defineCommand({
  usage: ["one-time generate [--count N] [--length K] [--output FILE]"],
  details: "Makes random sequences for One_Time_Sequences of knockd and one_time of a target.\n" +
    "No port is twice in a line, no line is there twice, and no line has its ports in\n" +
    "ascending (or descending) order, so that one sweep over all ports never sends it.",
  options: OPTIONS,
  examples: [
    "one-time generate --count 100 --length 4 --output home.sequences",
    "one-time generate --count 20 --length 6 --udp",
  ],
  async run(context) {
    const { args, ports, out } = context;
    const [action = ""] = requirePositionals(context, { min: 1, usage: USAGE });
    if (action !== "generate") {
      throw new UsageError(`unknown action ${JSON.stringify(action)}: use generate`, {
        hint: `usage: ${USAGE}`,
      });
    }
    const options = readOptions(context);
    const file = args.value("output");
    const force = args.has("force");
    if (force && file === undefined) throw new UsageError("--force has no effect without --output");
    if (file !== undefined) await checkNew(file, { fs: ports.fs, force });
    const lines = generateSequences(options);
    await writeLines(lines, context, { file, force });
    explainUse(options, context, file);
    out.value({
      ...options,
      file: file ?? null,
      sequences: file === undefined ? lines.map((line) => line.trim()) : null,
    });
    return EXIT.done;
  },
});

function readOptions({ args }: OneTimeContext): GenerateOptions {
  if (args.has("udp") && args.has("mixed")) throw new UsageError("choose one: --udp or --mixed");
  return {
    count: args.read("count", (text) => parseCount(text, { max: MAX_COUNT })) ?? DEFAULT_COUNT,
    length: args.read("length", parseLength) ?? DEFAULT_LENGTH,
    protocol: args.has("udp") ? "udp" : args.has("mixed") ? "mixed" : "tcp",
  };
}

function parseLength(text: string): number {
  const length = /^\d+$/.test(text) ? Number(text) : NaN;
  if (length >= 2 && length <= MAX_SEQUENCE) return length;
  throw new ValueError(text, `is not a whole number from 2 to ${MAX_SEQUENCE}`);
}

async function writeLines(
  lines: readonly string[],
  context: OneTimeContext,
  place: { file: string | undefined; force: boolean },
): Promise<void> {
  if (place.file === undefined && context.out.json) return;
  await writePieces(lines.map((line) => `${line}\n`), context, place);
}

/** Says what both sides need. */
function explainUse(
  { count }: GenerateOptions,
  { out, ports }: OneTimeContext,
  file: string | undefined,
): void {
  // A path of the configuration starts from its own folder, not from the current one.
  const name = file === undefined ? "FILE" : sanitize(resolvePath(file, ports.cwd()));
  const made = file === undefined
    ? "save these lines in a file that only you can read"
    : `saved ${plural(count, "one-time sequence")} in ${sanitize(file)}`;
  out.note(
    `${made}\n` +
      `here: spknock add NAME HOST --one-time ${
        chooseCommands(ports.os).quote(name)
      } --opens 22/tcp, or one_time = ` +
      `${JSON.stringify(name)} in a target, instead of knocks\n` +
      "server: a copy of the same file, and in its section of /etc/knockd.conf, instead of " +
      "Sequence, One_Time_Sequences = /etc/knockd/sequences",
  );
}
