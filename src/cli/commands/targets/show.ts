/** `show`: one target with all its settings; secrets only by where they come from. */
import { renderService } from "../../../core/service.ts";
import { renderDuration } from "../../../core/duration.ts";
import { renderDelay } from "../../../core/sequence.ts";
import { UsageError } from "../../../core/errors.ts";
import type { Knock } from "../../../core/knock.ts";
import type { Target } from "../../../core/target.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { renderTable } from "../../../output/table.ts";
import { collectSecrets, type CollectSecretsOptions } from "../../../use_cases/collect_secrets.ts";
import { toClosingTarget } from "../../../use_cases/close_target.ts";
import { describeProbe } from "../../../probe/mod.ts";
import { defineCommand, requirePositionals } from "../../command.ts";
import { findTarget, loadTargets, makeSecretOptions, readSecretChoice } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { SECRET_OPTIONS } from "../../option_specs.ts";
import type { CliPorts } from "../../ports.ts";
import { describeKnock, describePayload, listKnockExtras } from "../../reports/dry_run.ts";
import { listFwknopRows, toFwknopValue } from "../../reports/fwknop/packet_report.ts";
import { listOneTimeRows } from "../../reports/one_time/left.ts";
import { lookAtSequences } from "../../../use_cases/one_time/take_sequence.ts";
import { listRollingRows, toRollingValue } from "../../reports/rolling_report.ts";

/** The command `show`. */
export const command = defineCommand({
  usage: ["show TARGET"],
  details: "--fingerprint collects the secrets as knock does, and prints 8 digits of each\n" +
    "payload's SHA-256: the header of the rules has the same ones for the same\n" +
    "passphrase.",
  options: [
    { name: "fingerprint", help: "print a fingerprint of each payload, to compare two sides" },
    ...SECRET_OPTIONS,
  ],
  examples: [
    "show home",
    "show home --fingerprint",
  ],
  run: async (context) => {
    const [name = ""] = requirePositionals(context, { min: 1, usage: "spknock show TARGET" });
    const target = findTarget(await loadTargets(context), name);
    const { out, args, ports } = context;
    const unused = args.has("fingerprint")
      ? undefined
      : SECRET_OPTIONS.find((option) => args.has(option.name));
    if (unused !== undefined) {
      throw new UsageError(`--${unused.name} has no effect without --fingerprint`);
    }
    if (!args.has("fingerprint")) ports.dropPermissions(["run"]);
    const prints = args.has("fingerprint")
      ? await collectFingerprints(
        target,
        ports,
        makeSecretOptions(context, readSecretChoice(args)),
      )
      : new Map<Knock, string>();
    if (args.has("fingerprint") && target.rolling !== undefined) {
      out.note("a one-time code has no fingerprint: it is another one in each window");
    }
    if (args.has("fingerprint") && target.fwknop !== undefined) {
      out.note("a packet of fwknop has no fingerprint: each one is another");
    }
    const probes = target.probes.map(describeProbe);
    const closing = toClosingTarget(target);
    const oneTime = await lookAtSequences(target, ports);
    out.value({
      name: target.name,
      host: target.host,
      description: target.description,
      tags: target.tags,
      knocks: target.knocks.map((knock) => toKnockValue(knock, target, prints)),
      rolling: toRollingValue(target),
      fwknop: toFwknopValue(target),
      one_time: oneTime ?? null,
      opens: target.opens.map(renderService),
      family: target.family,
      source: target.source ?? null,
      admin: target.admin ?? null,
      tries: target.tries,
      copies: target.copies,
      open_for_ms: target.openForMs,
      stage_timeout_ms: target.stageTimeoutMs,
      timeout_ms: target.timeoutMs,
      probes,
      after: target.after.map(({ command }) => command),
      close: closing?.knocks.map((knock) => toKnockValue(knock, closing, prints)) ?? null,
      connect: target.connect ?? null,
    });
    out.print(
      renderTable(
        listRows(target, { probes, prints, oneTime: listOneTimeRows(oneTime) }).map((
          [key = "", value = ""],
        ) => [key, sanitize(value)]),
        { width: out.tableWidth },
      ),
    );
    return EXIT.done;
  },
});

/** The fingerprints of the knocks that have a payload. */
type Fingerprints = ReadonlyMap<Knock, string>;

async function collectFingerprints(
  target: Target,
  ports: CliPorts,
  options: CollectSecretsOptions,
): Promise<Fingerprints> {
  const { fingerprintPayload } = await import("../../../core/fingerprint.ts");
  // A one-time code, or a packet of fwknop, is another one each time: there is nothing to compare.
  const hasFingerprint = ({ payload }: Knock) =>
    target.fwknop === undefined && (target.rolling === undefined || payload.kind !== "secret");
  const knocks = [...target.knocks.filter(hasFingerprint), ...target.close ?? []];
  const [payloads = []] = await collectSecrets([{ name: target.name, knocks }], ports, options);
  return new Map(knocks.flatMap((knock, index) => {
    const payload = payloads[index];
    return payload === undefined || payload.length === 0
      ? []
      : [[knock, fingerprintPayload(payload)] as const];
  }));
}

function toKnockValue(knock: Knock, target: Target, prints: Fingerprints): unknown {
  const delay = knock.delayMs ?? target.delayMs;
  return {
    port: knock.port,
    protocol: knock.protocol,
    payload: describePayload(knock, target),
    ...listKnockExtras(knock, target),
    delay_ms: delay === "auto" ? null : delay,
    ...(prints.size === 0 ? {} : { fingerprint: prints.get(knock) ?? null }),
  };
}

function listRows(
  target: Target,
  { probes, prints, oneTime }: {
    probes: readonly string[];
    prints: Fingerprints;
    oneTime: readonly [key: string, value: string][];
  },
): string[][] {
  const optional = (key: string, value: string) => value === "" ? [] : [[key, value]];
  const knockRows = (key: string, door: Target | undefined) =>
    (door?.knocks ?? []).map((knock, index) => {
      const { spec, content } = describeKnock(knock, door ?? target);
      const print = prints.has(knock) ? `, fingerprint ${prints.get(knock)}` : "";
      return [`${key} ${index + 1}`, `${spec}, ${content}${print}`];
    });
  return [
    ["name", target.name],
    ["host", target.host],
    ...optional("description", target.description),
    ...optional("tags", target.tags.join(", ")),
    ...knockRows("knock", target),
    ...listRollingRows(target),
    ...listFwknopRows(target),
    ...oneTime,
    ...optional("opens", target.opens.map(renderService).join(", ")),
    ["delay", renderDelay(target.delayMs)],
    ["family", target.family],
    ...optional("source", target.source ?? ""),
    ...optional("admin", target.admin ?? ""),
    ["tries", `${target.tries}`],
    ["copies", `${target.copies}`],
    ["open for", renderDuration(target.openForMs)],
    ["stage timeout", renderDuration(target.stageTimeoutMs)],
    ["timeout", renderDuration(target.timeoutMs)],
    ...probes.map((probe) => ["probe", probe]),
    ...target.after.map(({ command }) => ["after", command.join(" ")]),
    ...knockRows("close", toClosingTarget(target)),
    ...optional("connect to", target.connect?.host ?? ""),
    ...optional("connect port", `${target.connect?.port ?? ""}`),
  ];
}
