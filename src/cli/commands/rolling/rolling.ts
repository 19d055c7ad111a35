/** `rolling`: the key of one-time codes: made, replaced, taken out of a firewall. */
import { parseAction } from "../../arguments/action.ts";
import { defineCommand, requirePositionals } from "../../command.ts";
import {
  refuseOthers,
  ROLLING_ACTIONS,
  ROLLING_OPTIONS,
  type RollingAction,
  type RollingContext,
} from "./rolling_options.ts";

const USAGE = `spknock rolling ${ROLLING_ACTIONS.join("|")} TARGET`;

/** Each action, loaded when it is needed. */
const ACTIONS: Readonly<
  Record<RollingAction, () => Promise<(name: string, context: RollingContext) => Promise<number>>>
> = {
  new: async () => (await import("./new_key.ts")).makeKey,
  rotate: async () => (await import("./rotate.ts")).rotate,
  revoke: async () => (await import("./revoke.ts")).revoke,
};

/** The command `rolling`. */
export const command = defineCommand({
  usage: [
    "rolling new TARGET [--host HOST --port N] [OPTIONS]",
    "rolling rotate TARGET [--finish]",
    "rolling revoke TARGET [--name NAME] [--for BACKEND]",
  ],
  details: "new makes a key beside the configuration (keys/TARGET.key, mode 0600), for a new\n" +
    "target or a saved one, whose knocks become one with a one-time code. rotate makes\n" +
    "another key, and keeps the former one until --finish. revoke prints the shell\n" +
    "lines that take the codes of a key out of a running firewall.",
  options: ROLLING_OPTIONS,
  examples: [
    "rolling new home --host fw.example.com --port 62201 --open 22/tcp",
    "rolling revoke home --name anna --for nftables",
  ],
  async run(context) {
    const [text = "", name = ""] = requirePositionals(context, { min: 2, usage: USAGE });
    const action = parseAction(text, ROLLING_ACTIONS, { usage: USAGE });
    refuseOthers(action, context);
    return await (await ACTIONS[action]())(name, context);
  },
});
