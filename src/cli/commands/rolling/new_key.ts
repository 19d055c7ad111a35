/** `rolling new`: a key, and the target that uses it. */
import { parseDuration, renderDuration } from "../../../core/duration.ts";
import { ValueError } from "../../../core/errors.ts";
import { parsePort } from "../../../core/knock.ts";
import { DEFAULT_ROLLING, MAX_SLOTS, type Rolling, WINDOW_LIMITS } from "../../../core/rolling.ts";
import { parseServices } from "../../../core/service.ts";
import { parseHost, parseTargetName } from "../../../core/target.ts";
import { plural } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { makeRollingKey } from "../../../use_cases/rolling/make_key.ts";
import { parseCount } from "../../arguments/target_args.ts";
import { loadForAdding, noteWarnings, refuseLegacy, targetsPath } from "../../context.ts";
import { listFileOptions } from "../../doctor_hint.ts";
import { EXIT } from "../../exit_codes.ts";
import { asUsageError } from "../../options.ts";
import type { RollingContext } from "./rolling_options.ts";

/** Makes a key for a target, and saves both. */
export async function makeKey(name: string, context: RollingContext): Promise<number> {
  asUsageError(() => parseTargetName(name));
  const request = readRequest(name, context);
  refuseLegacy(await loadForAdding(context));
  const file = await targetsPath(context);
  const made = await makeRollingKey(request, { file, fs: context.ports.fs });
  noteWarnings(made.warnings, context);
  report(request, context, { ...made, file });
  return EXIT.done;
}

type KeyRequest = Parameters<typeof makeRollingKey>[0];

function readRequest(name: string, { args }: RollingContext): KeyRequest {
  const { windowMs, slots } = DEFAULT_ROLLING;
  const rolling: Rolling = {
    windowMs: args.read("window", parseWindow) ?? windowMs,
    slots: args.read("slots", (text) => parseCount(text, { max: MAX_SLOTS })) ?? slots,
    name: args.read("name", parseOwner),
  };
  return {
    name,
    host: args.read("host", parseHost),
    port: args.read("port", parsePort),
    opens: args.read("open", parseServices),
    rolling,
  };
}

/** Prints what was made, and what comes next. */
function report(
  { name, rolling }: KeyRequest,
  context: RollingContext,
  { file, ...made }: Awaited<ReturnType<typeof makeRollingKey>> & { file: string },
): void {
  const { out } = context;
  const open = made.opens.length === 0 ? ["--open 22/tcp"] : [];
  const words = ["spknock rules", name, "--for nftables", ...open, "--until 1y --save"];
  const next = [...words, ...listFileOptions(context)].join(" ");
  const codes = `${plural(rolling.slots, "code")} every ${renderDuration(rolling.windowMs)}`;
  out.say(
    `made the key ${sanitize(made.path)}: only its owner can read it\n` +
      `${made.isNew ? "saved" : "changed"} ${name} in ${sanitize(file)}: one-time codes to ` +
      `${made.port}/udp, ${codes}\n` +
      `next, the rules for its firewall: ${next}\n`,
  );
  if (made.losesClosingSecret) {
    out.note(
      `note: the closing knocks of ${name} carry no secret now: they close only for their own source`,
    );
  }
  out.value({
    target: name,
    is_new: made.isNew,
    file,
    key_file: made.path,
    host: made.host,
    port: made.port,
    window_ms: rolling.windowMs,
    slots: rolling.slots,
    name: rolling.name ?? name,
    next,
  });
}

/** Returns who has the key. */
function parseOwner(text: string): string {
  try {
    return parseTargetName(text);
  } catch (cause) {
    if (!(cause instanceof ValueError)) throw cause;
    throw new ValueError(text, cause.problem.replace("name a target", "name who has a key"));
  }
}

/** Returns a window in milliseconds. */
function parseWindow(text: string): number {
  const { min, max } = WINDOW_LIMITS;
  const ms = parseDuration(text);
  if (ms >= min && ms <= max && ms % 1_000 === 0) return ms;
  throw new ValueError(
    text,
    `is not a window: use whole seconds from ${renderDuration(min)} to ${renderDuration(max)}`,
  );
}
