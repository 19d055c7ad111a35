/** `doctor`: gathers evidence, and reports the most likely cause and its fix. */
import type { Config } from "../../../config/mod.ts";
import { parseDuration } from "../../../core/duration.ts";
import { ConfigError } from "../../../core/errors.ts";
import { diagnose, type Diagnosis } from "../../../doctor/causes.ts";
import { collectSecrets } from "../../../use_cases/collect_secrets.ts";
import { gatherEvidence, makeConfigEvidence } from "../../../use_cases/gather_evidence.ts";
import { pickDefined, readFamily } from "../../arguments/target_args.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import { findTarget, loadTargets, makeAsk, targetsPath } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { FAMILY_OPTIONS, SECRETS_OPTION } from "../../option_specs.ts";
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

/** The command `doctor`. */
export const command = defineCommand({
  usage: ["doctor", "doctor TARGET"],
  details: "With a target: asks its ports before and after a knock, and reports the most\n" +
    "likely cause.",
  options: [
    ...FAMILY_OPTIONS,
    { name: "timeout", value: "DURATION", help: "time limit for one question (default: 1s)" },
    SECRETS_OPTION,
    { name: "no-knock", help: "only look, send no knock" },
  ],
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
    const config = await loadOrExplain(context);
    if (config instanceof ConfigError) {
      const evidence = makeConfigEvidence(await targetsPath(context), config);
      const diagnosis = diagnose(evidence);
      reportDiagnosis({ evidence, diagnosis, name }, out);
      return EXITS[diagnosis.kind];
    }
    const target = name === undefined ? undefined : { ...findTarget(config, name), ...changes };
    const collect = async () => {
      const options = { secretsFrom: args.value("secrets-from"), ask: makeAsk(context) };
      return target && (await collectSecrets([target], ports, options))[0];
    };
    const evidence = await gatherEvidence(config, ports, {
      target,
      timeoutMs: timeoutMs ?? TIMEOUT_MS,
      collect: args.has("no-knock") ? undefined : collect,
    });
    const diagnosis = diagnose(evidence);
    reportDiagnosis({ evidence, diagnosis, name }, out);
    return EXITS[diagnosis.kind];
  },
});

/** A configuration with mistakes is evidence as well. */
async function loadOrExplain(context: Context): Promise<Config | ConfigError> {
  try {
    return await loadTargets(context);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
