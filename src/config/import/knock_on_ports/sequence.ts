/** A sequence of Knock on Ports as a target. */
import { isAddress } from "../../../core/address/syntax.ts";
import type { Knock } from "../../../core/knock.ts";
import { type Family, isSameHost, parseHost } from "../../../core/target.ts";
import type { TargetDraft } from "../../target/keys.ts";
import { USE_HOST } from "../reader.ts";
import { readCheck } from "./check.ts";
import { APP_DELAY_MS, MAX_APP_DELAY_MS, type WORDS } from "./format.ts";
import type { JsonPlace } from "./json.ts";
import { measureHeaders, readStep, readWord } from "./steps.ts";

/** A sequence that was read; its name is the app's. */
export interface Sequence {
  title: string;
  draft: Omit<TargetDraft, "name" | "delayMs"> & { delayMs: number; family: Family };
  place: JsonPlace;
}

/** What reading a sequence depends on. */
interface SequenceContext {
  /** Whether it is of version 0. */
  isOld: boolean;
  /** The host where the sequence names none. */
  host: string | undefined;
}

/** Returns what a sequence says; undefined where a problem was added. */
export function readSequence(place: JsonPlace, context: SequenceContext): Sequence | undefined {
  if (!place.isObject) return place.fail("is not a sequence: use { ... }");
  const title = place.at("name").readText()?.trim() ?? "";
  const host = readSequenceHost(place.at("host"), context);
  const word = readWord(place, "ipv", {
    isOld: context.isOld,
    fallback: "prefer_ipv4",
  });
  const delayMs = readSequenceDelay(place.at("delay"));
  const family = chooseFamily(place, word ?? "prefer_ipv4", { host, isOld: context.isOld });
  const knocks = readSteps(place, { ...context, host: host ?? "", family });
  checkSettings(place, knocks, context);
  remarkOpened(place);
  if (host === undefined || word === undefined || delayMs === undefined) return undefined;
  if (knocks === undefined) return undefined;
  const group = place.at("group").readText()?.trim() ?? "";
  const tags = group === "" ? {} : { tags: [group] };
  return {
    title,
    place,
    draft: { host, knocks, family, ...tags, ...readCheck(place, host), delayMs },
  };
}

function readSequenceHost(place: JsonPlace, { host }: SequenceContext): string | undefined {
  const text = place.isAbsent ? "" : place.readText()?.trim();
  if (text === undefined) return undefined;
  if (text === "" && host !== undefined) return host;
  if (text === "") return place.fail(`missing host: ${USE_HOST}`);
  try {
    return parseHost(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return place.fail("is not a host: use a name, an IPv4 or an IPv6 address");
  }
}

function readSequenceDelay(place: JsonPlace): number | undefined {
  const delay = place.isAbsent ? APP_DELAY_MS : place.readInteger();
  if (delay === undefined) return undefined;
  const used = Math.min(Math.max(delay, 0), MAX_APP_DELAY_MS);
  if (used !== delay) place.remark(`the app uses 0 to ${MAX_APP_DELAY_MS}: read as ${used}`);
  return used;
}

/** An address has its family already; a preferred one is the only one here. */
function chooseFamily(
  place: JsonPlace,
  word: typeof WORDS.ipv[number],
  { host, isOld }: { host: string | undefined; isOld: boolean },
): Family {
  // Without a word the app takes the resolver's first address.
  if (place.at("ipv").isAbsent && !isOld) return "any";
  if (word === "only_ipv4" || word === "only_ipv6") return word.slice("only_".length) as Family;
  if (word === "both_ipv4_ipv6") return "both";
  if (host !== undefined && isAddress(host)) return "any";
  const [family, name] = word === "prefer_ipv4"
    ? ["ipv4" as const, "IPv4"]
    : ["ipv6" as const, "IPv6"];
  if (host !== undefined) {
    place.at("ipv").remark(
      `read as only ${name}; family = "any" takes the resolver's first address`,
    );
  }
  return family;
}

function readSteps(
  place: JsonPlace,
  { isOld, host, family }: { isOld: boolean; host: string; family: Family },
): Knock[] | undefined {
  const steps = place.at("steps");
  if (!steps.isAbsent && !steps.isArray) return steps.fail("is not a list of steps: use [ ... ]");
  const items = steps.items();
  if (items.length === 0) return steps.fail("has no step: a sequence needs at least one");
  const kind = readWord(place, "icmp_type", { isOld, fallback: "with_ip_header" });
  if (kind === undefined) return undefined;
  const icmpHeaders = measureHeaders(kind, { host, family });
  const knocks = items.map((item) => readStep(item, { isOld, icmpHeaders }));
  return knocks.includes(undefined) ? undefined : knocks.flatMap((each) => each ?? []);
}

/** What changes the packets, and what we cannot send. */
function checkSettings(
  place: JsonPlace,
  knocks: readonly Knock[] | undefined,
  { isOld }: SequenceContext,
): void {
  const port = place.at(isOld ? "localPort" : "local_port");
  const local = port.readInteger() ?? 0;
  const hasUdp = knocks?.some(({ protocol }) => protocol === "udp") ?? true;
  if (local !== 0 && hasUdp) port.fail("cannot be sent from one local port: set it to 0");
  const ttl = isOld ? 0 : place.at("ttl").readInteger() ?? 0;
  if (ttl > 0) place.at("ttl").fail("cannot be sent: set it to 0, the system's own");
}

/** What the app opens afterwards does not change the knock. */
function remarkOpened(place: JsonPlace): void {
  for (const key of ["uri", "application"]) {
    const at = place.at(key);
    if ((at.readText()?.trim() ?? "") !== "") {
      at.remark("what the app opens after the knock is left out");
    }
  }
}

/** Whether one sequence can be the closing knocks of another. */
export function isClosing(opening: Sequence, closing: Sequence): boolean {
  return isSameHost(opening.draft.host, closing.draft.host) &&
    opening.draft.family === closing.draft.family;
}
