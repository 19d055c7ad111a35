/** `rolling revoke`: the shell lines that take the codes of a key out of a running firewall. */
import { renderDuration } from "../../../core/duration.ts";
import { parseTargetName } from "../../../core/target.ts";
import { findBackend } from "../../../rules/mod.ts";
import { revokeKey } from "../../../use_cases/rolling/revoke_key.ts";
import { requireRolling, type RollingTarget } from "../../../use_cases/rolling/rotate_key.ts";
import { findTarget, loadTargets } from "../../context.ts";
import { listFileOptions } from "../../doctor_hint.ts";
import { EXIT } from "../../exit_codes.ts";
import type { RollingContext } from "./rolling_options.ts";

const DEFAULT_BACKEND = "nftables";

/** Prints the lines for standard input of a shell, and what they do not do. */
export async function revoke(name: string, context: RollingContext): Promise<number> {
  const { args, out } = context;
  const target = requireRolling(findTarget(await loadTargets(context), name));
  const options = listFileOptions(context);
  const backend = await findBackend(args.value("for") ?? DEFAULT_BACKEND);
  const { keyName, isOwn, lines } = await revokeKey(target, {
    keyName: args.read("name", parseTargetName),
    backend,
    ruleSet: args.read("rule-set", parseTargetName),
  });
  out.print(lines.map((line) => `${line}\n`).join(""));
  const isListed = backend.rolling?.streamCodes !== undefined;
  const horizon = isListed ? ["--until 1y --save"] : [];
  const steps = listSteps(target, {
    keyName,
    isOwn,
    rules: ["spknock rules", name, `--for ${backend.name}`, ...horizon, ...options].join(" "),
    rotate: ["spknock rolling rotate", name, ...options].join(" "),
  });
  for (const step of steps) out.note(step);
  out.value({ target: name, key: keyName, backend: backend.name, lines, steps });
  return EXIT.done;
}

/** What the lines do not do. */
function listSteps(
  { openForMs }: RollingTarget,
  { keyName, isOwn, rules, rotate }: Record<"keyName" | "rules" | "rotate", string> & {
    isOwn: boolean;
  },
): string[] {
  return [
    `these lines take the codes of ${keyName} out of the running firewall: run them there, as root`,
    `a source that is let in stays so for up to ${
      renderDuration(openForMs)
    }, and its connections go on`,
    ...(isOwn
      ? [
        `then make a new key: ${rotate}`,
        `then write the rules again, and load them: ${rules}`,
        `then forget the key: ${rotate} --finish`,
      ]
      : [`then write the rules again without this key, and load them: ${rules}`]),
  ];
}
