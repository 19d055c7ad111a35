/** `ssh-config`: the `Host` block for ssh's own configuration, so that `ssh NAME` knocks by itself. */
import { UsageError } from "../../../core/errors.ts";
import type { Target } from "../../../core/target.ts";
import { quoteShell } from "../../../core/text.ts";
import { findSshPort } from "../../../probe/mod.ts";
import { selectTargets } from "../../arguments/target_args.ts";
import { defineCommand } from "../../command.ts";
import { EXIT } from "../../exit_codes.ts";
import { SELECTION_OPTIONS } from "../../option_specs.ts";

const SSH_PORT = 22;

/** The command `ssh-config`. */
export const command = defineCommand({
  usage: ["ssh-config TARGET..."],
  options: SELECTION_OPTIONS,
  async run(context) {
    const { out, configFile, ports } = context;
    const targets = await selectTargets(context);
    const config = configFile === undefined ? undefined : toAbsolute(configFile, ports.cwd());
    refuseControlCharacters(config);
    out.print(HEADER);
    for (const target of targets) out.print(`\n${renderBlock(target, { config })}`);
    out.value({
      hosts: targets.map((target) => ({
        target: target.name,
        host: findHost(target),
        port: findPort(target),
        proxy_command: renderProxyCommand(target, { config }),
        text: renderBlock(target, { config }),
      })),
    });
    return EXIT.done;
  },
});

/** A line of ssh's configuration cannot have them, quoted or not. */
function refuseControlCharacters(file: string | undefined): void {
  // deno-lint-ignore no-control-regex
  if (file === undefined || !/[\x00-\x1f\x7f]/.test(file)) return;
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
function renderBlock(target: Target, options: { config?: string | undefined } = {}): string {
  const port = findPort(target);
  return [
    `Host ${target.name}`,
    `    HostName ${escapeTokens(findHost(target))}`,
    ...(port === SSH_PORT ? [] : [`    Port ${port}`]),
    `    ProxyCommand ${renderProxyCommand(target, options)}`,
    "",
  ].join("\n");
}

/** The command that ssh runs: quoted for its shell, with ssh's own tokens escaped. */
function renderProxyCommand(
  { name }: Target,
  { config }: { config?: string | undefined } = {},
): string {
  const options = config === undefined ? "" : ` --config ${escapeTokens(quoteShell(config))}`;
  return `spknock connect${options} ${name} %h %p`;
}

function findHost({ host, connect }: Target): string {
  return connect?.host ?? host;
}

/** The port of the `connect` table, of an ssh probe, or ssh's own. */
function findPort({ connect, probes }: Target): number {
  return connect?.port ?? findSshPort({ probes }) ?? SSH_PORT;
}

/** Escapes percent signs (ssh_config(5), TOKENS): IPv6 zones and some paths have one. */
function escapeTokens(text: string): string {
  return text.replaceAll("%", "%%");
}

function toAbsolute(path: string, folder: string): string {
  return /^(?:[/\\]|[A-Za-z]:[\\/])/.test(path) ? path : `${folder}/${path}`;
}
