/** `rolling revoke`: the shell lines that take the codes of a key out of a running firewall. */
import { renderDuration } from "../../../core/duration.ts";
import { parseTargetName } from "../../../core/target.ts";
import { findBackend } from "../../../rules/mod.ts";
import { revokeKey } from "../../../use_cases/rolling/revoke_key.ts";
import { requireRolling, type RollingTarget } from "../../../use_cases/rolling/rotate_key.ts";
import { findTarget, loadTargets } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import type { RollingContext } from "./rolling_options.ts";

const DEFAULT_BACKEND = "nftables";

/** Prints the lines for standard input of a shell, and what else is to be done. */
export async function revoke(name: string, context: RollingContext): Promise<number> {
  const { args, out } = context;
  const target = requireRolling(findTarget(await loadTargets(context), name));
  const backend = await findBackend(args.value("for") ?? DEFAULT_BACKEND);
  const { keyName, isOwn, lines } = await revokeKey(target, {
    keyName: args.read("name", parseTargetName),
    backend,
    variant: args.value("variant"),
    ruleSet: args.read("rule-set", parseTargetName),
  });
  out.print(lines.map((line) => `${line}\n`).join(""));
  const steps = listSteps(target, { keyName, isOwn, backend: backend.name });
  for (const step of steps) out.note(step);
  out.value({ target: name, key: keyName, backend: backend.name, lines, steps });
  return EXIT.done;
}

/** What the lines do not do. */
function listSteps(
  { name, openForMs }: RollingTarget,
  { keyName, isOwn, backend }: { keyName: string; isOwn: boolean; backend: string },
): string[] {
  const rules = `spknock rules ${name} --for ${backend}`;
  return [
    `these lines take the codes of ${keyName} out of the running firewall: run them there, as root`,
    isOwn
      ? `then make a new key: spknock rolling rotate ${name}`
      : `then write the rules again without this key, and load them: ${rules}`,
    ...(isOwn
      ? [
        `then write the rules again, and load them: ${rules}`,
        `then forget the key: spknock rolling rotate ${name} --finish`,
      ]
      : []),
    `a door that is open stays open for up to ${
      renderDuration(openForMs)
    }, and its connections go ` +
    "on: the header of the rules says how to list the sources that are let in, and how to close it",
  ];
}
