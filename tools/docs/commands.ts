/** The tables of docs/commands.md and docs/options.md, made from the table of commands and from what each command declares. */
import type { Command } from "../../src/cli/command.ts";
import { type CommandRow, COMMANDS } from "../../src/cli/command_table.ts";
import { GLOBAL_OPTIONS, type OptionSpec } from "../../src/cli/options.ts";
import { renderTable } from "./markdown.ts";

/** A row with what it loads. */
export type Loaded = CommandRow & { command: Command };

/** Returns every command with its file loaded. */
export async function loadCommands(): Promise<Loaded[]> {
  return await Promise.all(COMMANDS.map(async (row) => ({ ...row, ...await row.load() })));
}

/** Returns the table of the commands: each form of its command line, and what it does. */
export function renderCommandTable(commands: readonly Loaded[]): string {
  const menu = ["`spknock`", "the menu, on a terminal"];
  const rows = commands.map(({ command, summary }) => [
    command.usage.map((form) => quoteCode(`spknock ${form}`)).join("<br>"),
    quoteCell(summary),
  ]);
  return renderTable(["command", "what it does"], [menu, ...rows]);
}

/** Returns a table of the options of each command that has some, and of those of every command. */
export function renderOptionTables(commands: readonly Loaded[]): string {
  const tables = commands.map(({ name, command }) => ({
    title: `\`spknock ${name}\``,
    options: command.options,
  }));
  return [...tables, { title: "Every command", options: GLOBAL_OPTIONS }]
    .filter(({ options }) => options.length > 0)
    .map(({ title, options }) => `${title}:\n\n${renderOptions(options)}`)
    .join("\n\n");
}

function renderOptions(options: readonly OptionSpec[]): string {
  const rows = options.map(({ name, short, value, help }) => {
    const long = value === undefined ? `--${name}` : `--${name} ${value}`;
    return [quoteCode(short === undefined ? long : `-${short}, ${long}`), quoteCell(help)];
  });
  return renderTable(["option", ""], rows);
}

function quoteCode(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

function quoteCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
