/** Knocks in RouterOS' language: what is one, and the lists that a sequence of them passes through. */
import { renderPortSpec } from "../../../core/knock.ts";
import type { Plan, Stage } from "../../../plan/plan.ts";
import { CODE_BYTES } from "../../../core/rolling.ts";
import { isAmongSecrets, listBackwards } from "../../backend.ts";
import { addTo, fromList, jumpTo, type Rule } from "./syntax.ts";
import { quoteRouterOs } from "../quote/routeros.ts";

const HEADERS = { ipv4: 28, ipv6: 48 } as const;
const SYN = "protocol=tcp tcp-flags=syn,!fin,!rst,!ack";

type Family = Plan["families"][number];

/** The chain of a sequence, and its lists. */
interface SequencePlace {
  plan: Plan;
  family: Family;
  chain: string;
  /** The chain of the packets that can carry a one-time code. */
  codesChain: string;
  /** The list of a stage. */
  nameList(stage: number): string;
  /** What a knock of it is called. */
  what: string;
  stageTimeoutMs: number;
  /** How long an entry of the last list lasts. */
  lastMs: number;
}

/**
 * Returns two rules a knock, the last one first; of a connection only a packet with the secret is one. A one-time
 * code is looked for in a chain of its own.
 */
export function renderSequence(stages: readonly Stage[], place: SequencePlace): Rule[] {
  const { plan, family, chain, codesChain, nameList, what, stageTimeoutMs, lastMs } = place;
  const last = stages.length;
  return listBackwards(stages).flatMap(({ stage, number }) => {
    const matchers = [
      renderMatch(stage, family),
      ...(isAmongSecrets(stage, plan) ? ["connection-state=new,untracked"] : []),
      ...(number === 1 ? [] : [fromList(nameList(number - 1))]),
    ].join(" ");
    const timeout = number === last ? lastMs : stageTimeoutMs;
    const note = `${what} ${number} of ${last}, ${renderPortSpec(stage)}`;
    if (stage.codes !== undefined) {
      return [{ chain, text: `${jumpTo(codesChain)} ${matchers}`, note }];
    }
    return [`${addTo(nameList(number), timeout)} ${matchers}`, `action=return ${matchers}`]
      .map((text) => ({ chain, text, note }));
  });
}

/** Returns the matchers of a knock. */
export function renderMatch(stage: Stage, family: Family): string {
  if (stage.protocol === "tcp") return `${SYN} dst-port=${stage.port}`;
  const port = `protocol=udp dst-port=${stage.port}`;
  if (stage.codes !== undefined) return `${port} packet-size=${HEADERS[family] + CODE_BYTES}`;
  if (stage.payload === undefined) return port;
  const text = new TextDecoder().decode(stage.payload);
  return `${port} packet-size=${HEADERS[family] + stage.payload.length} ` +
    `content=${quoteRouterOs(text)}`;
}
