import { assertEquals } from "@std/assert";
import { listDocuments, ROOT, splitFences } from "./documents.ts";

const documents = await listDocuments();

/** GitHub's anchor of a heading. */
function anchorHeading(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("`", "");
  return text.toLowerCase().replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").replaceAll(" ", "-");
}

/** Every anchor of a document; a heading that comes again has a number. */
function listAnchors(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = anchorHeading(heading.trim());
    let unique = anchor;
    for (let n = 1; anchors.has(unique); n++) unique = `${anchor}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

const pages = new Map(documents.map(({ path, text }) => [path, splitFences(text).prose]));

for (const { path } of documents) {
  Deno.test(`links: those of ${path} lead to files and headings that exist`, async () => {
    const broken: string[] = [];
    const prose = (pages.get(path) ?? "").replace(/`[^`\n]*`/g, "");
    for (const [, link = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file = "", anchor] = link.split("#");
      const url = file === "" ? new URL(path, ROOT) : new URL(file, new URL(path, ROOT));
      const target = url.href.slice(ROOT.href.length);
      const exists = await Deno.stat(url).then(() => true, () => false);
      const text = pages.get(target);
      if (!exists || (anchor !== undefined && !(text && listAnchors(text).has(anchor)))) {
        broken.push(link);
      }
    }
    assertEquals(broken, []);
  });
}

Deno.test("links: the contents page names every page of docs/", () => {
  const contents = pages.get("docs/README.md") ?? "";
  const missing = documents.map(({ path }) => path).filter((path) =>
    /^docs\/[^/]+\.md$/.test(path) && path !== "docs/README.md" &&
    !contents.includes(`](${path.slice("docs/".length)})`)
  );
  assertEquals(missing, []);
});
