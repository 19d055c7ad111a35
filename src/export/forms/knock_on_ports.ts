/** The JSON that Knock on Ports (Android) imports: the same packets, and its check as the first probe. */
import {
  CLOSING,
  MAX_APP_DELAY_MS,
  MAX_APP_TRIES,
  MAX_CHECK_S,
  SECRET_PLACEHOLDER,
} from "../../config/import/knock_on_ports/format.ts";
import type { Knock } from "../../core/knock.ts";
import { PAYLOAD_PLACEHOLDER } from "../../core/placeholder.ts";
import type { Family, Target } from "../../core/target.ts";
import { renderJson } from "../../core/text.ts";
import type { ExportDoor, Exporter } from "../form.ts";
import { requireSamePackets } from "../plain_door.ts";
import { canCheck, findDelay, findTitle, hasContent, listLosses } from "./knock_on_ports/losses.ts";

/** One sequence for each target, and one more for its closing knocks. */
export const exporter: Exporter = {
  render(doors) {
    const lost = new Set<string>();
    const sequences = doors.flatMap((door) => {
      requireSamePackets(door.target, "knockonports");
      for (const loss of listLosses(door)) lost.add(`${door.target.name}: ${loss}`);
      const { target: { knocks, close }, opening, closing } = door;
      const name = findTitle(door.target);
      const open = makeSequence(name, knocks, { door, payloads: opening, hasCheck: true });
      if (close === undefined) return [open];
      const title = `${name}${CLOSING}`;
      return [open, makeSequence(title, close, { door, payloads: closing, hasCheck: false })];
    });
    return {
      text: `${renderJson({ version: 1, sequences }, { indent: 2 })}\n`,
      lost: [...lost],
      holdsSecret: doors.some(({ target, opening }) =>
        opening !== undefined && [...target.knocks, ...target.close ?? []].some(hasContent)
      ),
    };
  },
};

/** What a sequence depends on. */
interface SequenceContext {
  door: ExportDoor;
  /** One a knock; undefined where the secrets stay here. */
  payloads: readonly Uint8Array[] | undefined;
  /** Whether the app checks its door afterwards. */
  hasCheck: boolean;
}

/** The app's words; without one it takes the resolver's first address. */
const FAMILIES: Readonly<Record<Family, string | undefined>> = {
  any: undefined,
  ipv4: "only_ipv4",
  ipv6: "only_ipv6",
  both: "both_ipv4_ipv6",
};

function makeSequence(
  name: string,
  knocks: readonly Knock[],
  { door: { target }, payloads, hasCheck }: SequenceContext,
): unknown {
  const hasEcho = knocks.some(({ protocol }) => protocol === "icmp");
  return {
    name,
    host: target.host,
    delay: Math.min(findDelay(target, knocks), MAX_APP_DELAY_MS),
    ipv: FAMILIES[target.family],
    icmp_type: hasEcho ? "without_headers" : undefined,
    group: target.tags[0],
    ...(hasCheck ? makeCheck(target) : {}),
    steps: knocks.map((knock, index) => makeStep(knock, payloads?.[index])),
  };
}

function makeStep(knock: Knock, payload: Uint8Array | undefined): unknown {
  const { port, protocol: type, size } = knock;
  if (type === "tcp") return { type, port };
  const content = makeContent(knock, payload);
  return type === "icmp"
    ? { type, icmp_size: size ?? 0, icmp_count: 1, ...content }
    : { type, port, ...content };
}

/** Text as it is, other bytes in base64. */
function makeContent({ payload }: Knock, collected: Uint8Array | undefined): object {
  if (payload.kind === "none") return {};
  if (collected === undefined) {
    const content = payload.kind === "bytes" ? PAYLOAD_PLACEHOLDER : SECRET_PLACEHOLDER;
    return { content, encoding: "raw" };
  }
  const bytes = payload.kind === "bytes" ? payload.bytes : collected;
  if (bytes.length === 0) return {};
  const text = new TextDecoder().decode(bytes);
  return /^[ -~]+$/.test(text)
    ? { content: text, encoding: "raw" }
    : { content: bytes.toBase64(), encoding: "base64" };
}

/** The first probe that the app can do. */
function makeCheck({ host, probes: [probe], tries, timeoutMs }: Target): object {
  if (probe === undefined || !canCheck(probe)) return {};
  const question = probe.type === "tcp"
    ? { check_type: "PORT", check_host: host, check_port: probe.port }
    : probe.type === "http"
    ? { check_type: "URL", check_host: probe.url }
    : { check_type: "PING", check_host: host };
  return {
    checkAccess: true,
    ...question,
    check_timeout: Math.min(Math.max(Math.round(timeoutMs / 1_000), 1), MAX_CHECK_S),
    check_post_knock: tries > 1,
    check_max_retries: Math.min(tries, MAX_APP_TRIES),
  };
}
