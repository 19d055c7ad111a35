/** `completions`: the script that makes a shell complete command lines of spknock. */
import { defineCommand, requirePositionals } from "../../command.ts";
import { loadShell, SHELL_NAMES } from "../../completions/shells.ts";
import { EXIT } from "../../exit_codes.ts";

const USAGE = `completions ${SHELL_NAMES.join("|")}`;

/** The command `completions`. */
export const command = defineCommand({
  usage: [USAGE],
  details: "Prints a script that completes commands, options, names of targets, tags and\n" +
    "files. Its first lines say where each shell looks for it. The script asks the\n" +
    "spknock of the PATH, which reads the names in the configuration, and no secret.",
  options: [],
  examples: [
    "completions bash >~/.local/share/bash-completion/completions/spknock",
    "completions fish >~/.config/fish/completions/spknock.fish",
  ],
  async run(context) {
    const [name = ""] = requirePositionals(context, { min: 1, usage: `spknock ${USAGE}` });
    const { script } = await loadShell(name);
    context.out.print(script);
    context.out.value({ shell: name, script });
    return EXIT.done;
  },
});
