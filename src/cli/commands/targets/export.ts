/** `export`: the same knock for another tool, or for a person without spknock. */
import { UsageError } from "../../../core/errors.ts";
import { suggestOr } from "../../../core/suggest.ts";
import { requireFixedKnocks, type Target } from "../../../core/target.ts";
import { joinAnd, joinOr } from "../../../core/text.ts";
import type { ExportDoor } from "../../../export/form.ts";
import { EXPORT_FORMS } from "../../../export/forms.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { collectAllSequences } from "../../../use_cases/collect_secrets.ts";
import { checkNew } from "../../../use_cases/save_file.ts";
import { isAdHoc, selectTargets } from "../../arguments/target_args.ts";
import { type Context, defineCommand } from "../../command.ts";
import { makeSecretOptions, readSecretChoice } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { SECRET_OPTIONS, SELECTION_OPTIONS } from "../../option_specs.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import { renderQrCode } from "../../reports/export/qr_code.ts";
import { writePieces } from "../../reports/documents/pieces.ts";

const FORM_NAMES = Object.keys(EXPORT_FORMS) as readonly FormName[];
type FormName = keyof typeof EXPORT_FORMS;

const EXPORT_OPTIONS = [
  { name: "as", value: "FORM", help: "what to write, one of the forms above" },
  { name: "with-secrets", help: "put the secrets in, instead of placeholders" },
  { name: "qr", help: "as a QR code for a phone; with --output, an SVG image" },
  ...SELECTION_OPTIONS,
  { name: "output", short: "o", value: "FILE", help: "save here, mode 0600; - is standard output" },
  { name: "force", short: "f", help: "overwrite the file" },
  ...SECRET_OPTIONS,
] as const satisfies readonly OptionSpec[];

type ExportContext = Context<OptionNames<typeof EXPORT_OPTIONS>>;

/** The command `export`. */
export const command = defineCommand({
  usage: ["export TARGET... --as FORM [--output FILE]", "export --tag TAG --as FORM"],
  details: "What the form cannot carry is named on stderr. Secrets stay here, unless\n" +
    "--with-secrets puts them in. The forms: " +
    joinAnd(FORM_NAMES.map((name) => `${name} (${EXPORT_FORMS[name].summary})`)) + ".",
  options: EXPORT_OPTIONS,
  examples: [
    "export home --as knock",
    "export home --as knockonports --with-secrets --qr",
  ],
  async run(context) {
    const { out, args, ports } = context;
    const name = readForm(args.value("as"));
    refuseAdHoc(args.positionals);
    const targets = await selectTargets(context, { all: args.has("all") });
    requireFit(targets, name);
    // Only the configuration itself names a file of one-time sequences.
    if (name !== "toml") targets.forEach((each) => requireFixedKnocks(each, `--as ${name}`));
    const output = args.value("output");
    const file = output === "-" ? undefined : output;
    if (file !== undefined) await checkNew(file, { fs: ports.fs, force: args.has("force") });
    else if (args.has("force")) throw new UsageError("--force has no effect without --output FILE");
    const { exporter } = await EXPORT_FORMS[name].load();
    const doors = await collectDoors(targets, context);
    const { text, lost, holdsSecret } = await exporter.render(doors);
    const shown = args.has("qr")
      ? await renderQrCode({ text, holdsSecret }, context, { file })
      : text;
    for (const loss of lost) out.note(`lost: ${sanitize(loss)}`);
    if (holdsSecret) out.note("note: this has secrets in it: all who read it can knock");
    const printed = await writePieces([shown], context, { file, force: args.has("force") });
    if (file !== undefined) out.say(`saved in ${sanitize(file)}\n`);
    out.value({
      targets: targets.map((target) => target.name),
      as: name,
      file: file ?? null,
      holds_secret: holdsSecret,
      lost,
      text: printed,
    });
    return EXIT.done;
  },
});

/** Only what is saved can be exported: a sequence of the command line is a line already. */
function refuseAdHoc(positionals: readonly string[]): void {
  if (!isAdHoc(positionals)) return;
  throw new UsageError("only a saved target can be exported", {
    hint: "save it first: spknock add NAME HOST PORT[/PROTO]...",
  });
}

function requireFit(targets: readonly Target[], name: FormName): void {
  if (targets.length < 2 || EXPORT_FORMS[name].isMany) return;
  const many = FORM_NAMES.filter((each) => EXPORT_FORMS[each].isMany);
  throw new UsageError(`--as ${name} takes one target at a time`, {
    hint: `export each on its own; several at once fit ${joinOr(many)}`,
  });
}

function readForm(text: string | undefined): FormName {
  const use = `use ${joinOr(FORM_NAMES)}`;
  if (text === undefined) throw new UsageError("--as FORM is missing", { hint: use });
  const found = FORM_NAMES.find((name) => name === text);
  if (found !== undefined) return found;
  throw new UsageError(`unknown form${suggestOr("", text, FORM_NAMES)}`, { hint: use });
}

/** Collects the secrets where they are exported. */
async function collectDoors(
  targets: readonly Target[],
  context: ExportContext,
): Promise<ExportDoor[]> {
  const { args, ports } = context;
  if (!args.has("with-secrets")) {
    const unused = SECRET_OPTIONS.find((option) => args.has(option.name));
    if (unused === undefined) return targets.map((target) => ({ target }));
    throw new UsageError(`--${unused.name} has no effect without --with-secrets`);
  }
  const options = makeSecretOptions(context, readSecretChoice(args));
  const collected = await context.out.status.during(
    "collecting secrets",
    () => collectAllSequences(targets, ports, options),
  );
  return targets.map((target, index) => ({ target, ...collected[index] }));
}
