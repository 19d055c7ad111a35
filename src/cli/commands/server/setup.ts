/** `setup`: from nothing to a closed, checked door. */
import { applyRules } from "../../../use_cases/apply/apply_rules.ts";
import { defineCommand } from "../../command.ts";
import { SETUP_OPTIONS } from "./setup_options.ts";
import { runSetup } from "./run_setup.ts";

/** The command `setup`. */
export const command = defineCommand({
  usage: ["setup", "setup NAME USER@HOST [--open 22/tcp] [--yes]", "setup NAME"],
  details: "Without arguments it asks. Makes a key, saves the target, loads the rules on the\n" +
    "server as apply does (with a timed way back), writes the block for ssh, logs in\n" +
    "through the door, and prints what to keep on paper. What is done already is used\n" +
    "again: after an error or Ctrl-C the same command goes on.",
  options: SETUP_OPTIONS,
  examples: [
    "setup home root@fw.example.com --open 22/tcp --yes",
    "setup office admin@192.0.2.7 --trust 192.168.0.0/24",
  ],
  run: (context) => runSetup(context, applyRules),
});
