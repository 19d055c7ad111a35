/**
 * A section of knockd.conf for each target, as `rules --for knockd` writes it: the start and stop commands add and
 * delete iptables rules, and another section closes the door where the target has closing knocks.
 */
import { renderDuration } from "../../core/duration.ts";
import { UsageError } from "../../core/errors.ts";
import type { Knock } from "../../core/knock.ts";
import { nameHosts, type Target } from "../../core/target.ts";
import { renderPortSpec } from "../../core/knock.ts";
import { findBackend, makePlan, renderRules } from "../../rules/mod.ts";
import type { ExportDoor, Exporter } from "../form.ts";
import { listLostKeys } from "../lost.ts";
import { requireSamePackets } from "../plain_door.ts";

/** Writes the sections of all doors. */
export const exporter: Exporter = {
  async render(doors) {
    const backend = await findBackend("knockd");
    const plan = makePlan(doors.map(draftDoor), { guard: false });
    const host = nameHosts(doors.map(({ target }) => target));
    return {
      text: renderRules(backend, plan, { host }),
      lost: doors.flatMap(listLosses),
      holdsSecret: false,
    };
  },
};

function draftDoor({ target }: ExportDoor): Parameters<typeof makePlan>[0][number] {
  const { name, opens, knocks, close = [] } = target;
  requireSamePackets(target, "knockd");
  const secret = [...knocks, ...close].find((knock) => knock.payload.kind !== "none");
  if (secret !== undefined) {
    throw new UsageError(
      `"${name}" has a knock with a payload (${renderPortSpec(secret)}): knockd compares none`,
      { hint: "rules for nftables or iptables do: spknock rules --help" },
    );
  }
  if (opens.length === 0) {
    throw new UsageError(`"${name}" does not say what it opens`, {
      hint: `spknock edit ${name} --opens 22/tcp`,
    });
  }
  const nothing = (list: readonly Knock[]) => list.map(() => new Uint8Array());
  return { target, opens, payloads: { opening: nothing(knocks), closing: nothing(close) } };
}

/** Keys that a section of knockd.conf has, or that a line of its own tells the loss of. */
const CARRIED = ["opens", "family", "copies", "open_for", "stage_timeout", "close"];

/** What a section of knockd.conf cannot hold. */
function listLosses({ target }: ExportDoor): string[] {
  const { name, host, copies, knocks } = target;
  const singles = (["delay", "handshake"] as const).filter((key) =>
    knocks.some((knock) => knock[`${key}Ms`] !== undefined)
  );
  return [
    `${name}: host (${host}): import it with --host`,
    ...listLostKeys(target, CARRIED),
    ...singles.map((key) => `${name}: the ${key} of single knocks`),
    ...(copies === 1
      ? []
      : [`${name}: copies: knockd needs 1, a packet that comes twice is two knocks`]),
    ...listRounding(target),
  ];
}

/** knockd has one time for the whole sequence. */
function listRounding({ name, knocks, stageTimeoutMs }: Target): string[] {
  if (knocks.length < 3) return [];
  const whole = renderDuration(stageTimeoutMs * (knocks.length - 1));
  return [`${name}: stage_timeout of each knock: knockd has ${whole} for all of them`];
}
