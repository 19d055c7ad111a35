/** What happens at a door on loopback, in words. */
import { renderElapsed } from "../core/duration.ts";
import { renderPortSpec } from "../core/knock.ts";
import type { DoorEvent, Verdict } from "../gate/mod.ts";

/** One event as a line, without its time. */
export function describeEvent(event: DoorEvent): string {
  switch (event.kind) {
    case "packet":
      return `${renderPortSpec(event)} from ${event.source}: ${describeVerdict(event.verdict)}`;
    case "opened":
      return `open for ${event.source}, for ${renderElapsed(event.until - event.at)}`;
    case "shut":
      return "shut again";
    case "failed":
      return `the sequence was right, but ${event.error.message}`;
  }
}

function describeVerdict(verdict: Verdict): string {
  switch (verdict.kind) {
    case "advance":
      return `right, stage ${verdict.stage}`;
    case "open":
      return "right, the last stage";
    case "duplicate":
      return `a copy of the knock of stage ${verdict.stage}`;
    case "mistake":
      return verdict.lost ? "wrong, the progress is lost" : "wrong";
    case "banned":
      return "not looked at, the source is banned";
    case "refuse":
      return "refused, the door is shut";
    case "pass":
      return verdict.accepted ? "let through" : "nothing to the gate";
  }
}
