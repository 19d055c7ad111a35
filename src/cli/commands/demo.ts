/**
 * `demo`: closed, a wrong passphrase, knock, open: the `demo` target of targets.example.toml against
 * a door on loopback. The example is embedded in the program, its passphrases stand in its comments.
 */
import example from "../../../targets.example.toml" with { type: "text" };
import { parseConfig } from "../../config/mod.ts";
import { NetworkError } from "../../core/errors.ts";
import { renderPortSpec } from "../../core/knock.ts";
import type { Plan } from "../../core/plan.ts";
import type { ProbeSpec, Target } from "../../core/target.ts";
import { type Door, openDoor as openLoopbackDoor } from "../../gate/mod.ts";
import { resolveHost } from "../../net/resolve.ts";
import { payloadOf } from "../../secret/payload.ts";
import { type Context, findTarget, wantWords } from "../context.ts";
import { askDoor, type DoorReport, openDoor } from "../door.ts";
import { EXIT } from "../failure.ts";
import { gatePlanOf } from "../gate_plan.ts";
import { narrate } from "../live.ts";
import { renderProbe, reportValue } from "../report.ts";
import { dropUnneeded } from "../secrets.ts";

/** The passphrases of the original's example. */
const PASSPHRASES = ["MikroTik", "is", "awesome"];
/** A shut port on loopback refuses at once; this long is asked, in milliseconds. */
const QUICK_MS = 150;

/** Runs `demo`. */
export async function run(context: Context): Promise<number> {
  wantWords(context, { min: 0, usage: "spknock demo" });
  const { ports, out } = context;
  dropUnneeded([], ports);
  const config = await parseConfig(example, { file: "targets.example.toml" });
  const saved = findTarget(config, "demo");
  const right = await Promise.all(PASSPHRASES.map(payloadOf));
  const wrong = await Promise.all(["MikroTik", "is", "not awesome"].map(payloadOf));
  await using door = await openSomewhere(gatePlanOf(saved, right), context);
  const target = moveTo(door, saved);
  const resolved = await resolveHost(target.host);
  const { strong } = out.style;
  const knock = (payloads: Uint8Array[], each: Target) => {
    const events = narrate({ target: each, resolved }, out, { clock: ports.clock });
    return openDoor({ target: each, resolved, payloads }, ports, { events });
  };
  const hasty = { ...target, tries: 1, timeoutMs: QUICK_MS };

  out.say(strong("1. The door is shut: nobody has knocked.\n"));
  const before = await askDoor({ target: hasty, resolved }, ports);
  sayProbes(before, context);
  out.say(strong("\n2. Knock with a wrong passphrase: the firewall takes no notice.\n"));
  const refused = await knock(wrong, hasty);
  out.say(strong(`\n3. Knock with the right ones: ${PASSPHRASES.join(", ")}.\n`));
  const opened = await knock(right, target);

  const isRight = before.status === "closed" && refused.status === "closed" &&
    opened.status === "open";
  out.say(
    isRight ? "\nThe door is open. On a real firewall, now: ssh HOST\n" : "\nNot as expected.\n",
  );
  out.value({
    ok: isRight,
    before: reportValue(before),
    wrong: reportValue(refused),
    right: reportValue(opened),
  });
  return isRight ? EXIT.done : EXIT.closed;
}

/** A door at the plan's own ports, or at free ones where those are taken. */
async function openSomewhere(plan: Plan, { ports, out }: Context): Promise<Door> {
  try {
    return await openLoopbackDoor(plan, { clock: ports.clock });
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    out.note(`${error.message}: taking free ports`);
    const free = [...plan.stages, ...plan.open].map((spec) => [renderPortSpec(spec), 0]);
    return await openLoopbackDoor(plan, { clock: ports.clock, ports: Object.fromEntries(free) });
  }
}

/** The target with the door's real ports. */
function moveTo(door: Door, target: Target): Target {
  const move = (probe: ProbeSpec): ProbeSpec =>
    probe.port === undefined
      ? probe
      : { ...probe, port: door.portOf({ port: probe.port, protocol: "tcp" }) };
  return {
    ...target,
    host: door.address,
    knocks: target.knocks.map((knock) => ({ ...knock, port: door.portOf(knock) })),
    probes: target.probes.map(move),
  };
}

function sayProbes({ knocks }: DoorReport, { out }: Context): void {
  for (const probe of knocks?.probes ?? []) {
    out.say(`  probe  ${renderProbe(probe, out.style)}\n`);
  }
}
