import { assertEquals } from "@std/assert";
import { table } from "../table.ts";
import { listDocuments } from "./documents.ts";
import { readSources, ROOT } from "./source.ts";

/** What docs/style.md has replaced: it is found in texts, comments and names alike. */
const PHRASES: Readonly<Record<string, RegExp>> = {
  "is no X": /(?<!\bthere )\b(?:is|are) no (?!longer|more)\w/i,
  "is wanted": /\b(?:is|are|was) wanted\b/,
  "stands": /\bstands?\b(?! in for)/,
  "cannot be:": /\bcannot be[:,.]/,
  "who is in": /\bwho is in\b/i,
  "says nothing": /\b(?:says?|said) nothing\b/,
  "lets others at it": /\blets? others at\b/,
  "has no place": /\bhas no place\b/,
  "nobody": /\bnobody\b/i,
  "somebody": /\bsomebody\b/i,
  "whoever": /\bwhoever\b/i,
  "shall": /\bshall\b/,
  "shut out": /\bshuts? (?:\w+ ){0,2}out\b/,
  "honest": /\bhonest\b/i,
  "voice, narrate": /\b(?:voice|narrate)\b/i,
  "is to be": /\b(?:is|are) to be\b/,
  "at leisure": /\bat leisure\b/,
  "does not vouch": /\bvouch/,
  "(s)": /\w\(s\)/,
};

/** Returns `FILE:LINE: TEXT` of every line that matches. */
function findLines(phrase: RegExp, files: readonly { path: string; text: string }[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) =>
      phrase.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []
    )
  );
}

const sources = await readSources(["src", "tools"]);
/** What is kept as it was written. */
const KEPT = ["CHANGELOG.md", "docs/style.md"];
const others = ["targets.example.toml", "targets.schema.json"];
const documents = [
  ...(await listDocuments()).filter(({ path }) => !KEPT.includes(path)),
  ...await Promise.all(
    others.map(async (path) => ({ path, text: await Deno.readTextFile(new URL(path, ROOT)) })),
  ),
];

table("phrases that do not come back (docs/style.md)", PHRASES, (phrase) => {
  assertEquals(findLines(phrase, [...sources, ...documents]), []);
});

Deno.test("names: no function ends in Of", () => {
  assertEquals(findLines(/\b(?:function|const) \w+Of\b/, sources), []);
});
