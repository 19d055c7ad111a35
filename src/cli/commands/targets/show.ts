/** `show`: one target with all its settings; secrets only by where they come from. */
import { renderDuration } from "../../../core/duration.ts";
import { type Knock, renderPortSpec } from "../../../core/knock.ts";
import type { Target } from "../../../core/target.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { renderTable } from "../../../output/table.ts";
import { describeProbe } from "../../../probe/mod.ts";
import { defineCommand, requirePositionals } from "../../command.ts";
import { findTarget, loadTargets } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { describePayload } from "../../reports/dry_run.ts";

/** The command `show`. */
export const command = defineCommand({
  usage: ["show TARGET"],
  options: [],
  run: async (context) => {
    const [name = ""] = requirePositionals(context, { min: 1, usage: "spknock show TARGET" });
    const target = findTarget(await loadTargets(context), name);
    const { out } = context;
    const probes = target.probes.map(describeProbe);
    out.value({
      name: target.name,
      host: target.host,
      description: target.description,
      tags: target.tags,
      knocks: target.knocks.map((knock) => toKnockValue(knock, target)),
      family: target.family,
      source: target.source ?? null,
      tries: target.tries,
      copies: target.copies,
      open_for_ms: target.openForMs,
      stage_timeout_ms: target.stageTimeoutMs,
      timeout_ms: target.timeoutMs,
      probes,
      after: target.after.map(({ command }) => command),
      close: target.close?.map((knock) => toKnockValue(knock, target)) ?? null,
      connect: target.connect ?? null,
    });
    out.print(
      renderTable(listRows(target, probes).map(([key = "", value = ""]) => [key, sanitize(value)])),
    );
    return EXIT.done;
  },
});

function toKnockValue(knock: Knock, target: Target): unknown {
  return {
    port: knock.port,
    protocol: knock.protocol,
    payload: describePayload(knock),
    delay_ms: knock.delayMs ?? target.delayMs,
  };
}

function listRows(target: Target, probes: readonly string[]): string[][] {
  const optional = (key: string, value: string) => value === "" ? [] : [[key, value]];
  const knockRows = (key: string, knocks: readonly Knock[]) =>
    knocks.map((knock, index) => [
      `${key} ${index + 1}`,
      `${renderPortSpec(knock)}, ${describePayload(knock)}`,
    ]);
  return [
    ["name", target.name],
    ["host", target.host],
    ...optional("description", target.description),
    ...optional("tags", target.tags.join(", ")),
    ...knockRows("knock", target.knocks),
    ["delay", renderDuration(target.delayMs)],
    ["family", target.family],
    ...optional("source", target.source ?? ""),
    ["tries", `${target.tries}`],
    ["copies", `${target.copies}`],
    ["open for", renderDuration(target.openForMs)],
    ["stage timeout", renderDuration(target.stageTimeoutMs)],
    ["timeout", renderDuration(target.timeoutMs)],
    ...probes.map((probe) => ["probe", probe]),
    ...target.after.map(({ command }) => ["after", command.join(" ")]),
    ...knockRows("close", target.close ?? []),
    ...optional("connect to", target.connect?.host ?? ""),
    ...optional("connect port", `${target.connect?.port ?? ""}`),
  ];
}
