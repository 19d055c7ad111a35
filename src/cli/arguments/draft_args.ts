/** A target to be saved, from the options of `add` and `edit`. */
import type { TargetDraft } from "../../config/changes.ts";
import { parseDuration } from "../../core/duration.ts";
import { UsageError } from "../../core/errors.ts";
import { type Knock, type KnockPayload, parsePortList } from "../../core/knock.ts";
import { parseLogin } from "../../core/target.ts";
import { parseServices, type Service } from "../../core/service.ts";
import { parseSecretOption } from "../../secret/kinds.ts";
import type { SAVE_OPTIONS } from "../option_specs.ts";
import { asUsageError, type OptionNames, type ParsedArgs } from "../options.ts";
import {
  parseCount,
  pickDefined,
  readFamily,
  readPace,
  readProbes,
  readTagList,
} from "./target_args.ts";

/** The options that `add` and `edit` save. */
type SaveArgs = ParsedArgs<OptionNames<typeof SAVE_OPTIONS>>;

/** Reads what the options say about a target; only what was given. */
export async function readDraft(args: SaveArgs): Promise<Partial<Omit<TargetDraft, "name">>> {
  return {
    ...readPace(args),
    ...readFamily(args),
    ...await readProbes(args),
    ...pickDefined({
      opens: args.read("opens", parseOpens),
      copies: args.read("copies", parseCopies),
      openForMs: args.read("open-for", parseDuration),
      stageTimeoutMs: args.read("stage-timeout", parseDuration),
    }),
    ...(args.has("description") ? { description: args.value("description") ?? "" } : {}),
    ...(args.value("source") === "" ? { source: undefined } : {}),
    ...(args.value("admin") === ""
      ? { admin: undefined }
      : pickDefined({ admin: args.read("admin", parseLogin) })),
    ...(args.has("tag") ? { tags: readTags(args.values("tag")) } : {}),
  };
}

/** Reads `--tag`; "" takes the tags away. */
function readTags(tags: readonly string[]): readonly string[] {
  if (!tags.includes("")) return [...new Set(tags.flatMap(readTagList))];
  if (tags.length > 1) throw new UsageError('choose one: --tag "", or other tags');
  return [];
}

/**
 * Reads knocks as the command line writes them; udp ones carry the secret of `--secret`, or
 * `payload`.
 *
 * @param options `option` is where the texts are from, if they are not arguments.
 * @throws {UsageError}
 */
export function readKnocks(
  texts: readonly string[],
  args: SaveArgs,
  { payload = { kind: "secret", source: { kind: "prompt" } }, option }: {
    payload?: KnockPayload | undefined;
    option?: "knock";
  } = {},
): Knock[] {
  const udp = readSecret(args) ?? payload;
  const fallback = args.has("udp") ? "udp" : "tcp";
  const place = option === undefined ? "" : `--${option}: `;
  return texts.flatMap((text) => asUsageError(() => parsePortList(text, fallback), place))
    .map((spec) => ({ ...spec, payload: spec.protocol === "udp" ? udp : { kind: "none" } }));
}

/** Reads `--secret`. */
export function readSecret(args: SaveArgs): KnockPayload | undefined {
  return args.read("secret", parseSecretOption);
}

/**
 * Returns the ports of `22/tcp,443/tcp`, each once; none of `none`.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseOpens(text: string): Service[] {
  return text === "none" ? [] : parseServices(text);
}

function parseCopies(text: string): "auto" | number {
  return text === "auto" ? text : parseCount(text, { max: 10 });
}
