/** `complete`: what can follow on the line that standard input has. For the scripts of `completions`. */
import { listNames } from "../../config/list_names.ts";
import { expandHome, findHome } from "../../core/system/home.ts";
import { defineCommand, requirePositionals } from "../command.ts";
import { findAnswer } from "./answer.ts";
import { splitLine } from "./line.ts";
import { loadShell, SHELL_NAMES } from "./shells.ts";
import { EXIT } from "../exit_codes.ts";

/** The command `complete`. */
export const command = defineCommand({
  usage: [`complete ${SHELL_NAMES.join("|")} [BREAKS]`],
  options: [],
  examples: ["complete bash", "complete zsh"],
  async run(context) {
    const { ports, out } = context;
    const usage = "spknock complete SHELL [BREAKS]";
    const [name = "", breaks = ""] = requirePositionals(context, { min: 1, max: 2, usage });
    const shell = await loadShell(name);
    const line = new TextDecoder().decode(await ports.stdin.readAll()).replace(/\r?\n$/, "");
    const words = splitLine(line, { escape: shell.escape, breaks });
    const word = words.at(-1);
    const home = findHome(ports);
    const readNames = (file: string | undefined) =>
      listNames(
        { env: ports.env, os: ports.os, file: file && expandHome(file, home) },
        ports.fs,
      );
    if (words.length < 2 || word === undefined) return EXIT.done;
    const { candidates, paths } = await findAnswer(
      words.slice(1).map(({ text }) => text),
      readNames,
    );
    const lines = candidates.flatMap((candidate) => shell.renderCandidate(candidate, word) ?? []);
    out.print([paths, ...lines].map((each) => `${each}\n`).join(""));
    return EXIT.done;
  },
});
