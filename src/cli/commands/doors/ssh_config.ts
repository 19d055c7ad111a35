/** `ssh-config`: blocks for ssh's own configuration, so that `ssh NAME` knocks by itself. */
import { CancelledError, UsageError } from "../../../core/errors.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { selectTargets } from "../../arguments/target_args.ts";
import { type Context, defineCommand } from "../../command.ts";
import { requirePrompter } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { SELECTION_OPTIONS } from "../../option_specs.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import { DIRECT_HEADER, PROXY_HEADER, renderDirectBlock, renderProxyBlock } from "./ssh_blocks.ts";
import { makeStart, requireHome } from "./ssh_start.ts";

const SSH_OPTIONS = [
  ...SELECTION_OPTIONS,
  { name: "direct", help: "ssh connects by itself: no copying, a knock with each ssh" },
  {
    name: "program",
    value: "FILE",
    help: "how ssh starts spknock (default: as in the PATH)",
  },
  { name: "install", help: "write the blocks for ssh, after a question" },
  { name: "yes", short: "y", help: "install without a question" },
] as const satisfies readonly OptionSpec[];

type SshContext = Context<OptionNames<typeof SSH_OPTIONS>>;

/** The command `ssh-config`. */
export const command = defineCommand({
  usage: ["ssh-config TARGET... [--direct]", "ssh-config TARGET... --install"],
  details: "Prints the blocks. --install writes each into a file of its own in ~/.ssh/config.d,\n" +
    "which ~/.ssh/config includes; a second time nothing changes.\n" +
    "Without --direct, spknock carries the data, and an open door needs no knock.",
  options: SSH_OPTIONS,
  examples: [
    "ssh-config home",
    "ssh-config home --install",
  ],
  async run(context) {
    const { out, args } = context;
    if (args.has("yes") && !args.has("install")) {
      throw new UsageError("--yes has no effect without --install");
    }
    if (!args.has("install")) context.ports.dropPermissions(["write"]);
    const targets = await selectTargets(context, { all: context.args.has("all") });
    const start = await makeStart(context, args.value("program"));
    const [header, render] = args.has("direct")
      ? [DIRECT_HEADER, renderDirectBlock]
      : [PROXY_HEADER, renderProxyBlock];
    const blocks = targets.map((target) => render(target, start));
    if (args.has("install")) {
      const files = blocks.map(({ name, text }) => ({ name, text: `${header}\n${text}` }));
      return await install(files, context);
    }
    out.print(header + blocks.map(({ text }) => `\n${text}`).join(""));
    out.value({
      hosts: blocks.map(({ name, host, port, proxyCommand, execCommand, text }) => ({
        target: name,
        host,
        port,
        proxy_command: proxyCommand,
        exec_command: execCommand,
        text,
      })),
    });
    return EXIT.done;
  },
});

/** Writes the blocks after a question; what is there already is not written again. */
async function install(
  files: readonly { name: string; text: string }[],
  context: SshContext,
): Promise<number> {
  const { out, ports, args } = context;
  const home = requireHome(ports, "without --install the blocks are printed");
  const { installSshConfig, planSshInstall } = await import(
    "../../../config/disk/ssh_install.ts"
  );
  const changes = await planSshInstall(files, { home }, ports.fs);
  const paths = changes.map(({ path }) => path);
  if (changes.length > 0 && !args.has("yes")) {
    const prompter = await requirePrompter(context, "install without a question: --yes");
    for (const { text } of files) out.note(text);
    const message = `Write ${sanitize(paths.join(" and "))}?`;
    if (!await prompter.confirm({ message, default: true })) throw new CancelledError();
  }
  await installSshConfig(changes, ports.fs);
  for (const path of paths) out.say(`wrote ${sanitize(path)}\n`);
  const names = files.map(({ name }) => name);
  out.say(`${paths.length === 0 ? "nothing to change" : "ready"}: ssh ${names.join(", ssh ")}\n`);
  out.value({ installed: names, written: paths });
  return EXIT.done;
}
