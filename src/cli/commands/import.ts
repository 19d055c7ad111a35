/** `import`: take targets over from another tool's file, all of them or none. */
import { addTargets, importTargets, type TargetDraft, updateConfig } from "../../config/changes.ts";
import { readText } from "../../config/mod.ts";
import { renderProblem, UsageError } from "../../core/errors.ts";
import { renderPortSpec } from "../../core/knock.ts";
import type { Target } from "../../core/target.ts";
import { sanitize } from "../../output/sanitize.ts";
import { renderTable } from "../../output/table.ts";
import { type Context, loadForAdding, targetsPath, wantWords } from "../context.ts";
import { EXIT } from "../failure.ts";

/** Runs `import`. */
export async function run(context: Context): Promise<number> {
  const { args } = context;
  const [file = ""] = wantWords(context, { min: 1, usage: "spknock import FILE [--from FORMAT]" });
  await importFile({ file, format: args.text("from") }, context);
  return EXIT.done;
}

/** Imports a file; the menu does the same. */
export async function importFile(
  { file, format }: { file: string; format: string | undefined },
  context: Context,
): Promise<void> {
  const { args, out, ports } = context;
  const text = await readText(file, ports.fs);
  if (text === undefined) throw new UsageError(`"${file}" cannot be read: there is no such file`);
  const config = await loadForAdding(context);
  // An old file that stands in for the configuration is not what it is added to.
  const present = config.kind === "legacy" ? new Map<string, Target>() : config.targets;
  const { targets, problems } = await importTargets(text, {
    file,
    from: format,
    keepGoing: args.has("keep-going"),
    taken: present.keys(),
  });
  for (const problem of problems) out.note(`left out: ${sanitize(renderProblem(problem))}`);
  const known = new Set([...present.values()].map(doorOf));
  const fresh = targets.filter((target) => !known.has(doorOf(target)));
  const path = await targetsPath(context);
  if (fresh.length > 0 && !args.has("dry-run")) {
    await updateConfig(path, (before) => addTargets(before, fresh, { file: path }), ports.fs);
  }
  const skipped = targets.length - fresh.length;
  const verb = args.has("dry-run") ? "would save" : "saved";
  out.say(renderTable(fresh.map(({ name, host, knocks }) => [
    `  ${name}`,
    sanitize(host),
    knocks.map(renderPortSpec).join(" "),
  ])));
  out.say(
    `${verb} ${fresh.length} ${fresh.length === 1 ? "target" : "targets"} in ${sanitize(path)}` +
      `${skipped > 0 ? `, ${skipped} were there already` : ""}\n`,
  );
  out.value({
    file: path,
    dry_run: args.has("dry-run"),
    added: fresh.map(({ name }) => name),
    already_there: skipped,
    left_out: problems.map(renderProblem),
  });
}

/** What makes two targets the same door: host and sequence. */
function doorOf({ host, knocks }: TargetDraft): string {
  return `${host} ${knocks.map(renderPortSpec).join(" ")}`;
}
