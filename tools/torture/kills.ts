/** Kills writers of a configuration at random moments: the file is the old or the new one, and whole. */
import { realFiles } from "../../src/config/files.ts";
import { updateConfig } from "../../src/config/update.ts";
import { mapPool } from "../../src/core/pool.ts";
import { makeRandom } from "./random.ts";
import { startWriter } from "./start_writer.ts";
import { requireRule, type Torture, withFolder } from "./torture.ts";
import { makeContent, parseNumber } from "./writer.ts";

/** Files that are written at the same time. */
const LANES = 4;
/** The moment of the kill, in milliseconds after a write. */
const MAX_WAIT_MS = 25;

/** The torture. */
export const kills: Torture = {
  summary: "kill -9 of a writer of the configuration, in mid-write",
  count: 1_000,
  run: (count, { seed }) =>
    withFolder(async (folder) => {
      let done = 0;
      let writes = 0;
      const work = async (lane: number) => {
        const file = `${folder}/${lane}.toml`;
        await Deno.writeTextFile(file, "");
        while (done < count) {
          done++;
          await killOnce(file, seed + done);
        }
        writes += parseNumber(await Deno.readTextFile(file));
        // The next writer removes what the killed ones left.
        await updateConfig(file, () => makeContent(0), realFiles);
      };
      await mapPool(Array.from({ length: LANES }, (_, lane) => lane), LANES, { work });
      const left = [...Deno.readDirSync(folder)].map(({ name }) => name)
        .filter((name) => name.endsWith(".tmp"));
      requireRule(left.length === 0, seed, `temporary files are left: ${left.join(", ")}`);
      return `${done} kills among ${writes} writes`;
    }),
};

async function killOnce(file: string, seed: number): Promise<void> {
  const random = makeRandom(seed);
  const before = parseNumber(await Deno.readTextFile(file));
  const writer = startWriter(["count", file]);
  const reader = writer.stdout.getReader();
  let seen = 0;
  for (const wanted = 1 + random(4); seen < wanted;) {
    const { value } = await reader.read();
    if (value === undefined) break;
    // Each write is a letter and a line feed.
    seen += value.length / 2;
  }
  await new Promise((resolve) => setTimeout(resolve, random(MAX_WAIT_MS)));
  writer.kill("SIGKILL");
  await writer.status;
  await reader.cancel();
  const after = parseNumber(await Deno.readTextFile(file));
  requireRule(after >= before + seen, seed, `${before} and ${seen} writes became ${after}`);
}
