/** `import`: take targets over from another tool's file, all of them or none. */
import { importTargets, requireFormat, type TargetDraft } from "../../../config/changes.ts";
import { listImportFormats } from "../../../config/import/formats.ts";
import type { ImportOptions } from "../../../config/import/import_targets.ts";
import { readText } from "../../../config/mod.ts";
import { type Problem, renderProblem, UsageError } from "../../../core/errors.ts";
import { listKeys } from "../../../core/fwknop.ts";
import { renderKnocks } from "../../../core/knock.ts";
import { parseHost, type Target } from "../../../core/target.ts";
import { joinAnd, plural, quoteShell, renderMode } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { renderTable } from "../../../output/table.ts";
import type { Ports } from "../../../use_cases/ports.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import { type ImportReport, saveImported } from "../../../use_cases/import_targets.ts";
import { loadForAdding, noteWarnings, targetsPath } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";

/** The command `import`. */
export const command = defineCommand({
  usage: ["import FILE [--from FORMAT] [--host HOST]", "import --from shell 'COMMAND LINE'"],
  details: "Every bad line is named and nothing is saved, unless --keep-going saves the good\n" +
    "ones. Keys become files beside the configuration, which only you can read. A file\n" +
    "in TOML can be of another person: what makes this machine run programs, or read\n" +
    "files or variables, is refused, unless --trust takes it over.\n" +
    `The formats: ${joinAnd(listImportFormats())}.`,
  options: [
    {
      name: "from",
      value: "FORMAT",
      help: "one of the formats above; found from the file without it",
    },
    { name: "host", value: "HOST", help: "the host, for files that name none" },
    { name: "keep-going", short: "k", help: "save the good lines" },
    { name: "keys-in-config", help: "save fwknop's keys in the configuration itself" },
    { name: "trust", help: "the file may name programs, files and variables" },
    { name: "dry-run", short: "n", help: "show what would be saved" },
  ],
  examples: [
    "import ~/.fwknoprc",
    "import ~/.bash_history --from shell --keep-going",
  ],
  async run(context) {
    const { args } = context;
    if (args.value("from") === "shell" && args.positionals.length > 1) {
      throw new UsageError("the command line has to be one argument", { hint: QUOTE_HINT });
    }
    const usage = "spknock import FILE [--from FORMAT] [--host HOST]";
    const [file = ""] = requirePositionals(context, { min: 1, usage });
    await importFile(file, context, {
      from: args.value("from"),
      host: args.read("host", parseHost),
      keepGoing: args.has("keep-going"),
      isTrusted: args.has("trust"),
      keepsKeys: args.has("keys-in-config"),
      isDryRun: args.has("dry-run"),
    });
    return EXIT.done;
  },
});

const QUOTE_HINT = "put it in quotes: spknock import --from shell 'knock HOST 7000 8000'";

/** How a file is imported. */
interface ImportFileOptions extends Omit<ImportOptions, "file" | "taken"> {
  /** Whether keys of fwknop stay in the configuration. */
  keepsKeys?: boolean;
  isDryRun?: boolean;
}

/** Imports a file; the menu does the same. */
export async function importFile(
  file: string,
  context: Context,
  { keepsKeys = false, isDryRun = false, ...options }: ImportFileOptions = {},
): Promise<void> {
  const { out, ports } = context;
  if (options.from !== undefined) requireFormat(options.from);
  const { text, label } = await readSource(file, options.from, ports);
  const config = await loadForAdding(context);
  // Targets are never added to the old file, which is used where there is no configuration.
  const present = config.kind === "legacy" ? new Map<string, Target>() : config.targets;
  const { targets, problems, remarks } = await importTargets(text, {
    ...options,
    file: label,
    taken: present.keys(),
  });
  for (const problem of problems) out.note(`left out: ${sanitize(renderProblem(problem))}`);
  if (targets.some(holdsSecret)) remarks.push(...await listOpenFiles(file, ports));
  for (const remark of remarks) out.note(`note: ${sanitize(renderProblem(remark))}`);
  if (targets.length === 0) {
    throw new UsageError(`"${label}" has no targets`, {
      hint: "see the formats with: spknock import --help",
    });
  }
  const path = await targetsPath(context);
  const report = await saveImported(targets, {
    file: path,
    fs: ports.fs,
    present: present.values(),
    cwd: ports.cwd(),
    keepsKeys,
    isDryRun,
  });
  noteWarnings(report.warnings, context);
  printReport(report, { path, isDryRun, context });
  out.value({
    file: path,
    dry_run: isDryRun,
    added: report.added.map(({ name }) => name),
    already_there: report.alreadyThere,
    key_files: report.keyFiles,
    left_out: problems.map(renderProblem),
    remarks: remarks.map(renderProblem),
  });
}

/** Whether a draft brings a secret with it. */
function holdsSecret(draft: TargetDraft): boolean {
  const { knocks, close = [], rolling } = draft;
  const last = rolling === undefined ? undefined : knocks.at(-1);
  return [...listKeys(draft), last].some((part) => part?.payload.kind === "bytes") ||
    [...knocks, ...close].some(({ payload }) =>
      payload.kind === "secret" && payload.source.kind === "hash"
    );
}

/** Says where other users can read the file. */
async function listOpenFiles(file: string, ports: Pick<Ports, "fileMode">): Promise<Problem[]> {
  const mode = await ports.fileMode(file).catch(() => undefined);
  if (mode === undefined || (mode & 0o077) === 0) return [];
  const message = `has secrets, and other users can read it (mode ${renderMode(mode)}): ` +
    `chmod 600 ${quoteShell(file)}`;
  return [{ file, message }];
}

/** The longest name of a file. */
const MAX_NAME = 255;

/** Returns the text of a file, of standard input, or with `--from shell` of the argument itself. */
async function readSource(
  file: string,
  format: string | undefined,
  { fs, stdin }: Pick<Ports, "fs" | "stdin">,
): Promise<{ text: string; label: string }> {
  if (file === "") throw new UsageError("the name of the file is empty");
  if (file === "-") {
    return { text: new TextDecoder().decode(await stdin.readAll()), label: "standard input" };
  }
  const text = file.length > MAX_NAME && format === "shell" ? undefined : await readText(file, fs);
  if (text !== undefined) return { text, label: file };
  if (format === "shell" && /\s/.test(file)) return { text: file, label: "the command line" };
  throw new UsageError(`"${file}" cannot be read: there is no such file`, {
    hint: /\s/.test(file) ? "a command line needs --from shell" : undefined,
  });
}

function printReport(
  { added, alreadyThere, keyFiles }: ImportReport,
  { path, isDryRun, context: { out } }: { path: string; isDryRun: boolean; context: Context },
): void {
  const verb = isDryRun ? "would save" : "saved";
  const place = sanitize(path);
  out.say(renderTable(
    added.flatMap((draft) => [
      [`  ${draft.name}`, sanitize(draft.host), sanitize(renderKnocks(draft))],
      ...(draft.close === undefined
        ? []
        : [["", "", `close: ${renderKnocks({ knocks: draft.close })}`]]),
    ]),
    { width: out.tableWidth },
  ));
  for (const file of keyFiles) out.say(`${verb} a key in ${sanitize(file)}\n`);
  out.say(
    added.length === 0
      ? `nothing to save: ${plural(alreadyThere, "target")} already in ${place}\n`
      : `${verb} ${plural(added.length, "target")} in ${place}` +
        `${alreadyThere > 0 ? `, ${alreadyThere} already saved` : ""}\n`,
  );
}
