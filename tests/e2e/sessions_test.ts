/** The sessions of `sessions/*.txt`, and those that the README shows. */
import { assertEquals } from "@std/assert";
import { Home } from "./program.ts";
import { type Item, parseItems, runItems } from "./session.ts";

const FOLDER = new URL("./sessions/", import.meta.url);
const UPDATE = Deno.env.get("UPDATE_GOLDEN") === "1";

for (const name of Array.from(Deno.readDirSync(FOLDER), ({ name }) => name).sort()) {
  const url = new URL(name, FOLDER);
  const [intro = "", ...sessions] = (await Deno.readTextFile(url)).split(/^== /m);
  const parsed = sessions.map(parseItems);
  for (const items of parsed) {
    Deno.test(`${name}: ${items[0]?.head}`, async () => {
      await using home = new Home();
      await runItems(items, home, { onMismatch: UPDATE ? update : undefined });
      if (UPDATE) {
        await Deno.writeTextFile(url, [intro.trimEnd(), ...parsed.map(render)].join("\n\n") + "\n");
      }
    });
  }
}

function update(item: Item, printed: string): void {
  item.lines = printed === "" ? [] : printed.split("\n");
}

function render(items: readonly Item[]): string {
  return `== ${items.flatMap(({ head, lines }) => [head, ...lines]).join("\n")}`;
}

/** The old file that the README imports: line 3 is wrong. */
const OLD_FILE = "# my doors\nfw.example.com:1234/udp,9876/udp,5555/udp\nfw.example.com\n";

Deno.test("README.md: its sessions print what it shows", async (test) => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  await using home = new Home();
  await Deno.mkdir(`${home.path}/.secrets`);
  let ran = 0;
  for (const [, info = "", text = ""] of readme.matchAll(/^```(.*)\n([^]*?)^```$/gm)) {
    // A block that cannot be run here starts with "```console needs ...".
    if (!/^\$ .*spknock /m.test(text) || info.startsWith("console needs ")) continue;
    if (text.includes("spknock-targets.conf")) {
      await Deno.writeTextFile(`${home.path}/.secrets/spknock-targets.conf`, OLD_FILE);
    }
    const items = parseItems(text);
    await test.step(items[0]?.head ?? "", () => runItems(items, home, { isMerged: true }));
    ran++;
  }
  assertEquals(ran > 4, true);
});
