/**
 * A process that writes a configuration, to be killed or to race others:
 *
 *   writer.ts count PATH          writes the next content again and again; a line for each
 *   writer.ts add PATH NAME N     adds the targets NAME-1 to NAME-N, one by one
 */
import { realFiles } from "../../src/config/files.ts";
import { updateConfig } from "../../src/config/update.ts";
import { ConfigError } from "../../src/core/errors.ts";

/** The whole file with the given number: long, so that a torn write would show. */
export function makeContent(number: number): string {
  const line = `# ${number}\n`;
  return `version = 1\n[targets.t]\nhost = "h${number}"\nknocks = [1]\n${line.repeat(20_000)}`;
}

/** The number of a content; 0 of an empty one, NaN of anything that is none. */
export function parseNumber(text: string): number {
  if (text === "") return 0;
  const number = Number(/^host = "h(\d+)"$/m.exec(text)?.[1]);
  return text === makeContent(number) ? number : NaN;
}

/** Tries again where others held the lock all the time, as they can on a busy machine: nothing was changed then. */
async function untilFree(update: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await update();
      return;
    } catch (error) {
      const isBusy = error instanceof ConfigError &&
        error.problems.some(({ message }) => message.startsWith("is being changed by another"));
      if (!isBusy) throw error;
    }
  }
}

if (import.meta.main) {
  const [mode, path = "", name = "", count = "0"] = Deno.args;
  if (mode === "count") {
    for (;;) {
      await updateConfig(path, (text) => makeContent(parseNumber(text) + 1), realFiles);
      await Deno.stdout.write(new TextEncoder().encode("w\n"));
    }
  }
  // Loaded here: a writer that is killed starts sooner without it.
  const { addTargets } = await import("../../src/config/edit.ts");
  for (let number = 1; number <= Number(count); number++) {
    const draft = {
      name: `${name}-${number}`,
      host: "h",
      knocks: [{ port: number, protocol: "tcp" as const, payload: { kind: "none" as const } }],
    };
    const add = (text: string) => addTargets(text, [draft], { file: path });
    await untilFree(() => updateConfig(path, add, realFiles));
  }
}
