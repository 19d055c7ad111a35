/** mdoc(7), the language of manual pages, as the pages of `man/` have it. */

import { wrapWords } from "../../src/output/wrap.ts";

/** Of the lines of the source, which mandoc likes below 80 after what is quoted. */
const WIDTH = 65;

/** Characters that roff would read, or print as another one that a shell or TOML does not take. */
const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "-": "\\-",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
  '"': "\\(dq",
};

/** Returns text with every character printed as it is, also at the start of a line. */
function quoteText(text: string): string {
  return text.replaceAll(/[-\\'`^~"]/g, (character) => ESCAPES[character] ?? character)
    .replaceAll(/^\./gm, "\\&.");
}

/** Returns a word for the line of a macro: never the name of another macro, nor punctuation. */
export function quoteWord(word: string): string {
  const isRead = /^[A-Z][a-z]$|^[[\](){}|.,:;!?]$/.test(word);
  return (isRead ? "\\&" : "") + quoteText(word);
}

/** Returns prose, each sentence on a line of its own; what is in backticks is bold. */
export function renderProse(text: string): string {
  const sentences = text.replaceAll(/\s+/g, " ").split(/(?<=[.!?]) (?=[A-Z])/);
  return sentences.flatMap((sentence) => wrapWords(sentence, { width: WIDTH })).join("\n")
    .split(/`([^`]*)`/)
    .map((part, index) => index % 2 === 0 ? quoteText(part) : `\\fB${quoteText(part)}\\fP`)
    .join("");
}

/** Returns lines as they are. */
export function renderLines(lines: readonly string[]): string {
  return `.Bd -literal\n${lines.map(quoteText).join("\n")}\n.Ed`;
}

/** Returns the forms of a command line: words are bold, what stands in for a value is italic. */
export function renderForms(forms: readonly string[]): string {
  const lines = forms.map((form) =>
    form.replaceAll(
      /[A-Z]+(?:-[A-Z]+)*|-*[a-z]+(?:-[a-z]+)*|--/g,
      (word) => `\\f${/^[A-Z]/.test(word) ? "I" : "B"}${quoteText(word)}\\fP`,
    )
  );
  const quoted = lines.map((line) => line.replaceAll("'", "\\(aq"));
  return `.Bd -unfilled -offset indent\n${quoted.join("\n")}\n.Ed`;
}

/** Returns a list of terms with their meaning; `head` is the rest of the line of `.It`. */
export function renderTerms(rows: readonly { head: string; text: string }[]): string {
  return `.Bl -tag -width Ds\n${
    rows.map(({ head, text }) => `.It ${head}\n${text}`).join("\n")
  }\n.El`;
}

/** Returns a whole page from its sections, each without an end of line. */
export function renderPage(
  { name, section, summary, date }: {
    name: string;
    section: number;
    summary: string;
    /** When the page has changed last, such as `November 28, 2026`. */
    date: string;
  },
  sections: Readonly<Record<string, readonly string[]>>,
): string {
  const parts = Object.entries(sections).map(([title, texts]) => [`.Sh ${title}`, ...texts]);
  return [
    '.\\" Made by `deno task docs`: change tools/docs, not this file.',
    `.Dd ${date}`,
    `.Dt ${quoteText(name.toUpperCase())} ${section}`,
    ".Os spknock",
    ".Sh NAME",
    `.Nm ${quoteText(name)}`,
    `.Nd ${quoteText(summary)}`,
    ...parts.flat(),
  ].join("\n") + "\n";
}
