/** Quoting for a POSIX shell. */

/** `text` as one word; unchanged where the shell reads every character as itself. */
export function quoteShell(text: string): string {
  if (/^[A-Za-z0-9_./:=@%+,-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
