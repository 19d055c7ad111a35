/** The options of `rolling`, and which of its actions takes which. */
import { UsageError } from "../../../core/errors.ts";
import { joinAnd } from "../../../core/text.ts";
import type { Context } from "../../command.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";

/** What is done to a key. */
export type RollingAction = "new" | "rotate" | "revoke";

const NAME_OPTION = {
  name: "name",
  value: "NAME",
  help: "who has the key, for new and revoke (default: TARGET)",
} as const satisfies OptionSpec;

const NEW_OPTIONS = [
  { name: "host", value: "HOST", help: "new: the host of a new target" },
  { name: "port", value: "N", help: "new: the udp port (default: the target's last)" },
  { name: "window", value: "DURATION", help: "new: how long a code is valid (default: 10m)" },
  { name: "slots", value: "N", help: "new: codes for each window (default: 4)" },
  { name: "open", value: "PORTS", help: "new: what the door opens: 22/tcp,443/tcp" },
] as const satisfies readonly OptionSpec[];

const ROTATE_OPTIONS = [
  { name: "finish", help: "rotate: forget the former key, and remove its file" },
  { name: "yes", short: "y", help: "rotate --finish: do not ask whether the rules are loaded" },
] as const satisfies readonly OptionSpec[];

const REVOKE_OPTIONS = [
  { name: "for", value: "BACKEND", help: "revoke: the firewall (default: nftables)" },
  { name: "rule-set", value: "NAME", help: "revoke: as in rules --name (default: the target's)" },
] as const satisfies readonly OptionSpec[];

/** Every option. */
export const ROLLING_OPTIONS = [
  ...NEW_OPTIONS,
  NAME_OPTION,
  ...ROTATE_OPTIONS,
  ...REVOKE_OPTIONS,
] as const;

/** The options of each action. */
const OPTIONS_BY_ACTION = {
  new: [...NEW_OPTIONS, NAME_OPTION],
  rotate: ROTATE_OPTIONS,
  revoke: [NAME_OPTION, ...REVOKE_OPTIONS],
} as const satisfies Record<RollingAction, readonly OptionSpec[]>;

/** The actions, in the order of the help. */
export const ROLLING_ACTIONS: readonly RollingAction[] = ["new", "rotate", "revoke"];

/** A run of one action. */
export type RollingContext = Context<OptionNames<typeof ROLLING_OPTIONS>>;

/**
 * Refuses the options of the other actions.
 *
 * @throws {UsageError}
 */
export function refuseOthers(action: RollingAction, { args }: RollingContext): void {
  const own: readonly OptionSpec[] = OPTIONS_BY_ACTION[action];
  const idle = ROLLING_OPTIONS.find((option) =>
    args.has(option.name) && !own.some(({ name }) => name === option.name)
  );
  if (idle === undefined) return;
  const names = joinAnd(own.map(({ name }) => `--${name}`));
  throw new UsageError(`--${idle.name} has no effect with "rolling ${action}"`, {
    hint: `rolling ${action} takes ${names}`,
  });
}
