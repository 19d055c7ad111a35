/** Knocks in RouterOS' language: what is one, and the lists that a sequence of them passes through. */
import { renderDuration } from "../../core/duration.ts";
import { renderPortSpec } from "../../core/knock.ts";
import type { Plan, Stage } from "../../core/plan.ts";
import { type FlatPlan, isAmongSecrets, listBackwards } from "../backend.ts";
import { quoteRouterOs } from "./quote/routeros.ts";

const HEADERS = { ipv4: 28, ipv6: 48 } as const;
const SYN = "protocol=tcp tcp-flags=syn,!fin,!rst,!ack";

type Family = Plan["families"][number];

/** A rule of a chain, without `add`, `chain` and `comment`. */
export interface Rule {
  chain: string;
  text: string;
  note: string;
}

/** The chain of a sequence, and its lists. */
interface SequencePlace {
  chain: string;
  family: Family;
  /** The list of a stage. */
  nameList(stage: number): string;
  /** What a knock of it is called. */
  what: string;
  /** How long an entry of the last list lasts. */
  lastMs: number;
}

/** Returns two rules a knock, the last one first; of a connection only a packet with the secret is one. */
export function renderSequence(
  plan: FlatPlan,
  stages: readonly Stage[],
  { chain, family, nameList, what, lastMs }: SequencePlace,
): Rule[] {
  const last = stages.length;
  return listBackwards(stages).flatMap(({ stage, number }) => {
    const matchers = [
      renderMatch(stage, family),
      ...(isAmongSecrets(stage, plan) ? ["connection-state=new,untracked"] : []),
      ...(number === 1 ? [] : [`src-address-list=${nameList(number - 1)}`]),
    ].join(" ");
    const timeout = number === last ? lastMs : plan.stageTimeoutMs;
    const note = `${what} ${number} of ${last}, ${renderPortSpec(stage)}`;
    return [`${renderAdd(nameList(number), timeout)} ${matchers}`, `action=return ${matchers}`]
      .map((text) => ({ chain, text, note }));
  });
}

/** Returns the action that puts the source on a list. */
export function renderAdd(list: string, timeoutMs: number): string {
  return `action=add-src-to-address-list address-list=${list} ` +
    `address-list-timeout=${renderDuration(timeoutMs)}`;
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
