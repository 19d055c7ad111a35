/** `import`: take targets over from another tool's file, all of them or none. */
import { addTargets, importTargets, type TargetDraft } from "../../../config/changes.ts";
import { listImportFormats } from "../../../config/import/formats.ts";
import { readText } from "../../../config/mod.ts";
import { renderProblem, UsageError } from "../../../core/errors.ts";
import { renderPortSpec } from "../../../core/knock.ts";
import { parseHost, type Target } from "../../../core/target.ts";
import { joinWithin, plural } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { renderTable } from "../../../output/table.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import { loadForAdding, targetsPath, updateTargets } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";

/** The command `import`. */
export const command = defineCommand({
  usage: ["import FILE [--from FORMAT] [--host HOST]"],
  details: "Every bad line is named and nothing is saved, unless --keep-going saves the good\n" +
    "ones.",
  options: [
    { name: "from", value: "FORMAT", help: joinWithin(listImportFormats(), 55) },
    { name: "host", value: "HOST", help: "the host, for files that name none" },
    { name: "keep-going", short: "k", help: "save the good lines" },
    { name: "dry-run", short: "n", help: "show what would be saved" },
  ],
  examples: [
    "import ~/.secrets/spknock-targets.conf",
    "import targets.conf --keep-going --dry-run",
  ],
  async run(context) {
    const { args } = context;
    const usage = "spknock import FILE [--from FORMAT] [--host HOST]";
    const [file = ""] = requirePositionals(context, { min: 1, usage });
    await importFile(file, context, {
      format: args.value("from"),
      host: args.read("host", parseHost),
      keepGoing: args.has("keep-going"),
      isDryRun: args.has("dry-run"),
    });
    return EXIT.done;
  },
});

/** How a file is imported. */
interface ImportFileOptions {
  /** The format; found from the text where undefined. */
  format?: string | undefined;
  /** For files that name no host. */
  host?: string | undefined;
  keepGoing?: boolean;
  isDryRun?: boolean;
}

/** Imports a file; the menu does the same. */
export async function importFile(
  file: string,
  context: Context,
  { format, host, keepGoing = false, isDryRun = false }: ImportFileOptions = {},
): Promise<void> {
  const { out, ports } = context;
  const text = await readText(file, ports.fs);
  if (text === undefined) throw new UsageError(`"${file}" cannot be read: there is no such file`);
  const config = await loadForAdding(context);
  // Targets are never added to the old file, which is used where there is no configuration.
  const present = config.kind === "legacy" ? new Map<string, Target>() : config.targets;
  const { targets, problems, remarks } = await importTargets(text, {
    file,
    from: format,
    host,
    keepGoing,
    taken: present.keys(),
  });
  for (const problem of problems) out.note(`left out: ${sanitize(renderProblem(problem))}`);
  for (const remark of remarks) out.note(`note: ${sanitize(renderProblem(remark))}`);
  if (targets.length === 0) {
    throw new UsageError(`"${file}" has no targets`, {
      hint: "a line of the old file is host:port/protocol,port/protocol,...",
    });
  }
  const known = new Set([...present.values()].map(identifyDoor));
  const fresh = targets.filter((target) => !known.has(identifyDoor(target)));
  const path = await targetsPath(context);
  if (fresh.length > 0 && !isDryRun) {
    await updateTargets(path, (before) => addTargets(before, fresh, { file: path }), context);
  }
  const skipped = targets.length - fresh.length;
  const verb = isDryRun ? "would save" : "saved";
  out.say(renderTable(fresh.map((target) => [
    `  ${target.name}`,
    sanitize(target.host),
    sanitize(describeKnocks(target)),
  ])));
  out.say(
    fresh.length === 0
      ? `nothing to save: ${plural(skipped, "target")} already in ${sanitize(path)}\n`
      : `${verb} ${plural(fresh.length, "target")} in ${sanitize(path)}` +
        `${skipped > 0 ? `, ${skipped} already saved` : ""}\n`,
  );
  out.value({
    file: path,
    dry_run: isDryRun,
    added: fresh.map(({ name }) => name),
    already_there: skipped,
    left_out: problems.map(renderProblem),
    remarks: remarks.map(renderProblem),
  });
}

/** Two targets with the same host and sequence are the same door. */
function identifyDoor(target: TargetDraft): string {
  return `${target.host} ${describeKnocks(target)}`;
}

function describeKnocks({ knocks, oneTime }: TargetDraft): string {
  return oneTime === undefined
    ? knocks.map(renderPortSpec).join(" ")
    : `one-time sequences of ${oneTime}`;
}
