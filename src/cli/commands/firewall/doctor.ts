/** `doctor`: gathers evidence, and reports the most likely cause and its fix. */
import type { Config } from "../../../config/mod.ts";
import { parseDuration, renderDuration } from "../../../core/duration.ts";
import { ConfigError, UsageError } from "../../../core/errors.ts";
import { parseLogin, type Target } from "../../../core/target.ts";
import { chooseCommands } from "../../../core/system/commands.ts";
import { plural } from "../../../core/text.ts";
import { diagnose } from "../../../doctor/causes.ts";
import type { Evidence, Invocation } from "../../../doctor/evidence.ts";
import type { Diagnosis } from "../../../doctor/finding.ts";
import { toPayloads, toSecretRequest } from "../../../use_cases/rolling/rolling_codes.ts";
import { collectSecrets } from "../../../use_cases/collect_secrets.ts";
import { gatherEvidence, makeConfigEvidence } from "../../../use_cases/doctor/gather_evidence.ts";
import { pickDefined, readFamily } from "../../arguments/target_args.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import {
  findTarget,
  loadTargets,
  makeSecretOptions,
  readSecretChoice,
  targetsPath,
} from "../../context.ts";
import { listFileOptions } from "../../doctor_hint.ts";
import { EXIT } from "../../exit_codes.ts";
import { FAMILY_OPTIONS, SECRET_OPTIONS } from "../../option_specs.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import { makeHorizonCheck } from "../../reports/horizon_check.ts";
import { reportDiagnosis } from "../../reports/diagnosis_report.ts";

/** Milliseconds for one question, unless `--timeout` is given. */
const TIMEOUT_MS = 1_000;

const EXITS: Readonly<Record<Diagnosis["kind"], number>> = {
  fine: EXIT.done,
  closed: EXIT.closed,
  config: EXIT.usage,
  network: EXIT.network,
  secret: EXIT.secret,
};

/** Options of the command that a remedy repeats. */
const REPEATED_SECRET = ["secrets-from", "allow-empty"] as const;
const REPEATED = ["ipv4", "ipv6", "source", "timeout", "ssh", ...REPEATED_SECRET] as const;

const OPTIONS = [
  ...FAMILY_OPTIONS,
  { name: "timeout", value: "DURATION", help: "time limit for one question (default: 1s)" },
  ...SECRET_OPTIONS,
  { name: "no-knock", help: "only look, send no knock" },
  { name: "ports", help: "look at the knock ports too, in a harmless order" },
  {
    name: "ssh",
    value: "[USER@]HOST",
    help: "compare with the clock of the server over ssh (one-time codes)",
  },
  { name: "wait", help: "wait until an open door closes, then examine it" },
] as const satisfies readonly OptionSpec[];

type DoctorContext = Context<OptionNames<typeof OPTIONS>>;

/** The command `doctor`. */
export const command = defineCommand({
  usage: ["doctor", "doctor TARGET"],
  details: "With a target: looks at its port before and after a knock, and reports the most\n" +
    "likely cause.",
  options: OPTIONS,
  examples: [
    "doctor",
    "doctor home",
  ],
  async run(context) {
    const { args, ports, out } = context;
    const usage = "spknock doctor [TARGET]";
    const [name] = requirePositionals(context, { min: 0, max: 1, usage });
    const timeoutMs = args.read("timeout", parseDuration);
    const changes = { ...readFamily(args), ...pickDefined({ timeoutMs }) };
    const invocation = describeInvocation(context);
    const config = await loadOrExplain(context);
    if (config instanceof ConfigError) {
      ports.dropPermissions(["write", "run"]);
      const path = await targetsPath(context);
      return report(makeConfigEvidence(path, config, invocation), name, context);
    }
    const target = name === undefined ? undefined : { ...findTarget(config, name), ...changes };
    const secrets = readSecretChoice(args);
    const collect = async () => {
      const options = makeSecretOptions(context, secrets);
      if (target === undefined) return undefined;
      makeHorizonCheck(target, context)();
      const isListed = secrets.secretsFrom !== undefined;
      const request = toSecretRequest(target, { isListed });
      const [payloads = []] = await collectSecrets([request], ports, options);
      return toPayloads(target, payloads, ports);
    };
    let what = target === undefined
      ? `looking up ${plural(config.targets.size, "host")}`
      : `examining ${target.name}`;
    const gather: Parameters<typeof gatherEvidence>[2] = {
      target,
      timeoutMs: timeoutMs ?? TIMEOUT_MS,
      secretsFrom: secrets.secretsFrom,
      // A one-time sequence is not spent on a diagnosis.
      collect: args.has("no-knock") || target?.oneTime !== undefined ? undefined : collect,
      ssh: readSsh(context, target),
      looksAtPorts: args.has("ports"),
      waits: args.has("wait"),
      onWait: (ms, reason) => {
        const then = reason === "open" ? "the door closes by itself" : "the stages have ended";
        what = `waiting ${renderDuration(ms)} until ${then}`;
        out.note(what);
      },
      invocation,
    };
    const evidence = await out.status.during(
      (seconds) => `${what}, ${seconds} s`,
      () => gatherEvidence(config, ports, gather),
    );
    return report(evidence, name, context);
  },
});

/** A login needs a reason: only one-time codes and the packets of fwknop depend on the clock of the server. */
function readSsh({ args }: DoctorContext, target: Target | undefined): string | undefined {
  const place = args.read("ssh", parseLogin);
  const needsClock = target?.rolling !== undefined || target?.fwknop !== undefined;
  if (place === undefined || needsClock) return place;
  throw new UsageError("--ssh has no effect without a TARGET of one-time codes or of fwknop");
}

function report(evidence: Evidence, name: string | undefined, { out }: DoctorContext): number {
  const diagnosis = diagnose(evidence);
  reportDiagnosis({ evidence, diagnosis, name }, out);
  return EXITS[diagnosis.kind];
}

/** What remedies repeat of the command line. */
function describeInvocation(context: DoctorContext): Invocation {
  const { args, ports } = context;
  const repeat = (names: readonly (typeof REPEATED)[number][]) =>
    names.flatMap((name) => {
      if (!args.has(name)) return [];
      const value = args.value(name);
      return value === undefined
        ? [`--${name}`]
        : [`--${name}`, chooseCommands(ports.os).quote(value)];
    });
  return {
    os: ports.os,
    globals: listFileOptions(context),
    options: repeat(REPEATED),
    secretOptions: repeat(REPEATED_SECRET),
  };
}

/** A configuration with mistakes is evidence as well. */
async function loadOrExplain(context: DoctorContext): Promise<Config | ConfigError> {
  try {
    return await loadTargets(context);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
