/** What happens at a door on loopback, in words. */
import { renderElapsed } from "../../core/duration.ts";
import { renderPortSpec } from "../../core/knock.ts";
import type { DoorKnock, SimulatorEvent, Verdict } from "../../model/mod.ts";

/**
 * One event at the door as a line, without its time.
 *
 * @param realPorts the ports that the door listens on, by the plan's where they differ.
 */
export function describeEvent(
  event: SimulatorEvent,
  { realPorts }: { realPorts: Readonly<Record<string, number>> },
): string {
  switch (event.kind) {
    case "packet":
      return `${
        renderPortSpec({ ...event, port: realPorts[renderPortSpec(event)] ?? event.port })
      } from ${event.source}: ${describeVerdict(event.verdict)}`;
    case "opened":
      return `open for ${event.source}, for ${renderElapsed(event.until - event.at)}`;
    case "shut":
      return "closed again";
    case "failed":
      return `the sequence was right, but ${event.error.message}`;
  }
}

function describeVerdict(verdict: Verdict): string {
  const [knock] = verdict.knocks;
  if (knock !== undefined) return describeKnock(knock);
  switch (verdict.kind) {
    case "banned":
      return "not looked at, the source is banned";
    case "refuse":
      return "refused, the door is closed";
    case "mistake":
      return verdict.reset.length > 0 ? "wrong, the sequence is reset" : "wrong";
    default:
      if (verdict.guarded) return "let through";
      return `ignored: ${CODES[verdict.codes?.[0] ?? "none"]}`;
  }
}

/** Why a packet is not a knock; `none` where it is not at the port of a one-time code. */
const CODES: Readonly<Record<NonNullable<Verdict["codes"]>[number] | "none", string>> = {
  used: "another source has used this code",
  past: "the code of a former window: it is late, or the clock of the sender is behind",
  future: "the code of a later window: the clock of the sender is ahead",
  wrong: "a wrong code",
  none: "a wrong payload, or not its turn",
};

function describeKnock(knock: DoorKnock): string {
  switch (knock.kind) {
    case "closing":
      return knock.isLast
        ? "right, the last closing knock"
        : `right, closing knock ${knock.number}`;
    case "advance":
      return `right, stage ${knock.stage}`;
    case "open":
      return "right, the last stage";
    case "duplicate":
      return `a copy of the knock of stage ${knock.stage}`;
  }
}
