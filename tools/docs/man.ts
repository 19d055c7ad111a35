/** `man/spknock.1`: the manual of the program, from the tables that `--help` is made from. */
import { EXIT_NOTES, listExitCodes } from "../../src/cli/exit_codes.ts";
import { ENVIRONMENT } from "../../src/cli/help/environment.ts";
import { GLOBAL_OPTIONS, type OptionSpec } from "../../src/cli/options.ts";
import type { Loaded } from "./commands.ts";
import {
  quoteWord,
  renderForms,
  renderLines,
  renderPage,
  renderProse,
  renderTerms,
} from "./mdoc.ts";

/** Returns the page. */
export function renderManual(commands: readonly Loaded[], { date }: { date: string }): string {
  const head = { name: "spknock", section: 1, summary: "knock on closed ports", date };
  return renderPage(head, {
    SYNOPSIS: [".Nm", ".Nm", ".Ar COMMAND", ".Op Ar ARGS"],
    DESCRIPTION: [
      ".Nm",
      renderProse(
        "sends the packets that make a firewall open a port for this address, in their order, and " +
          "checks that the port is open. The packets are regular knocks, secret knocks (udp packets " +
          "that carry the hash of a passphrase), one-time codes, or a packet of fwknop.",
      ),
      ".Pp",
      renderProse("Targets, the doors with a name, are in a file that is described in"),
      ".Xr spknock-targets 5 .",
      renderProse("Without arguments, on a terminal, a menu asks what to do."),
    ],
    COMMANDS: [
      ...commands.flatMap(renderCommand),
      ".Ss Options of every command",
      ...renderOptions(GLOBAL_OPTIONS),
    ],
    ENVIRONMENT: [
      renderTerms(
        ENVIRONMENT.variables.map(([name, meaning]) => ({
          head: `Ev ${quoteWord(name)}`,
          text: renderProse(meaning),
        })),
      ),
      ".Pp",
      renderProse(ENVIRONMENT.note),
    ],
    FILES: [renderTerms(FILES.map(([path, text]) => ({ head: `Pa ${quoteWord(path)}`, text })))],
    "EXIT STATUS": [
      renderTerms(
        listExitCodes().map(([code, meaning]) => ({ head: code, text: renderProse(meaning) })),
      ),
      ".Pp",
      renderProse(EXIT_NOTES.join(" ")),
    ],
    EXAMPLES: [
      renderLines(
        commands.flatMap(({ command }) => command.examples).flatMap((line) =>
          fitCommand(`spknock ${line}`)
        ),
      ),
    ],
    "SEE ALSO": [
      ".Xr ssh 1 ,",
      ".Xr spknock-targets 5 ,",
      ".Xr ssh_config 5 ,",
      ".Xr nft 8",
      ".Pp",
      ".Lk https://github.com/spknock/spknock",
    ],
  });
}

const FILES: readonly (readonly [path: string, text: string])[] = [
  ["~/.config/spknock/targets.toml", "the targets, see\n.Xr spknock-targets 5"],
  ["~/.config/spknock/keys/", renderProse("the keys that `rolling`, `fwknop` and `setup` make")],
];

/** How long a line of an example may be, at 80 columns. */
const EXAMPLE_WIDTH = 74;

/** Returns a command line, of two lines of a shell where it is too long. */
function fitCommand(line: string): string[] {
  const cut = line.lastIndexOf(" ");
  if (line.length <= EXAMPLE_WIDTH || /['"]/.test(line.slice(cut))) return [line];
  return [`${line.slice(0, cut)} \\`, `    ${line.slice(cut + 1)}`];
}

function renderCommand({ name, summary, command }: Loaded): string[] {
  const { usage, details, options } = command;
  return [
    `.Ss ${name.split(" ").map(quoteWord).join(" ")}`,
    renderForms(usage.map((form) => `spknock ${form}`)),
    ".Pp",
    renderProse(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`),
    ...(details === undefined ? [] : [renderProse(details)]),
    ...renderOptions(options),
  ];
}

function renderOptions(options: readonly OptionSpec[]): string[] {
  if (options.length === 0) return [];
  const rows = options.map(({ name, short, value, help }) => {
    const flags = [...(short === undefined ? [] : [short]), `-${name}`];
    const words = value?.split(" ").map(quoteWord) ?? [];
    return {
      head: flags.map((flag) => `Fl ${quoteWord(flag)}`).join(" , ") +
        (words.length === 0 ? "" : ` Ar ${words.join(" ")}`),
      text: renderProse(help),
    };
  });
  return [renderTerms(rows)];
}
