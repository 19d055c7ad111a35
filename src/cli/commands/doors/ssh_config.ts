/** `ssh-config`: blocks for ssh's own configuration, so that `ssh NAME` knocks by itself. */
import { CancelledError, UsageError } from "../../../core/errors.ts";
import { quoteShell } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { selectTargets } from "../../arguments/target_args.ts";
import { type Context, defineCommand } from "../../command.ts";
import { requirePrompter } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { SELECTION_OPTIONS } from "../../option_specs.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import type { CliPorts } from "../../ports.ts";
import {
  DIRECT_HEADER,
  escapeTokens,
  PROXY_HEADER,
  renderDirectBlock,
  renderProxyBlock,
  type RenderStart,
} from "./ssh_blocks.ts";

const SSH_OPTIONS = [
  ...SELECTION_OPTIONS,
  { name: "direct", help: "ssh connects by itself: no copying, a knock with each ssh" },
  {
    name: "program",
    value: "PATH",
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
    const renderStart = await makeStart(context);
    const [header, render] = args.has("direct")
      ? [DIRECT_HEADER, renderDirectBlock]
      : [PROXY_HEADER, renderProxyBlock];
    const blocks = targets.map((target) => render(target, renderStart));
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
  const home = ports.env("HOME") || ports.env("USERPROFILE");
  if (!home) {
    throw new UsageError("cannot find ~/.ssh: HOME is not set", {
      hint: "without --install the blocks are printed",
    });
  }
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

/** Returns how ssh's shell starts a command: the program as the PATH has it, and the file of targets. */
async function makeStart({ args, configFile, ports }: SshContext): Promise<RenderStart> {
  const { readConfigVariable } = await import("../../../config/mod.ts");
  const program = args.value("program");
  const words = program !== undefined
    ? [/[/\\]/.test(program) ? toAbsolute(program, ports.cwd()) : program]
    : await isInPath("spknock", ports)
    ? ["spknock"]
    : ports.listStartWords();
  const config = configFile ?? readConfigVariable(ports.env);
  const options = config === undefined ? [] : ["--config", toAbsolute(config, ports.cwd())];
  refuseControlCharacters([...words, ...options].join(" "));
  return (command) =>
    [...words, command, ...options].map((word) => escapeTokens(quoteShell(word))).join(" ");
}

/** Whether a shell finds a program of this name. */
async function isInPath(name: string, { env, fs, os }: CliPorts): Promise<boolean> {
  const [separator, ending] = os === "windows" ? [";", ".exe"] : [":", ""];
  const folders = (env("PATH") ?? "").split(separator).filter((folder) => folder !== "");
  const found = await Promise.all(folders.map(async (folder) => {
    const facts = await fs.stat(`${folder}/${name}${ending}`).catch(() => undefined);
    return facts?.isFile === true && (facts.mode === null || (facts.mode & 0o111) !== 0);
  }));
  return found.includes(true);
}

/** A line of ssh's configuration cannot have them, quoted or not. */
function refuseControlCharacters(line: string): void {
  // deno-lint-ignore no-control-regex
  if (!/[\x00-\x1f\x7f]/.test(line)) return;
  throw new UsageError(
    "the file's name has control characters, which ssh's configuration cannot express",
    { hint: "give the file another name" },
  );
}

function toAbsolute(path: string, folder: string): string {
  return /^(?:[/\\]|[A-Za-z]:[\\/])/.test(path) ? path : `${folder}/${path}`;
}
