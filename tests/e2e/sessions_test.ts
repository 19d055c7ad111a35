/** The sessions of `sessions/*.txt`, and those of README.md and of the pages in docs/. */
import { listDocuments, listSessions } from "../house/documents.ts";
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

const PAGES = (await listDocuments()).filter(({ path }) =>
  /^(?:README|docs\/[^/]+)\.md$/.test(path)
);

for (const { path, text } of PAGES) {
  const sessions = listSessions(text).filter(({ needs }) => needs === undefined);
  if (sessions.length === 0) continue;
  Deno.test(`${path}: its sessions print what it shows`, async (test) => {
    await using home = new Home();
    for (const session of sessions) {
      const items = parseItems(session.text);
      const { isOnlyCommands } = session;
      await test.step(
        items[0]?.head ?? "",
        () => runItems(items, home, { isMerged: true, isOnlyCommands }),
      );
    }
  });
}
