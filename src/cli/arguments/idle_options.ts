/** Options that can have no effect on the knocks at hand: they are refused, not dropped in silence. */
import { UsageError } from "../../core/errors.ts";
import { listKeys } from "../../core/fwknop.ts";
import type { Knock } from "../../core/knock.ts";
import type { Target } from "../../core/target.ts";
import type { ParsedArgs } from "../options.ts";

/** What an option can act on. */
type Door =
  & Pick<Target, "knocks">
  & Partial<Pick<Target, "oneTime" | "close" | "probes" | "tries" | "fwknop">>;

/** An option, and when it has an effect. */
interface EffectRow<Name extends string> {
  readonly option: Name;
  /** Whether it changes anything about a target that has it. */
  readonly acts: (target: Door) => boolean;
  /** Why it has no effect, where it acts on none of the targets. */
  readonly why: string;
  /** What to do then. */
  readonly hint: string;
}

const isUdp = ({ protocol }: Knock) => protocol === "udp";
const isSecret = ({ payload }: Pick<Knock, "payload">) => payload.kind === "secret";
const listSent = ({ knocks, close = [] }: Door) => [...knocks, ...close];

/** What a one-time sequence has is known when it is taken. */
const hasSequences = ({ oneTime }: Door) => oneTime !== undefined;

const PACE_EFFECTS: readonly EffectRow<"delay" | "handshake" | "udp">[] = [
  {
    option: "delay",
    acts: (target) =>
      hasSequences(target) || listSent(target).some(({ delayMs }) => delayMs === undefined),
    why: "each knock has a delay of its own",
    hint: "leave it out, or change the knocks in the file of targets",
  },
  {
    option: "handshake",
    acts: (target) =>
      hasSequences(target) ||
      listSent(target).some(({ protocol, handshakeMs }) =>
        protocol === "tcp" && handshakeMs === undefined
      ),
    why: "there is no tcp knock without a handshake of its own",
    hint: "leave it out, or write a knock as 7000/tcp",
  },
  {
    option: "udp",
    acts: ({ knocks }) => knocks.some(isUdp),
    why: "each port names its protocol, and none is udp",
    hint: "leave it out, or write a port without a protocol: -u 7000",
  },
];

/** Options of `add` and `edit`. */
export const SAVE_EFFECTS: readonly EffectRow<"delay" | "handshake" | "udp" | "secret">[] = [
  ...PACE_EFFECTS,
  {
    option: "secret",
    acts: ({ knocks }) => knocks.some(isUdp),
    why: "only udp knocks carry a secret, and there is none",
    hint: "leave it out, or write a knock as 7000/udp",
  },
];

/** Options of `knock`; a limit (`--timeout`) or a permission (`--allow-empty`) may be idle. */
export const KNOCK_EFFECTS: readonly EffectRow<
  "delay" | "handshake" | "udp" | "tries" | "secrets-from"
>[] = [
  ...PACE_EFFECTS,
  {
    option: "tries",
    acts: ({ tries, probes = [] }) => tries === 1 || probes.length > 0,
    why: "without a probe there is one try",
    hint: "leave it out, or name what opens, such as --probe 22/tcp",
  },
  {
    option: "secrets-from",
    acts: (target) => [...target.knocks, ...listKeys(target)].some(isSecret),
    why: "no knock carries a secret",
    hint: "leave it out, or write a knock as 7000/udp",
  },
];

/**
 * Refuses the first option that acts on none of the targets.
 *
 * @param targets as they are with the options.
 * @throws {UsageError}
 */
export function refuseIdleOptions<Name extends string>(
  args: Pick<ParsedArgs<Name>, "has">,
  targets: readonly Door[],
  effects: readonly EffectRow<Name>[],
): void {
  const idle = effects.find(({ option, acts }) => args.has(option) && !targets.some(acts));
  if (idle === undefined) return;
  throw new UsageError(`--${idle.option} has no effect: ${idle.why}`, { hint: idle.hint });
}
