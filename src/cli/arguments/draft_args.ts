/** A target to be saved, from the options of `add` and `edit`. */
import type { TargetDraft } from "../../config/changes.ts";
import { parseDuration } from "../../core/duration.ts";
import { type Knock, type KnockPayload, parsePortList } from "../../core/knock.ts";
import { parseSecretOption } from "../../secret/kinds.ts";
import type { SAVE_OPTIONS } from "../option_specs.ts";
import { asUsageError, type OptionNames, type ParsedArgs } from "../options.ts";
import { parseCount, pickDefined, readFamily, readPace, readProbes } from "./target_args.ts";

/** The options that `add` and `edit` save. */
type SaveArgs = ParsedArgs<OptionNames<typeof SAVE_OPTIONS>>;

/** Reads what the options say about a target; only what was given. */
export async function readDraft(args: SaveArgs): Promise<Partial<Omit<TargetDraft, "name">>> {
  return {
    ...readPace(args),
    ...readFamily(args),
    ...await readProbes(args),
    ...pickDefined({
      copies: args.read("copies", parseCopies),
      openForMs: args.read("open-for", parseDuration),
      stageTimeoutMs: args.read("stage-timeout", parseDuration),
    }),
    ...(args.has("description") ? { description: args.value("description") ?? "" } : {}),
    ...(args.has("tag") ? { tags: args.values("tag") } : {}),
  };
}

/**
 * Reads knocks as the command line writes them; udp ones carry the secret of `--secret`, or
 * `payload`.
 *
 * @throws {UsageError}
 */
export function readKnocks(
  texts: readonly string[],
  args: SaveArgs,
  { payload = { kind: "secret", source: { kind: "prompt" } } }: { payload?: KnockPayload } = {},
): Knock[] {
  const udp = readSecret(args) ?? payload;
  const fallback = args.has("udp") ? "udp" : "tcp";
  return texts.flatMap((text) => asUsageError(() => parsePortList(text, fallback)))
    .map((spec) => ({ ...spec, payload: spec.protocol === "udp" ? udp : { kind: "none" } }));
}

/** Reads `--secret`. */
export function readSecret(args: SaveArgs): KnockPayload | undefined {
  return args.read("secret", parseSecretOption);
}

function parseCopies(text: string): "auto" | number {
  return text === "auto" ? text : parseCount(text, { max: 10 });
}
