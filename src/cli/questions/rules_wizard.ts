/**
 * The questions of `spknock rules`, in the order in which people think: the machine and its firewall, what
 * runs there or behind it, who is never locked out, what stays public, then guard, ban and times.
 *
 * Each answer is checked together with all answers before it: what the back end does not support, or what
 * contradicts another answer, is asked again at once. What the back end cannot use is not asked.
 */
import { parseMoment } from "../arguments/moment.ts";
import { parseDuration, renderDuration, renderElapsed } from "../../core/duration.ts";
import { ValueError } from "../../core/errors.ts";
import type { Plan } from "../../plan/plan.ts";
import { parseServices } from "../../core/service.ts";
import { DEFAULT_SETTINGS, type Target } from "../../core/target.ts";
import type { Prompter } from "../../prompt/mod.ts";
import {
  type Backend,
  loadBackends,
  needsHorizon,
  parseInterfaces,
  parseTrusted,
} from "../../rules/mod.ts";
import { readNow } from "../arguments/code_args.ts";
import { askForDoors } from "./door_questions.ts";
import {
  askForDraft,
  type Check,
  type Draft,
  passes,
  type QuestionContext,
  withOptions,
} from "./draft_questions.ts";
import { makeValidator } from "./target_questions.ts";

const FAMILIES = [
  { label: "IPv4 and IPv6", value: ["ipv4", "ipv6"] },
  { label: "IPv4 only", value: ["ipv4"] },
  { label: "IPv6 only", value: ["ipv6"] },
] as const;

/** Asks for the firewall. */
export async function askForBackend(
  prompter: Prompter,
): Promise<{ backend: Backend; variant: string | undefined }> {
  const backend = await prompter.select({
    message: "Which firewall",
    options: (await loadBackends()).map((each) => ({
      label: each.name,
      hint: each.summary,
      value: each,
    })),
  });
  if (backend.variants.length === 0) return { backend, variant: undefined };
  const variant = await prompter.select({
    message: "Which variant",
    options: backend.variants.map((name) => ({ label: name, value: name })),
    default: backend.variants[0],
  });
  return { backend, variant };
}

/** Asks for everything else that a plan needs. */
export async function askForPlan(
  prompter: Prompter,
  targets: readonly Target[],
  { backend, check }: { backend: Backend; check: Check },
): Promise<Draft> {
  const context = { prompter, check, supports: backend.supports };
  const draft = startDraft(backend);
  // Knocks that the back end cannot have are refused before the first question about them.
  check({ ...draft, doors: targets.map(openSsh) });
  const doors = await askForDoors(targets, draft, context);
  const guarded = await askForMistakes(await askForSources(doors, context), context);
  const timed = await askForTimes(guarded, context);
  const hasCodes = targets.some(({ rolling }) => rolling !== undefined);
  return hasCodes && needsHorizon(backend) ? await askForHorizon(timed, context) : timed;
}

/** Until the times are asked for, no answer is refused for those of a target. */
function startDraft(backend: Backend): Draft {
  const { openForMs, stageTimeoutMs } = DEFAULT_SETTINGS;
  const guard = backend.supports.guard ? undefined : false;
  const from = readNow();
  const until = needsHorizon(backend) ? parseMoment(USUAL_HORIZON, from) : Infinity;
  return { doors: [], options: { openForMs, stageTimeoutMs, guard, horizon: { from, until } } };
}

/** A door with any service, before it is known what it opens. */
function openSsh(target: Target): Draft["doors"][number] {
  return { target, opens: [{ port: 22, protocol: "tcp" }] };
}

/** Returns the targets that can be in one rule set with this one. */
export function findNeighbours(
  target: Target,
  others: readonly Target[],
  { backend, check }: { backend: Backend; check: Check },
): Target[] {
  const found = [target];
  for (const other of others.filter(({ name }) => name !== target.name)) {
    const doors = [...found, other].map(openSsh);
    if (passes({ ...startDraft(backend), doors }, check)) found.push(other);
  }
  return found.slice(1);
}

/** Who is never locked out, what stays public, and for which packets the rules are. */
async function askForSources(before: Draft, context: QuestionContext): Promise<Draft> {
  const { supports } = context;
  let draft = before;
  if (supports.trusted) {
    draft = await askForDraft({
      message: "Networks that are never locked out, such as 192.168.0.0/24",
      parse: parseTrusted,
      fallback: "none",
      none: [],
      apply: (trusted) => withOptions(before, { trusted }),
    }, context);
  }
  if (supports.publicServices) {
    const trusted = draft;
    draft = await askForDraft({
      message: "Services that stay public, such as 443/tcp",
      parse: parseServices,
      fallback: "none",
      none: [],
      apply: (publicServices) => withOptions(trusted, { publicServices }),
    }, context);
  }
  if (supports.interface) draft = await askForInterfaces(draft, context);
  return await askForFamilies(draft, context);
}

function askForInterfaces(draft: Draft, context: QuestionContext): Promise<Draft> {
  const { interfaceList, interfaces: several } = context.supports;
  const example = interfaceList ? "ether1,list:WAN" : several ? "eth0,ppp0" : "eth0";
  return askForDraft({
    message: `Interfaces of the packets, such as ${example} (all: every one)`,
    parse: (text) => text === "all" ? [] : parseInterfaces(text),
    fallback: "all",
    apply: (interfaces) => withOptions(draft, { interfaces }),
  }, context);
}

async function askForFamilies(
  draft: Draft,
  { prompter, check }: QuestionContext,
): Promise<Draft> {
  const options = FAMILIES.filter(({ value }) =>
    passes(withOptions(draft, { families: value }), check)
  );
  const wanted = new Set(draft.doors.map(({ target }) => target.family));
  const [only] = wanted;
  const isOne = wanted.size === 1 && (only === "ipv4" || only === "ipv6");
  const usual = options.find(({ value }) =>
    value.length === (isOne ? 1 : 2) && (!isOne || value[0] === only)
  );
  if (options.length < 2) return withOptions(draft, { families: options[0]?.value });
  const families = await prompter.select<Plan["families"]>({
    message: "Address families",
    options,
    default: (usual ?? options[0])?.value,
  });
  return withOptions(draft, { families });
}

/** The guard and the ban are for regular knocks: a secret cannot be guessed. */
async function askForMistakes(
  draft: Draft,
  { prompter, check }: QuestionContext,
): Promise<Draft> {
  const isRegular = draft.doors.every(({ target }) =>
    target.knocks.every(({ payload }) => payload.kind === "none")
  );
  if (!isRegular) return draft;
  const guard = passes(withOptions(draft, { guard: true }), check) && await prompter.confirm({
    message: "Guard: reset the sequence on a packet to any other port?",
    default: true,
  });
  const ban = passes(withOptions(draft, { guard, ban: true }), check) && await prompter.confirm({
    message: "Ban: block a source for 10 minutes after more than 5 wrong packets a minute?",
    default: false,
  });
  return withOptions(draft, { guard, ban });
}

/** Several doors keep the times of their targets, unless these are all the same. */
async function askForTimes(draft: Draft, context: QuestionContext): Promise<Draft> {
  const { check } = context;
  const targets = draft.doors.map(({ target }) => target);
  const [first] = targets;
  const isSame = targets.every(({ openForMs, stageTimeoutMs }) =>
    openForMs === first?.openForMs && stageTimeoutMs === first.stageTimeoutMs
  );
  if (first === undefined || !isSame) {
    const own = withOptions(draft, { openForMs: undefined, stageTimeoutMs: undefined });
    check(own);
    return own;
  }
  const opened = withOptions(draft, {
    openForMs: await askForDuration(context, {
      message: "Open for",
      fallbackMs: first.openForMs,
      leastMs: 1_000,
      example: "5m",
      apply: (openForMs) => withOptions(draft, { openForMs }),
    }),
  });
  return withOptions(opened, {
    stageTimeoutMs: await askForDuration(context, {
      message: "Longest time between two knocks",
      fallbackMs: first.stageTimeoutMs,
      leastMs: 100,
      example: "5s",
      apply: (stageTimeoutMs) => withOptions(opened, { stageTimeoutMs }),
    }),
  });
}

/** How long one-time codes last. */
const USUAL_HORIZON = "1y";

/** One-time codes have an end where the firewall has a list of them. */
function askForHorizon(draft: Draft, { prompter, check }: QuestionContext): Promise<Draft> {
  const from = readNow();
  return askForDraft({
    message: "Until when are there one-time codes, such as 30d, 1y, 2027-11-25",
    parse(text) {
      const until = parseMoment(text, from);
      if (until > from) return until;
      throw new ValueError(text, "is over: use a later date, or a span such as 1y");
    },
    fallback: USUAL_HORIZON,
    apply: (until) => withOptions(draft, { horizon: { from, until } }),
  }, { prompter, check });
}

interface DurationQuestion {
  message: string;
  fallbackMs: number;
  /** Less than this many milliseconds makes no sense here. */
  leastMs: number;
  example: string;
  apply(ms: number): Draft;
}

const isBareNumber = (text: string) => /^[\d.]+$/.test(text);

/** Asks for a duration; a bare number is milliseconds, and is asked about. */
async function askForDuration(
  { prompter, check }: QuestionContext,
  { message, fallbackMs, leastMs, example, apply }: DurationQuestion,
): Promise<number> {
  const validate = makeValidator((text: string) => {
    const ms = parseDuration(text);
    if (ms >= leastMs && Number.isInteger(ms)) return check(apply(ms));
    const bare = isBareNumber(text) ? "a bare number is milliseconds; " : "";
    const allowed = `use ${renderDuration(leastMs)} or more in whole milliseconds`;
    throw new RangeError(`${ms} ms? ${bare}${allowed}, such as ${example}`);
  });
  const fallback = renderDuration(fallbackMs);
  const isUsable = validate(fallback) === undefined;
  for (;;) {
    const text = await prompter.input({
      message,
      ...(isUsable ? { default: fallback } : {}),
      validate,
    });
    const ms = parseDuration(text);
    const question = `${ms} ms, which is ${renderElapsed(ms)}?`;
    if (!isBareNumber(text) || await prompter.confirm({ message: question, default: true })) {
      return ms;
    }
  }
}
