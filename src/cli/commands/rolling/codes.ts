/** `codes`: one-time codes for paper or a friend, with the shell line that sends one. */
import { renderMoment } from "../../../core/duration.ts";
import { UsageError, ValueError } from "../../../core/errors.ts";
import { findWindow, judgeHorizon, type Rolling } from "../../../core/rolling.ts";
import { plural } from "../../../core/text.ts";
import { collectSecrets } from "../../../use_cases/collect_secrets.ts";
import { dropUnusedPermissions } from "../../../use_cases/permissions.ts";
import { isBeforeHorizon, listCodes, toKeyRequest } from "../../../use_cases/rolling/list_codes.ts";
import {
  renderNewRules,
  requireRolling,
  type RollingTarget,
} from "../../../use_cases/rolling/rotate_key.ts";
import { LAST_MOMENT, parseMoment } from "../../arguments/moment.ts";
import { parseCount } from "../../arguments/target_args.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import { findTarget, loadTargets, makeSecretOptions } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import { printCodes } from "../../reports/code_list.ts";

const DEFAULT_COUNT = 5;
const MAX_COUNT = 10_000;

const CODES_OPTIONS = [
  { name: "count", value: "N", help: `how many windows (default: ${DEFAULT_COUNT})` },
  {
    name: "from",
    value: "TIME",
    help: "the first one: 2027-11-25T08:00Z, 12h, 30d (default: now)",
  },
  { name: "window", value: "N", help: "the first one, by its number" },
  { name: "slot", value: "N", help: "one of each window's codes, 0 and up (default: the last)" },
  { name: "former", help: "of the former key, until the firewall has the new rules" },
] as const satisfies readonly OptionSpec[];

type CodesContext = Context<OptionNames<typeof CODES_OPTIONS>>;

/** The command `codes`. */
export const command = defineCommand({
  usage: ["codes TARGET [--count N] [--from TIME] [--slot N]"],
  details: "Prints one code for each of the next windows of time, when it is valid, and the\n" +
    "shell line that sends it: for a phone, a friend, or paper. Who has a code opens\n" +
    "the door with it, once.",
  options: CODES_OPTIONS,
  examples: [
    "codes home --count 20 --from 2027-11-25T08:00Z",
    "codes home --count 1 --json",
  ],
  async run(context) {
    const { args, ports, out } = context;
    const [name = ""] = requirePositionals(context, { min: 1, usage: "spknock codes TARGET" });
    const target = requireRolling(findTarget(await loadTargets(context), name));
    const choice = readChoice(target, context);
    const request = toKeyRequest(target, { isFormer: args.has("former") });
    dropUnusedPermissions([], ports, { knocks: request.knocks });
    const [[bytes] = []] = await collectSecrets([request], ports, makeSecretOptions(context));
    const codes = await listCodes(target, { ...choice, key: new TextDecoder().decode(bytes) });
    noteDoubts(target, { ...choice, given: codes.length }, context);
    printCodes(target, { codes, slot: choice.slot }, { out });
    return EXIT.done;
  },
});

/** Which codes the options name. */
function readChoice(
  { rolling }: RollingTarget,
  { args }: CodesContext,
): { first: number; count: number; slot: number } {
  if (args.has("from") && args.has("window")) {
    throw new UsageError("choose one: --from or --window");
  }
  const now = Date.now();
  const from = args.read("from", (text) => parseMoment(text, now)) ?? now;
  return {
    first: args.read("window", (text) => parseWindowNumber(text, rolling)) ??
      findWindow(rolling, from),
    count: args.read("count", (text) => parseCount(text, { max: MAX_COUNT })) ?? DEFAULT_COUNT,
    slot: args.read("slot", (text) => parseSlot(text, rolling)) ?? rolling.slots - 1,
  };
}

function parseWindowNumber(text: string, rolling: Rolling): number {
  const end = findWindow(rolling, LAST_MOMENT);
  if (/^\d+$/.test(text) && Number(text) < end) return Number(text);
  throw new ValueError(text, `is not the number of a window: use a whole number below ${end}`);
}

function parseSlot(text: string, { slots }: { slots: number }): number {
  if (/^\d+$/.test(text) && Number(text) < slots) return Number(text);
  throw new ValueError(text, `is not a slot: use a whole number from 0 to ${slots - 1}`);
}

/** Says what the firewall may not take. */
function noteDoubts(
  target: RollingTarget,
  { first, count, given }: { first: number; count: number; given: number },
  { args, out }: CodesContext,
): void {
  const { name, rolling } = target;
  const end = renderMoment(rolling.until ?? 0);
  if (given < count) {
    out.note(`warning: the firewall has codes until ${end}: ${plural(given, "code")} only`);
  }
  if (judgeHorizon(rolling, Date.now()) === "last") {
    out.note(
      `warning: the firewall has codes until ${end} only; write new rules: ${renderNewRules(name)}`,
    );
  }
  if (isBeforeHorizon(target, first)) {
    out.note(`warning: the first of these codes are from before the rules: the firewall has none`);
  }
  if (rolling.formerKey !== undefined && !args.has("former")) {
    out.note(
      `note: the rotation of ${name} is not finished: a firewall with the former rules takes only ` +
        "codes of the former key, from --former",
    );
  }
}
