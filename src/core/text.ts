/** Small helpers for text that people and shells read. */

/** `1 target`, `3 targets`; `plural(2, "try", "tries")` where an "s" is not enough. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The message of whatever was thrown. */
export function errorMessage(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Returns `a, b or c`. */
export function joinOr(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} or ${last}`;
}

/** Returns `a, b, c`, or as many of them as fit into `width` columns with `, ...`. */
export function joinWithin(items: readonly string[], width: number): string {
  const whole = items.join(", ");
  if (whole.length <= width) return whole;
  const count = items.findIndex((_, index) =>
    `${items.slice(0, index + 1).join(", ")}, ...`.length > width
  );
  return [...items.slice(0, count), "..."].join(", ");
}

/** Returns `text` with each `{key}` of `facts` filled in, once; other braces stay. */
export function fillIn(text: string, facts: object): string {
  return text.replace(
    /\{(\w+)\}/g,
    (whole, key: string) => Object.hasOwn(facts, key) ? `${Reflect.get(facts, key) ?? ""}` : whole,
  );
}

/** `text` as one word; unchanged where the shell reads every character as itself. */
export function quoteShell(text: string): string {
  if (/^[A-Za-z0-9_./:=@%+,-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
