/** Lets many processes change one configuration at the same time: no change is lost. */
import { realFiles } from "../../src/config/files.ts";
import { loadConfig } from "../../src/config/store.ts";
import { startWriter } from "./start_writer.ts";
import { requireRule, type Torture, withFolder } from "./torture.ts";

const WRITERS = 8;

/** The torture. */
export const writers: Torture = {
  summary: `targets that ${WRITERS} processes add to one file at the same time`,
  count: 2_000,
  run: (count, { seed }) =>
    withFolder(async (folder) => {
      const file = `${folder}/targets.toml`;
      await Deno.writeTextFile(file, "version = 1\n", { mode: 0o600 });
      const each = Math.ceil(count / WRITERS);
      const all = Array.from(
        { length: WRITERS },
        (_, index) => startWriter(["add", file, `writer${index}`, String(each)]).output(),
      );
      const failed = (await Promise.all(all)).filter(({ success }) => !success);
      requireRule(failed.length === 0, seed, `${failed.length} writers failed`);
      const { targets } = await loadConfig({ env: () => undefined, os: "linux", file }, realFiles);
      const wanted = each * WRITERS;
      requireRule(targets.size === wanted, seed, `${targets.size} targets of ${wanted}`);
      return `${targets.size} targets by ${WRITERS} writers`;
    }),
};
