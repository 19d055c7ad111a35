/** `simulate`: a door on loopback that behaves as the firewall would, until Ctrl-C. */
import { renderMoment } from "../../../core/duration.ts";
import { renderPortSpec } from "../../../core/knock.ts";
import { findValidity, findWindow } from "../../../core/rolling.ts";
import type { Target } from "../../../core/target.ts";
import { type Simulator, type SimulatorEvent, startSimulator } from "../../../model/mod.ts";
import { computeCode } from "../../../plan/codes.ts";
import { isSecret, type Stage } from "../../../plan/plan.ts";
import { parseServices } from "../../../core/service.ts";
import { refuseFwknop } from "../../../use_cases/fwknop/refuse.ts";
import { collectSequences } from "../../../use_cases/collect_secrets.ts";
import { dropUnusedPermissions } from "../../../use_cases/permissions.ts";
import {
  findStandIns,
  getSimulatedDoor,
  listNotSimulated,
  makeSimulatedPlan,
} from "../../../use_cases/simulated_plan.ts";
import { defineCommand, requirePositionals } from "../../command.ts";
import { requireFixedKnocks } from "../../../core/target.ts";
import { findTarget, loadTargets, makeSecretOptions, readSecretChoice } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { SECRET_OPTIONS } from "../../option_specs.ts";
import { renderSendLine } from "../../reports/send_line.ts";
import { describeEvent } from "../../reports/simulator_events.ts";

/** The command `simulate`. */
export const command = defineCommand({
  usage: ["simulate TARGET"],
  details: "Listens on 127.0.0.1 at the target's knock ports until Ctrl-C, and opens the\n" +
    "ports there when the right sequence has arrived.",
  options: [
    { name: "open", value: "PORTS", help: "what opens (default: the target's, or 2222/tcp)" },
    ...SECRET_OPTIONS,
  ],
  examples: [
    "simulate home",
    "simulate home --open 2222/tcp",
  ],
  run: async (context) => {
    const { ports, out, args } = context;
    const [name = ""] = requirePositionals(context, { min: 1, usage: "spknock simulate TARGET" });
    const target = requireFixedKnocks(findTarget(await loadTargets(context), name), "simulate");
    refuseFwknop([target]);
    const open = args.read("open", parseServices);
    const secrets = makeSecretOptions(context, readSecretChoice(args));
    const payloads = await out.status.during(
      "collecting secrets",
      () => collectSequences(target, ports, secrets),
    );
    dropUnusedPermissions([], ports);
    const plan = makeSimulatedPlan(target, payloads, { open });
    const realPorts = findStandIns(plan);
    const events: SimulatorEvent[] = [];
    const start = ports.clock.now();
    await using door = await startSimulator(plan, {
      clock: ports.clock,
      ports: realPorts,
      onEvent(event) {
        if (out.json) events.push(event);
        const seconds = ((event.at - start) / 1_000).toFixed(3);
        out.say(`${seconds.padStart(9)}  ${describeEvent(event, { realPorts })}\n`);
      },
    });
    const { stages: knocks, closing: last, ports: opened } = getSimulatedDoor(plan);
    const stages = knocks.map(renderPortSpec).join(" ");
    const doors = opened.map((spec) => `${door.findPort(spec)}/${spec.protocol}`).join(
      " ",
    );
    const closing = last.map(renderPortSpec);
    out.say(
      `a door for ${target.name} on ${door.address}: knock ${stages}, opens ${doors}` +
        `${closing.length === 0 ? "" : `, closes with ${closing.join(" ")}`}\n`,
    );
    const missing = listNotSimulated(target, { open });
    if (missing.length > 0) out.say(`opened by a firewall, but not here: ${missing.join(" ")}\n`);
    const probe = opened.find(({ protocol }) => protocol === "tcp");
    const asked = probe === undefined ? "" : ` --probe ${door.findPort(probe)}/tcp`;
    out.say(`from another terminal: ${describeKnocking(target, knocks, { door, asked })}\n`);
    out.say("stop it with Ctrl-C\n");
    await untilAborted(ports.signal);
    out.value({
      target: target.name,
      address: door.address,
      stages: knocks.map(renderPortSpec),
      opens: doors.split(" "),
      closing,
      events: events.map((event) => ({
        at_ms: Math.round(event.at - start),
        kind: event.kind,
        text: describeEvent(event, { realPorts }),
      })),
    });
    return EXIT.done;
  },
});

/** How to knock here: a target with one-time codes has another host, and a knock ad hoc carries none. */
function describeKnocking(
  target: Target,
  stages: readonly Stage[],
  { door: { address }, asked }: { door: Pick<Simulator, "address">; asked: string },
): string {
  const codes = stages.at(-1)?.codes;
  const [owner] = codes?.keys ?? [];
  if (codes === undefined || owner === undefined) {
    const secrets = stages.some(isSecret) ? " --secrets-from -" : "";
    return `spknock knock ${address} ${stages.map(renderPortSpec).join(" ")}${secrets}${asked}`;
  }
  const window = findWindow(codes, Date.now());
  const code = computeCode(owner.key, window, codes.slots - 1);
  const end = renderMoment(findValidity(codes, window).until);
  const line = renderSendLine({ ...target, host: address, family: "any" }, code);
  return `${line}\n(this code is valid until ${end}; later ones: spknock codes ${target.name} --count 1)`;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
