/**
 * The benchmarks: everything that is compared runs side by side in one run, in interleaved rounds,
 * so that a busy machine is busy for all. Ratios decide; the milliseconds are this machine's.
 *
 *   deno task bench              everything
 *   deno task bench startup ...  only these sections
 *   deno task bench --against PATH
 *                                beside the last release: a checkout at its tag, or, with SPKNOCK_BIN=FILE for
 *                                the executable of today, its executable
 *
 * Prints Markdown on stdout, and what it is at on stderr. A section is one file and one row here.
 */
import { makeAgainst } from "./bench/against.ts";
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

const [first, path] = Deno.args;
if (first === "--against") {
  if (path === undefined) throw new Error("--against PATH: an executable or a checkout");
  SECTIONS.against = makeAgainst(path);
}
const chosen = first === "--against" ? ["against", ...Deno.args.slice(2)] : Deno.args;
const names = chosen.length > 0 ? chosen : Object.keys(SECTIONS);
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
