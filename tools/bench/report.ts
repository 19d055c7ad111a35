/** What a section gives, and how it looks. */

/** What a section measured, or why it could not. */
export type Outcome = {
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** Lines below the table. */
  notes?: readonly string[];
} | { leftOut: string };

/** A part of the benchmark. */
export interface Section {
  title: string;
  /** What is aimed at, in one line. */
  aim: string;
  run(): Promise<Outcome>;
}

/** A section as Markdown. */
export function renderSection({ title, aim }: Section, outcome: Outcome): string {
  const top = `## ${title}\n\nAim: ${aim}\n\n`;
  if ("leftOut" in outcome) return `${top}Left out: ${outcome.leftOut}\n`;
  const { head, rows, notes = [] } = outcome;
  const table = [head, head.map((_, column) => column === 0 ? "---" : "---:"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |\n`).join("");
  return top + table + notes.map((note) => `\n${note}\n`).join("");
}

/** One line about where this runs. */
export function describeMachine(): string {
  const { os, arch } = Deno.build;
  return `Deno ${Deno.version.deno}, ${os} ${arch}, ${navigator.hardwareConcurrency} cores`;
}

/** Milliseconds with one decimal, or two below ten; empty where there is none. */
export function ms(value: number): string {
  return Number.isNaN(value) ? "" : `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

/** `value` as a multiple of `base`; empty where one is missing. */
export function times(value: number, base: number): string {
  return Number.isNaN(value / base) ? "" : `${(value / base).toFixed(2)}x`;
}
