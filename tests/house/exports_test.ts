import { assertEquals } from "@std/assert";
import { findExports, findReexports, findUses, readSources } from "./source.ts";

const sources = await readSources(["src", "tools"]);
const reexports = new Map(sources.map((file) => [file.path, findReexports(file)]));
const used = new Set<string>();
const tests = await readSources(["tests"]);

for (const { to, names } of sources.flatMap(findUses)) {
  for (const name of names) markUsed(to, name);
}
// Tools serve the tests as well.
for (const { to, names } of tests.flatMap(findUses)) {
  if (to.startsWith("tools/")) { for (const name of names) markUsed(to, name); }
}

/** A name that is imported from a face (`mod.ts`) is used where it is declared, too. */
function markUsed(path: string, name: string): void {
  if (used.has(`${path}#${name}`)) return;
  used.add(`${path}#${name}`);
  for (const { to, names } of reexports.get(path) ?? []) {
    if (name === "*" || names.includes(name) || names.includes("*")) markUsed(to, name);
  }
}

function isUsed(path: string, name: string): boolean {
  return used.has(`${path}#${name}`) || used.has(`${path}#*`);
}

Deno.test("exports: every exported name of src and tools is imported by another file", () => {
  const unused = sources.flatMap((file) =>
    findExports(file).filter((name) => !isUsed(file.path, name))
      .map((name) => `${file.path}: ${name}`)
  );
  assertEquals(unused, []);
});

Deno.test("exports: every name that a face passes on is imported from it", () => {
  const unused = [...reexports].flatMap(([path, rows]) =>
    rows.flatMap(({ names }) => names).filter((name) => name !== "*" && !isUsed(path, name))
      .map((name) => `${path}: ${name}`)
  );
  assertEquals(unused, []);
});
