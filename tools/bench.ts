/**
 * The benchmarks: everything that is compared runs side by side in one run, in interleaved rounds,
 * so that a busy machine is busy for all. Ratios decide; the milliseconds are this machine's.
 *
 *   deno task bench              everything
 *   deno task bench startup ...  only these sections
 *
 * Prints Markdown on stdout, and what it is at on stderr. A section is one file and one row here.
 */
import { codes } from "./bench/codes.ts";
import { direct } from "./bench/direct.ts";
import { door } from "./bench/door.ts";
import { describeMachine, renderSection, type Section } from "./bench/report.ts";
import { firstTries } from "./bench/first_tries.ts";
import { model } from "./bench/model.ts";
import { open } from "./bench/open.ts";
import { relay } from "./bench/relay.ts";
import { reorder } from "./bench/reorder.ts";
import { rules } from "./bench/rules.ts";
import { sequence } from "./bench/sequence.ts";
import { startup } from "./bench/startup.ts";
import { targets } from "./bench/targets.ts";

const SECTIONS: Record<string, Section> = {
  startup,
  sequence,
  targets,
  door,
  rules,
  model,
  open,
  relay,
  direct,
  reorder,
  "first-tries": firstTries,
  codes,
};

const names = Deno.args.length > 0 ? Deno.args : Object.keys(SECTIONS);
const unknown = names.find((name) => !Object.hasOwn(SECTIONS, name));
if (unknown !== undefined) {
  throw new Error(`"${unknown}" is not a section: use ${Object.keys(SECTIONS).join(", ")}`);
}

const write = (stream: typeof Deno.stdout | typeof Deno.stderr, text: string) =>
  stream.write(new TextEncoder().encode(text));

await write(Deno.stdout, `${describeMachine()}\n`);
for (const name of names) {
  await write(Deno.stderr, `bench: ${name}\n`);
  const section = SECTIONS[name] as Section;
  await write(Deno.stdout, `\n${renderSection(section, await section.run())}`);
}
