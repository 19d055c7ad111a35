/**
 * `demo`: closed, a wrong passphrase, knock, open: the `demo` target of targets.example.toml against
 * a door on loopback. The example is embedded in the program, its passphrases are in its comments.
 */
import example from "../../../../targets.example.toml" with { type: "text" };
import { parseConfig } from "../../../config/mod.ts";
import { NetworkError } from "../../../core/errors.ts";
import { renderPortSpec } from "../../../core/knock.ts";
import type { Plan } from "../../../plan/plan.ts";
import type { ProbeSpec, Target } from "../../../core/target.ts";
import { type Simulator, startSimulator } from "../../../model/mod.ts";
import { resolveHost } from "../../../net/resolve.ts";
import { findPort } from "../../../probe/mod.ts";
import { hashPassphrase } from "../../../secret/payload.ts";
import { knockTarget } from "../../../use_cases/knock_target.ts";
import { dropUnusedPermissions } from "../../../use_cases/permissions.ts";
import { probeTarget } from "../../../use_cases/probe_target.ts";
import { getSimulatedDoor, makeSimulatedPlan } from "../../../use_cases/simulated_plan.ts";
import type { TargetReport } from "../../../use_cases/target_report.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import { findTarget } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { createProgress } from "../../reports/progress.ts";
import { renderProbe, toReportValue } from "../../reports/target_report.ts";

/** The passphrases of the original's example. */
const PASSPHRASES = ["MikroTik", "is", "awesome"];
/** A closed port on loopback refuses at once: milliseconds for a probe. */
const QUICK_MS = 150;

/** The command `demo`. */
export const command = defineCommand({
  usage: ["demo"],
  options: [],
  examples: [
    "demo",
    "demo --json",
  ],
  run: async (context) => {
    requirePositionals(context, { min: 0, usage: "spknock demo" });
    const { ports, out } = context;
    dropUnusedPermissions([], ports);
    const config = await parseConfig(example, { file: "targets.example.toml" });
    const saved = findTarget(config, "demo");
    const right = await Promise.all(PASSPHRASES.map(hashPassphrase));
    const wrong = await Promise.all(["MikroTik", "is", "not awesome"].map(hashPassphrase));
    await using door = await openSomewhere(makeSimulatedPlan(saved, { opening: right }), context);
    const target = moveTo(door, saved);
    const resolved = await resolveHost(target.host);
    const { strong } = out.style;
    const knock = (payloads: Uint8Array[], each: Target) => {
      const events = createProgress({ target: each, resolved }, out, ports);
      return knockTarget({ target: each, resolved, payloads }, ports, { events });
    };
    const hasty = { ...target, tries: 1, timeoutMs: QUICK_MS };

    out.say(strong("1. The door is closed: no knock was sent.\n"));
    const before = await probeTarget({ target: hasty, resolved }, ports);
    printProbes(before, context);
    out.say(strong("\n2. Knock with a wrong passphrase: the firewall ignores it.\n"));
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
      before: toReportValue(before),
      wrong: toReportValue(refused),
      right: toReportValue(opened),
    });
    return isRight ? EXIT.done : EXIT.closed;
  },
});

/** Starts the door at the plan's own ports, or at free ones where those are taken. */
async function openSomewhere(plan: Plan, { ports, out }: Context): Promise<Simulator> {
  try {
    return await startSimulator(plan, { clock: ports.clock });
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    out.note(`${error.message}: taking free ports`);
    const { stages, ports: opened } = getSimulatedDoor(plan);
    const free = [...stages, ...opened].map((spec) => [renderPortSpec(spec), 0]);
    return await startSimulator(plan, { clock: ports.clock, ports: Object.fromEntries(free) });
  }
}

/** The target with the door's real ports. */
function moveTo(door: Simulator, target: Target): Target {
  const move = (probe: ProbeSpec): ProbeSpec => {
    const port = findPort(probe);
    return port === undefined || !("port" in probe)
      ? probe
      : { ...probe, port: door.findPort(port) };
  };
  return {
    ...target,
    host: door.address,
    knocks: target.knocks.map((knock) => ({
      ...knock,
      port: door.findPort({ port: knock.port, protocol: knock.protocol === "tcp" ? "tcp" : "udp" }),
    })),
    probes: target.probes.map(move),
  };
}

function printProbes({ knocks }: TargetReport, { out }: Context): void {
  for (const probe of knocks?.probes ?? []) {
    out.say(`  probe  ${renderProbe(probe, out.style)}\n`);
  }
}
