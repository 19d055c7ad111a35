/** How wide a text is on a terminal. */

/** Returns the columns of a text on a terminal; colours take none. */
export function measureWidth(text: string): number {
  // deno-lint-ignore no-control-regex
  const bare = text.replace(/\x1b\[[\d;]*m/g, "");
  if (/^[\x20-\x7e]*$/.test(bare)) return bare.length;
  // Made only where it is needed: it costs as much as a whole knock.
  const characters = [...new Intl.Segmenter().segment(bare)];
  return characters.reduce((sum, { segment }) => sum + (WIDE.test(segment) ? 2 : 1), 0);
}

/** What terminals show two columns wide (UAX #11: East Asian wide and fullwidth, and emoji). */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})/u;
