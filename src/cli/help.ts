/** The help, made from the command table. */
import { renderTable } from "../output/table.ts";
import { COMMANDS, type CommandSpec } from "./commands.ts";
import { GLOBAL_OPTIONS, type OptionSpec } from "./options.ts";

/** What `spknock --help` says. */
export function renderHelp(): string {
  return "spknock: knock on closed ports, and see that the door is open\n\n" +
    "usage: spknock                    the menu, on a terminal\n" +
    "       spknock COMMAND [ARGS]\n\n" +
    "commands:\n" + renderTable(COMMANDS.map(({ name, summary }) => [`  ${name}`, summary])) +
    "\noptions of every command:\n" + renderOptions(GLOBAL_OPTIONS) +
    "\nexit codes: 0 done, 1 not open, 2 usage or configuration, 3 network, 4 secret,\n" +
    "            130 cancelled\n" +
    "more: spknock COMMAND --help\n";
}

/** What `spknock COMMAND --help` says. */
export function renderCommandHelp(command: CommandSpec): string {
  const usage = command.usage.map((form, index) =>
    `${index === 0 ? "usage:" : "      "} spknock ${form}\n`
  ).join("");
  const own = command.options.length > 0 ? `\noptions:\n${renderOptions(command.options)}` : "";
  return `spknock ${command.name}: ${command.summary}\n\n${usage}` +
    (command.details === undefined ? "" : `\n${command.details}\n`) + own +
    `\noptions of every command:\n${renderOptions(GLOBAL_OPTIONS)}`;
}

function renderOptions(options: readonly OptionSpec[]): string {
  return renderTable(options.map(({ name, short, value, help }) => [
    `  ${short === undefined ? "    " : `-${short}, `}--${name}${
      value === undefined ? "" : ` ${value}`
    }`,
    help,
  ]));
}
