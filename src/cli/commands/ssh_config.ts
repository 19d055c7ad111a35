/** `ssh-config`: the `Host` block for ssh's own configuration, so that `ssh NAME` knocks by itself. */
import { UsageError } from "../../core/errors.ts";
import type { Target } from "../../core/target.ts";
import { findSshPort } from "../../probe/mod.ts";
import type { Context } from "../context.ts";
import { quoteShell } from "../../core/quote_shell.ts";
import { EXIT } from "../failure.ts";
import { selectTargets } from "../select.ts";

const SSH_PORT = 22;

/** Runs `ssh-config`. */
export async function run(context: Context): Promise<number> {
  const { out, configFile, ports } = context;
  const targets = await selectTargets(context);
  const config = configFile === undefined ? undefined : absolute(configFile, ports.cwd());
  // deno-lint-ignore no-control-regex -- a line of ssh's configuration cannot hold them, quoted or not
  if (config !== undefined && /[\x00-\x1f\x7f]/.test(config)) {
    throw new UsageError(
      "the file's name has control characters, which ssh's configuration cannot hold",
      {
        hint: "give the file another name",
      },
    );
  }
  out.print(HEADER);
  for (const target of targets) out.print(`\n${renderBlock(target, { config })}`);
  out.value({
    hosts: targets.map((target) => ({
      target: target.name,
      host: hostOf(target),
      port: portOf(target),
      proxy_command: proxyCommand(target, { config }),
      text: renderBlock(target, { config }),
    })),
  });
  return EXIT.done;
}

const HEADER = `# For ~/.ssh/config (see ssh_config(5)), written by spknock ssh-config.
# With a ControlMaster, ssh runs no ProxyCommand while the master lives: what goes through it needs
# no knock. Only the first connection knocks, and "ssh -O exit NAME" ends the master.
`;

/** The block of one target. */
export function renderBlock(target: Target, options: { config?: string | undefined } = {}): string {
  const port = portOf(target);
  return [
    `Host ${target.name}`,
    `    HostName ${escapeTokens(hostOf(target))}`,
    ...(port === SSH_PORT ? [] : [`    Port ${port}`]),
    `    ProxyCommand ${proxyCommand(target, options)}`,
    "",
  ].join("\n");
}

/** What ssh runs: its shell sees the words quoted, and ssh itself its tokens. */
export function proxyCommand(
  { name }: Target,
  { config }: { config?: string | undefined } = {},
): string {
  const options = config === undefined ? "" : ` --config ${escapeTokens(quoteShell(config))}`;
  return `spknock connect${options} ${name} %h %p`;
}

function hostOf({ host, connect }: Target): string {
  return connect?.host ?? host;
}

/** The port of the `connect` table, of an ssh probe, or ssh's own. */
function portOf({ connect, probes }: Target): number {
  return connect?.port ?? findSshPort({ probes }) ?? SSH_PORT;
}

/** A percent sign that is no token (ssh_config(5), TOKENS): IPv6 zones and odd paths have one. */
function escapeTokens(text: string): string {
  return text.replaceAll("%", "%%");
}

function absolute(path: string, folder: string): string {
  return /^(?:[/\\]|[A-Za-z]:[\\/])/.test(path) ? path : `${folder}/${path}`;
}
