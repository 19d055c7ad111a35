/**
 * Reads mutated files of other programs: each gives targets or is refused with an error of ours, every problem
 * has a line of the file, no message repeats a secret, and none takes long.
 */
import { IMPORT_FORMATS } from "../../src/config/import/formats.ts";
import { importTargets } from "../../src/config/import/import_targets.ts";
import { ConfigError, type Problem, SpknockError } from "../../src/core/errors.ts";
import { MARKER, mutate } from "./mutate.ts";
import { requireRule, type Torture } from "./torture.ts";

/** Files that are right, by the format; most mutations start from what people have. */
const SEEDS: Readonly<Record<keyof typeof IMPORT_FORMATS, readonly string[]>> = {
  legacy: [
    `# old\nfw.example.com:1234/udp,9876/udp,5555\n192.0.2.1 : 7000, 7001/tcp\n${MARKER}\n`,
  ],
};

/** Milliseconds that no file may take, on the slowest machine. */
const MAX_MS = 5_000;

/** The torture. */
export const imports: Torture = {
  summary: "mutated files of other programs, imported",
  count: 100_000,
  async run(count, { seed: first }) {
    const all = Object.entries(SEEDS).flatMap(([from, texts]) =>
      texts.map((text) => ({ from, text }))
    );
    const tally = { read: 0, refused: 0 };
    for (let seed = first; seed < first + count; seed++) {
      const { from, text } = all[seed % all.length] as typeof all[number];
      const start = performance.now();
      try {
        const outcome = await importMutated(mutate(text, seed), { from, seed });
        tally[outcome]++;
      } catch (cause) {
        throw new Error(`seed ${seed}, ${from}: ${cause}`, { cause });
      }
      requireRule(performance.now() - start < MAX_MS, seed, "it takes too long");
    }
    return `${count} files: ${tally.read} read, ${tally.refused} refused`;
  },
};

async function importMutated(
  text: string,
  { from, seed }: { from: string; seed: number },
): Promise<"read" | "refused"> {
  // Without a name the format is guessed; the guess may say that there is none.
  const guesses = seed % 7 === 0;
  const options = { file: "f", host: "fw.example.com", ...(guesses ? {} : { from }) };
  const lines = text.split(/\r\n|\r|\n/).length;
  const check = ({ line, message, key = "" }: Problem) => {
    requireRule(!`${key} ${message}`.includes(MARKER), seed, "a message repeats a secret");
    requireRule(line !== undefined && line >= 1 && line <= lines, seed, `no line: ${message}`);
  };
  try {
    const { problems, remarks } = await importTargets(text, { ...options, keepGoing: true });
    [...problems, ...remarks].forEach(check);
    return problems.length === 0 ? "read" : "refused";
  } catch (error) {
    if (!(error instanceof SpknockError)) throw error;
    requireRule(!error.message.includes(MARKER), seed, error.message);
    if (error instanceof ConfigError) error.problems.forEach(check);
    else requireRule(guesses, seed, `no line: ${error.message}`);
    return "refused";
  }
}
