/** `ssh-config`: the `Host` block for ssh's own configuration, so that `ssh NAME` knocks by itself. */
import { CancelledError, UsageError } from "../../../core/errors.ts";
import type { Target } from "../../../core/target.ts";
import { quoteShell } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { findSshPort } from "../../../probe/mod.ts";
import { selectTargets } from "../../arguments/target_args.ts";
import { type Context, defineCommand } from "../../command.ts";
import { requirePrompter } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { SELECTION_OPTIONS } from "../../option_specs.ts";
import type { OptionNames, OptionSpec } from "../../options.ts";
import type { CliPorts } from "../../ports.ts";

const SSH_PORT = 22;

const SSH_OPTIONS = [
  ...SELECTION_OPTIONS,
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
  usage: ["ssh-config TARGET...", "ssh-config TARGET... --install"],
  details: "Prints the blocks. --install writes each into a file of its own in ~/.ssh/config.d,\n" +
    "which ~/.ssh/config includes; a second time nothing changes.",
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
    const start = await renderStart(context);
    refuseControlCharacters(start);
    const blocks = targets.map((target) => ({
      name: target.name,
      text: renderBlock(target, start),
    }));
    if (args.has("install")) return await install(blocks, context);
    out.print(HEADER + blocks.map(({ text }) => `\n${text}`).join(""));
    out.value({
      hosts: targets.map((target, index) => ({
        target: target.name,
        host: findHost(target),
        port: findPort(target),
        proxy_command: renderProxyCommand(target, start),
        text: blocks[index]?.text,
      })),
    });
    return EXIT.done;
  },
});

/** Writes the blocks after a question; what is there already is not written again. */
async function install(
  blocks: readonly { name: string; text: string }[],
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
  const files = blocks.map(({ name, text }) => ({ name, text: `${HEADER}\n${text}` }));
  const changes = await planSshInstall(files, { home }, ports.fs);
  const paths = changes.map(({ path }) => path);
  if (changes.length > 0 && !args.has("yes")) {
    const prompter = await requirePrompter(context, "install without a question: --yes");
    for (const { text } of blocks) out.note(text);
    const message = `Write ${sanitize(paths.join(" and "))}?`;
    if (!await prompter.confirm({ message, default: true })) throw new CancelledError();
  }
  await installSshConfig(changes, ports.fs);
  for (const path of paths) out.say(`wrote ${sanitize(path)}\n`);
  const names = blocks.map(({ name }) => name);
  out.say(`${paths.length === 0 ? "nothing to change" : "ready"}: ssh ${names.join(", ssh ")}\n`);
  out.value({ installed: names, written: paths });
  return EXIT.done;
}

/** The words with which ssh's shell starts `spknock connect`, quoted for both. */
async function renderStart({ args, configFile, ports }: SshContext): Promise<string> {
  const { readConfigVariable } = await import("../../../config/mod.ts");
  const program = args.value("program");
  const words = program !== undefined
    ? [/[/\\]/.test(program) ? toAbsolute(program, ports.cwd()) : program]
    : await isInPath("spknock", ports)
    ? ["spknock"]
    : ports.listStartWords();
  const config = configFile ?? readConfigVariable(ports.env);
  const options = config === undefined ? [] : ["--config", toAbsolute(config, ports.cwd())];
  return [...words, "connect", ...options].map((word) => escapeTokens(quoteShell(word))).join(" ");
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

const HEADER = `# For ~/.ssh/config (see ssh_config(5)), written by spknock ssh-config.
# With a ControlMaster, ssh runs no ProxyCommand while the master lives: what goes through it needs
# no knock. Only the first connection knocks, and "ssh -O exit NAME" ends the master.
`;

/** Returns the `Host` block of one target. */
function renderBlock(target: Target, start: string): string {
  const port = findPort(target);
  return [
    `Host ${target.name}`,
    `    HostName ${escapeTokens(findHost(target))}`,
    ...(port === SSH_PORT ? [] : [`    Port ${port}`]),
    `    ProxyCommand ${renderProxyCommand(target, start)}`,
    "",
  ].join("\n");
}

/** The command that ssh runs. */
function renderProxyCommand({ name }: Target, start: string): string {
  return `${start} ${name} %h %p`;
}

function findHost({ host, connect }: Target): string {
  return connect?.host ?? host;
}

/** The port of the `connect` table, of an ssh probe, one that opens, or ssh's own. */
function findPort(target: Target): number {
  return target.connect?.port ?? findSshPort(target) ?? SSH_PORT;
}

/** Escapes percent signs (ssh_config(5), TOKENS): IPv6 zones and some paths have one. */
function escapeTokens(text: string): string {
  return text.replaceAll("%", "%%");
}

function toAbsolute(path: string, folder: string): string {
  return /^(?:[/\\]|[A-Za-z]:[\\/])/.test(path) ? path : `${folder}/${path}`;
}
