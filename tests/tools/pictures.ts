/** The pictures in docs/pictures as text. */
import { readPicture } from "../../tools/picture/draw.ts";

/** Returns the lines of a saved picture. */
export async function readSaved(name: string): Promise<string[]> {
  const file = new URL(`../../docs/pictures/${name}.svg`, import.meta.url);
  return readPicture(await Deno.readTextFile(file));
}

/** Returns lines without what is another each time: durations, addresses, and ports that another program has taken. */
export function comparable(lines: readonly string[]): string[] {
  return lines.filter((line) => !line.includes("taking free ports")).map((line) =>
    line.replace(/\d+(?:\.\d+)*(?: ?m?s\b)?/g, "N").replace(/ +/g, " ").trimEnd()
  );
}
