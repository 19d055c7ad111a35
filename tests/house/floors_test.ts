import { assertEquals } from "@std/assert";
import { ROOMS } from "../../tools/docs/house.ts";
import { findImports, readSources } from "./source.ts";

const sources = await readSources(["src"]);
const imports = sources.flatMap(findImports);

function findRoom(path: string): string | undefined {
  return /^src\/(\w+)\//.exec(path)?.[1];
}

Deno.test("floors: every folder of src is a room in tools/docs/house.ts", () => {
  const found = new Set(sources.flatMap(({ path }) => findRoom(path) ?? []));
  assertEquals([...found].toSorted(), Object.keys(ROOMS).toSorted());
});

Deno.test("floors: a room imports only the rooms that tools/docs/house.ts allows", () => {
  const forbidden = imports.filter(({ from, to }) => {
    const [room, other] = [findRoom(from), findRoom(to)];
    if (room === undefined || other === undefined || room === other || other === "core") {
      return false;
    }
    return ROOMS[room]?.mayImport.includes(other) !== true;
  });
  assertEquals(forbidden.map(({ from, to }) => `${from} -> ${to}`), []);
});

Deno.test("floors: rooms allow each other in one direction only", () => {
  const order = Object.keys(ROOMS);
  const upward = Object.entries(ROOMS).flatMap(([name, { mayImport }]) =>
    mayImport.filter((other) => order.indexOf(other) >= order.indexOf(name))
      .map((other) => `${name} -> ${other}`)
  );
  assertEquals(upward, []);
});

Deno.test("floors: what a room may import is imported by one of its files", () => {
  const found = new Set(imports.map(({ from, to }) => `${findRoom(from)} -> ${findRoom(to)}`));
  const allowed = Object.entries(ROOMS).flatMap(([name, { mayImport }]) =>
    mayImport.map((other) => `${name} -> ${other}`)
  );
  assertEquals(allowed.filter((arrow) => !found.has(arrow)), []);
});

Deno.test("floors: main.ts is imported by no file", () => {
  assertEquals(imports.filter(({ to }) => to === "main.ts"), []);
});

Deno.test("floors: no file imports itself through others", () => {
  const next = Map.groupBy(imports, ({ from }) => from);
  const circles = sources.flatMap(({ path }) => findCircle(path, next) ?? []);
  assertEquals(circles, []);
});

/** Returns the shortest way from a file back to itself. */
function findCircle(
  start: string,
  next: ReadonlyMap<string, readonly { to: string }[]>,
): string | undefined {
  const ways = [[start]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const { to } of next.get(way.at(-1) as string) ?? []) {
      if (to === start) return [...way, to].join(" -> ");
      if (seen.has(to)) continue;
      seen.add(to);
      ways.push([...way, to]);
    }
  }
  return undefined;
}

Deno.test("floors: no folder has more than sixteen source files", () => {
  const folders = Map.groupBy(sources, ({ path }) => path.replace(/\/[^/]*$/, ""));
  const large = [...folders].filter(([, files]) => files.length > 16)
    .map(([folder, files]) => `${folder}: ${files.length}`);
  assertEquals(large, []);
});
