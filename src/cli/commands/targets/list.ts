/** `list`: the saved targets, a line each. */
import { renderService } from "../../../core/service.ts";
import { renderPortSpec } from "../../../core/knock.ts";
import type { Target } from "../../../core/target.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { renderTable } from "../../../output/table.ts";
import { readTagFilter } from "../../arguments/target_args.ts";
import { defineCommand, requirePositionals } from "../../command.ts";
import { explainNoTargets, loadTargets } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { toFwknopValue } from "../../reports/fwknop/packet_report.ts";
import { renderLeft } from "../../reports/one_time/left.ts";
import { lookAtSequences } from "../../../use_cases/one_time/take_sequence.ts";
import { toRollingValue } from "../../reports/rolling_report.ts";

/** The command `list`. */
export const command = defineCommand({
  usage: ["list"],
  options: [{
    name: "tag",
    value: "TAG",
    many: true,
    help: "only targets with this tag, or one of: a,b",
  }],
  examples: [
    "list",
    "list --tag family --json",
  ],
  run: async (context) => {
    requirePositionals(context, { min: 0, usage: "spknock list [--tag TAG]" });
    const { out, args, ports } = context;
    const config = await loadTargets(context);
    const tags = readTagFilter(args);
    const targets = [...config.targets.values()].filter((target) =>
      tags.length === 0 || target.tags.some((tag) => tags.includes(tag))
    );
    const oneTime = new Map(
      await Promise.all(
        targets.map(async (target) => [target, await lookAtSequences(target, ports)] as const),
      ),
    );
    out.value({
      file: config.file,
      targets: targets.map((target) => ({
        name: target.name,
        host: target.host,
        description: target.description,
        tags: target.tags,
        sequence: target.knocks.map(renderPortSpec),
        opens: target.opens.map(renderService),
        rolling: toRollingValue(target),
        fwknop: toFwknopValue(target),
        one_time: oneTime.get(target) ?? null,
      })),
    });
    if (targets.length === 0) {
      out.note(
        config.targets.size === 0
          ? sanitize(explainNoTargets(config))
          : `no target has the tag "${sanitize(args.values("tag").join('", "'))}"`,
      );
    }
    const { strong, faint } = out.style;
    out.print(renderTable(
      targets.map((target) => [
        strong(target.name),
        sanitize(target.host),
        renderKnocks(target, oneTime.get(target)?.left),
        faint(sanitize(target.tags.map((tag) => `#${tag}`).join(" "))),
        sanitize(target.description),
      ]),
      { width: out.tableWidth },
    ));
    return EXIT.done;
  },
});

/** The sequence on one line; a long one is cut. */
function renderKnocks(
  { knocks, rolling, oneTime, fwknop }: Target,
  left: number | null | undefined,
): string {
  if (oneTime !== undefined) {
    return typeof left === "number" ? renderLeft(left) : "one-time sequences, file unusable";
  }
  const shown = knocks.slice(0, 5).map(renderPortSpec).join(" ");
  const all = knocks.length > 5 ? `${shown} and ${knocks.length - 5} more` : shown;
  if (fwknop !== undefined) return `${all} (fwknop)`;
  return rolling === undefined ? all : `${all} (one-time code)`;
}
