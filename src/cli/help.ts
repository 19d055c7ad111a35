/** The help, made from the command table and each command's own data. */
import { renderList } from "../output/table.ts";
import { wrapWords } from "../output/wrap.ts";
import type { Command } from "./command.ts";
import { type CommandRow, COMMANDS } from "./command_table.ts";
import { EXIT_NOTES, listExitCodes } from "./exit_codes.ts";
import { ENVIRONMENT } from "./help/environment.ts";
import { GLOBAL_OPTIONS, type OptionSpec } from "./options.ts";

/** How wide the help may be, in columns. */
interface HelpLayout {
  width: number;
}

/** Pages of the help that are not about a command. */
export const HELP_TOPICS: Readonly<Record<string, (layout: HelpLayout) => string>> = {
  "exit-codes": renderExitCodes,
  environment: renderEnvironment,
};

/** Returns what `spknock --help` prints. */
export function renderHelp(layout: HelpLayout): string {
  return wrap("spknock: knock on closed ports, and check that the door is open", layout) +
    "\nusage: spknock                    the menu, on a terminal\n" +
    "       spknock COMMAND [ARGS]\n\n" +
    "commands:\n" +
    renderList(COMMANDS.map(({ name, summary }) => [`  ${name}`, summary]), layout) +
    "\noptions of every command:\n" + renderOptions(GLOBAL_OPTIONS, layout) +
    "\n" +
    wrap("more: spknock COMMAND --help, spknock help exit-codes|environment", layout);
}

/**
 * Returns what `spknock COMMAND --help` prints.
 *
 * @param options.file the configuration file that is used; undefined where there is none.
 */
export function renderCommandHelp(
  { name, summary }: CommandRow,
  { usage, details, options, examples }: Command,
  { width, file }: HelpLayout & { file: string | undefined },
): string {
  const layout = { width };
  const forms = usage.map((form, index) =>
    wrap(`${index === 0 ? "usage:" : "      "} spknock ${form}`, layout, 9)
  );
  const own = options.length > 0 ? `\noptions:\n${renderOptions(options, layout)}` : "";
  return wrap(`spknock ${name}: ${summary}`, layout) + `\n${forms.join("")}` +
    (details === undefined ? "" : `\n${wrap(details.replaceAll("\n", " "), layout)}`) + own +
    `\noptions of every command:\n${renderOptions(GLOBAL_OPTIONS, layout)}` +
    `\nexamples:\n${examples.map((line) => `  spknock ${line}\n`).join("")}` +
    `\ntargets: ${file ?? "no file"}\n` +
    wrap("another file: --config FILE, or the environment variable SPKNOCK_CONFIG", layout);
}

function renderExitCodes(layout: HelpLayout): string {
  return "exit codes:\n" +
    renderList(listExitCodes().map(([code, meaning]) => [`  ${code}`, meaning]), layout) + "\n" +
    EXIT_NOTES.map((note) => wrap(note, layout)).join("");
}

function renderEnvironment(layout: HelpLayout): string {
  const { title, variables, note } = ENVIRONMENT;
  return `${title}\n` +
    renderList(variables.map(([name, meaning]) => [`  ${name}`, meaning]), layout) +
    `\n${wrap(note, layout)}`;
}

function renderOptions(options: readonly OptionSpec[], layout: HelpLayout): string {
  return renderList(
    options.map(({ name, short, value, help }) => [
      `  ${short === undefined ? "    " : `-${short}, `}--${name}${
        value === undefined ? "" : ` ${value}`
      }`,
      help,
    ]),
    layout,
  );
}

function wrap(text: string, { width }: HelpLayout, indent = 0): string {
  return wrapWords(text, { width, indent }).join("\n") + "\n";
}
