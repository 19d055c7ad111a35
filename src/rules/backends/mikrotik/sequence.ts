/** Knocks in RouterOS' language: what is one, and the lists that a sequence of them passes through. */
import { renderPortSpec } from "../../../core/knock.ts";
import type { Plan, Stage } from "../../../plan/plan.ts";
import { isAmongSecrets, listBackwards } from "../../backend.ts";
import { addTo, fromList, type Rule } from "./syntax.ts";
import { quoteRouterOs } from "../quote/routeros.ts";

const HEADERS = { ipv4: 28, ipv6: 48 } as const;
const SYN = "protocol=tcp tcp-flags=syn,!fin,!rst,!ack";

type Family = Plan["families"][number];

/** The chain of a sequence, and its lists. */
interface SequencePlace {
  plan: Plan;
  family: Family;
  chain: string;
  /** The list of a stage. */
  nameList(stage: number): string;
  /** What a knock of it is called. */
  what: string;
  stageTimeoutMs: number;
  /** How long an entry of the last list lasts. */
  lastMs: number;
}

/** Returns two rules a knock, the last one first; of a connection only a packet with the secret is one. */
export function renderSequence(stages: readonly Stage[], place: SequencePlace): Rule[] {
  const { plan, family, chain, nameList, what, stageTimeoutMs, lastMs } = place;
  const last = stages.length;
  return listBackwards(stages).flatMap(({ stage, number }) => {
    const matchers = [
      renderMatch(stage, family),
      ...(isAmongSecrets(stage, plan) ? ["connection-state=new,untracked"] : []),
      ...(number === 1 ? [] : [fromList(nameList(number - 1))]),
    ].join(" ");
    const timeout = number === last ? lastMs : stageTimeoutMs;
    const note = `${what} ${number} of ${last}, ${renderPortSpec(stage)}`;
    return [`${addTo(nameList(number), timeout)} ${matchers}`, `action=return ${matchers}`]
      .map((text) => ({ chain, text, note }));
  });
}

/** Returns the matchers of a knock. */
export function renderMatch(stage: Stage, family: Family): string {
  if (stage.protocol === "tcp") return `${SYN} dst-port=${stage.port}`;
  const port = `protocol=udp dst-port=${stage.port}`;
  if (stage.payload === undefined) return port;
  const text = new TextDecoder().decode(stage.payload);
  return `${port} packet-size=${HEADERS[family] + stage.payload.length} ` +
    `content=${quoteRouterOs(text)}`;
}
