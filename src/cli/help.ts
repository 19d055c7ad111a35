/** The help, made from the command table and each command's own data. */
import { renderTable } from "../output/table.ts";
import type { Command } from "./command.ts";
import { type CommandRow, COMMANDS } from "./command_table.ts";
import { listExitCodes } from "./exit_codes.ts";
import { GLOBAL_OPTIONS, type OptionSpec } from "./options.ts";

/** Pages of the help that are not about a command. */
export const HELP_TOPICS: Readonly<Record<string, () => string>> = {
  "exit-codes": renderExitCodes,
};

/** Returns what `spknock --help` prints. */
export function renderHelp(): string {
  return "spknock: knock on closed ports, and check that the door is open\n\n" +
    "usage: spknock                    the menu, on a terminal\n" +
    "       spknock COMMAND [ARGS]\n\n" +
    "commands:\n" + renderTable(COMMANDS.map(({ name, summary }) => [`  ${name}`, summary])) +
    "\noptions of every command:\n" + renderOptions(GLOBAL_OPTIONS) +
    "\nmore: spknock COMMAND --help, spknock help exit-codes\n";
}

/** Returns what `spknock COMMAND --help` prints. */
export function renderCommandHelp(
  { name, summary }: CommandRow,
  { usage, details, options }: Command,
): string {
  const forms = usage.map((form, index) =>
    `${index === 0 ? "usage:" : "      "} spknock ${form}\n`
  );
  const own = options.length > 0 ? `\noptions:\n${renderOptions(options)}` : "";
  return `spknock ${name}: ${summary}\n\n${forms.join("")}` +
    (details === undefined ? "" : `\n${details}\n`) + own +
    `\noptions of every command:\n${renderOptions(GLOBAL_OPTIONS)}`;
}

function renderExitCodes(): string {
  return "exit codes:\n" +
    renderTable(listExitCodes().map(([code, meaning]) => [`  ${code}`, meaning])) +
    "\nWith several targets the most serious one decides (3 over 1 over 0).\n" +
    "2 and 4 promise that no packet was sent. After -- the command's code is ours.\n";
}

function renderOptions(options: readonly OptionSpec[]): string {
  return renderTable(options.map(({ name, short, value, help }) => [
    `  ${short === undefined ? "    " : `-${short}, `}--${name}${
      value === undefined ? "" : ` ${value}`
    }`,
    help,
  ]));
}
