/** The questions of `spknock rules`: from a target to what a plan needs, with defaults from it. */
import { parseDuration, renderDuration, renderElapsed } from "../../core/duration.ts";
import { renderPortSpec } from "../../core/knock.ts";
import type { Door, Plan, Stage } from "../../core/plan.ts";
import { parseServices, renderService, renderServices } from "../../core/service.ts";
import type { Target } from "../../core/target.ts";
import { listOpenServices } from "../../probe/mod.ts";
import type { Prompter } from "../../prompt/mod.ts";
import {
  type Backend,
  loadBackends,
  parseInterfaces,
  parseTrusted,
  type PlanOptions,
} from "../../rules/mod.ts";
import type { DoorRequest } from "../../use_cases/build_plan.ts";
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
  target: Target,
  { backend }: { backend: Backend },
): Promise<{ door: DoorRequest; options: PlanOptions }> {
  const ask = async <T>(
    message: string,
    parse: (text: string) => T,
    { fallback, none }: { fallback: string; none?: T },
  ): Promise<T> => {
    const isNone = (text: string) => none !== undefined && (text === "none" || text === "");
    const text = await prompter.input({
      message,
      default: fallback,
      validate: (answer) => isNone(answer) ? undefined : makeValidator(parse)(answer),
    });
    return isNone(text) ? none as T : parse(text);
  };
  const ports = listOpenServices(target).map(renderService).join(",") || "22/tcp";
  const opens = await ask("What the knocks open, such as 22/tcp,60000-61000/udp", parseServices, {
    fallback: ports,
  });
  const openForMs = await askForDuration(prompter, "Open for", {
    fallbackMs: target.openForMs,
    leastMs: 1_000,
    example: "5m",
  });
  const stageTimeoutMs = await askForDuration(prompter, "Longest time between two knocks", {
    fallbackMs: target.stageTimeoutMs,
    leastMs: 100,
    example: "5s",
  });
  const interfaces = await ask(
    `Interfaces of the packets, such as ${giveInterfaces(backend)} (all: every one)`,
    (text) => text === "all" ? [] : parseInterfaces(text),
    {
      fallback: "all",
    },
  );
  const trusted = await ask(
    "Networks that are never locked out, such as 192.168.0.0/24",
    parseTrusted,
    {
      fallback: "none",
      none: [],
    },
  );
  const openToAll = await ask("Services that stay public, such as 443/tcp", parseServices, {
    fallback: "none",
    none: [],
  });
  const families = await prompter.select<Plan["families"]>({
    message: "Address families",
    options: FAMILIES,
    default: FAMILIES[0].value,
  });
  const isRegular = target.knocks.every(({ payload }) => payload.kind === "none");
  const guard = isRegular && backend.supports.guard && await prompter.confirm({
    message: "Guard: reset the sequence on a packet to any other port?",
    default: true,
  });
  const ban = isRegular && backend.supports.ban && await prompter.confirm({
    message: "Ban: block a source for 10 minutes after more than 5 wrong packets a minute?",
    default: false,
  });
  const options: PlanOptions = {
    openForMs,
    stageTimeoutMs,
    families,
    trusted,
    publicServices: openToAll,
    guard,
    ban,
    interfaces,
  };
  return { door: { target, opens }, options };
}

function giveInterfaces({ supports }: Backend): string {
  if (supports.interfaceList) return "ether1,list:WAN";
  return supports.interfaces ? "eth0,ppp0" : "eth0";
}

interface DurationQuestion {
  fallbackMs: number;
  /** Less than this many milliseconds makes no sense here. */
  leastMs: number;
  example: string;
}

const isBareNumber = (text: string) => /^[\d.]+$/.test(text);

/** Asks for a duration; a bare number is milliseconds, and is asked about. */
async function askForDuration(
  prompter: Prompter,
  message: string,
  { fallbackMs, leastMs, example }: DurationQuestion,
): Promise<number> {
  const check = (text: string) => {
    const ms = parseDuration(text);
    if (ms >= leastMs && Number.isInteger(ms)) return;
    const bare = isBareNumber(text) ? "a bare number is milliseconds; " : "";
    const allowed = `use ${renderDuration(leastMs)} or more in whole milliseconds`;
    throw new RangeError(`${ms} ms? ${bare}${allowed}, such as ${example}`);
  };
  for (;;) {
    const text = await prompter.input({
      message,
      default: renderDuration(fallbackMs),
      validate: makeValidator(check),
    });
    const ms = parseDuration(text);
    const question = `${ms} ms, which is ${renderElapsed(ms)}?`;
    if (!isBareNumber(text) || await prompter.confirm({ message: question, default: true })) {
      return ms;
    }
  }
}

/** Draws the stages of a plan. */
export function drawPlan({ doors }: Plan): string {
  return doors.map(drawDoor).join("\n");
}

function drawDoor({ stages, closing, opens, openForMs, stageTimeoutMs, guard }: Door): string {
  const last = stages.length - 1;
  const describe = (stage: Stage) =>
    `${renderPortSpec(stage)}${stage.payload === undefined ? "" : " + secret"}`;
  const steps = stages.map((stage, index) => {
    const next = index === last
      ? `open: ${renderServices(opens)} for ${renderDuration(openForMs)}`
      : `stage ${index + 1}, waits ${renderDuration(stageTimeoutMs)}`;
    return `     |  ${describe(stage)}\n     v\n  ${next}\n`;
  });
  const reset = guard ? "  (a packet to any other port: back to shut)\n" : "";
  const shut = closing.length === 0
    ? ""
    : `     |  ${closing.map(describe).join(", ")}\n     v\n  shut again\n`;
  return `  shut\n${steps.join("")}${shut}${reset}`;
}
