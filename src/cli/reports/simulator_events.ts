/** What happens at a door on loopback, in words. */
import { renderElapsed } from "../../core/duration.ts";
import { renderPortSpec } from "../../core/knock.ts";
import type { Plan } from "../../core/plan.ts";
import type { SimulatorEvent } from "../../model/mod.ts";

/**
 * One event at the door of `plan` as a line, without its time.
 *
 * @param realPorts the ports that the door listens on, by the plan's where they differ.
 */
export function describeEvent(
  event: SimulatorEvent,
  plan: Plan,
  { realPorts }: { realPorts: Readonly<Record<string, number>> },
): string {
  switch (event.kind) {
    case "packet":
      return `${
        renderPortSpec({ ...event, port: realPorts[renderPortSpec(event)] ?? event.port })
      } from ${event.source}: ${describeVerdict(event, plan)}`;
    case "opened":
      return `open for ${event.source}, for ${renderElapsed(event.until - event.at)}`;
    case "shut":
      return "closed again";
    case "failed":
      return `the sequence was right, but ${event.error.message}`;
  }
}

function describeVerdict(
  { verdict, ...spec }: Extract<SimulatorEvent, { kind: "packet" }>,
  { protectedPorts }: Plan,
): string {
  switch (verdict.kind) {
    case "advance":
      return `right, stage ${verdict.stage}`;
    case "open":
      return "right, the last stage";
    case "duplicate":
      return `a copy of the knock of stage ${verdict.stage}`;
    case "mistake":
      return verdict.reset ? "wrong, the sequence is reset" : "wrong";
    case "banned":
      return "not looked at, the source is banned";
    case "refuse":
      return "refused, the door is closed";
    case "pass":
      return protectedPorts.some((door) => renderPortSpec(door) === renderPortSpec(spec))
        ? "let through"
        : "ignored: a wrong payload, or not its turn";
  }
}
