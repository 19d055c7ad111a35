/** `spknock --version`: one line; with `--verbose` also what the program was built of, and what runs it. */
import type { Output } from "../../output/output.ts";
import { sanitize } from "../../output/sanitize.ts";
import { renderTable } from "../../output/table.ts";
import { EXIT } from "../exit_codes.ts";
import type { CliPorts } from "../ports.ts";
import { VERSION } from "./version.ts";

/** Prints the version; returns the exit code. */
export async function printVersion(
  out: Output,
  { readBuild }: Pick<CliPorts, "readBuild">,
): Promise<number> {
  out.print(`spknock ${VERSION}\n`);
  const name = { name: "spknock", version: VERSION };
  if (!out.verbose) {
    out.value(name);
    return EXIT.done;
  }
  const { commit, ...build } = await readBuild();
  out.print(renderTable(
    Object.entries({ commit: commit ?? "unknown", ...build })
      .map(([label, fact]) => [label, sanitize(fact)]),
  ));
  out.value({ ...name, commit: commit ?? null, ...build });
  return EXIT.done;
}
