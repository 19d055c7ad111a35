/**
 * Blocks of ssh's configuration (ssh_config(5)): one with a ProxyCommand, that carries the data, and one
 * that knocks while ssh reads it (`Match exec`), so that ssh opens a connection of its own.
 */
import { detectFamily, isAddress } from "../../../core/address/syntax.ts";
import { UsageError } from "../../../core/errors.ts";
import { listKeys } from "../../../core/fwknop.ts";
import { isSameHost, type Target } from "../../../core/target.ts";
import { findSshPort } from "../../../probe/mod.ts";
import { mayAsk } from "../../../secret/kinds.ts";
import { escapeTokens, type SshStart } from "./ssh_words.ts";

const SSH_PORT = 22;

/** Seconds for ssh's own connection: the kernel sends its SYN after 0, 1, 3 and 7 s. */
const CONNECT_TIMEOUT_S = 10;

/** Where a passphrase would be asked for or a one-time code used up, an open door has so long to answer. */
const LOOK_TIMEOUT = "500ms";

/** The block of a target, and its parts. */
interface SshBlock {
  name: string;
  host: string;
  port: number;
  proxyCommand: string | null;
  /** What ssh runs while it reads the block. */
  execCommand: string | null;
  text: string;
}

/** The lines above the blocks with a ProxyCommand. */
export const PROXY_HEADER = `# For ~/.ssh/config (see ssh_config(5)), written by spknock ssh-config.
# With a ControlMaster, ssh runs no ProxyCommand while the master lives: what goes
# through it needs no knock. Only the first connection knocks, and
# "ssh -O exit NAME" ends the master.
`;

/** The lines above the blocks without. */
export const DIRECT_HEADER =
  `# For ~/.ssh/config (see ssh_config(5)), written by spknock ssh-config --direct.
# ssh knocks while it reads this, then opens its own connection. Whatever reads it
# for the host knocks: "ssh -G NAME" too, and a session through the master of a
# ControlMaster. If the knock fails, spknock says why on stderr, and
# the second ProxyCommand ends ssh at once.
`;

/** Returns the `Host` block of one target. */
export function renderProxyBlock(target: Target, start: SshStart): SshBlock {
  const proxyCommand = `${start.proxy("connect")} ${target.name} %h %p`;
  const lines = [...listHostLines(target), `    ProxyCommand ${proxyCommand}`, ""];
  const execCommand = null;
  return {
    ...findEnd(target),
    name: target.name,
    proxyCommand,
    execCommand,
    text: lines.join("\n"),
  };
}

/**
 * Returns the blocks of one target that make ssh knock and connect by itself.
 *
 * - `Match` comes after `Host`: ssh takes the first value of each key, and `%p` is the port as it is then, with
 *   that of `ssh -p`. Only `ProxyCommand` depends on the knock, so that `%C` of a ControlPath does not.
 * - `!canonical`: ssh can read its files twice (`CanonicalizeHostname`, `Match final`), and knocks once.
 *
 * @throws {UsageError} where knocking with each ssh would do harm, or ssh cannot read the command.
 */
export function renderDirectBlock(target: Target, start: SshStart): SshBlock {
  refuseAfter(target);
  refuseInterface(target, start);
  const { name } = target;
  const execCommand = renderExecCommand(target, start);
  const lines = [
    ...listHostLines(target),
    `    AddressFamily ${findSshFamily(target)}`,
    ...listSourceLines(target),
    `    ConnectTimeout ${CONNECT_TIMEOUT_S}`,
    `Match originalhost ${name} !canonical exec "${execCommand}"`,
    "    ProxyCommand none",
    `Match originalhost ${name}`,
    `    ProxyCommand ${findSystemWords(start).fail}`,
    "",
  ];
  return { ...findEnd(target), name, proxyCommand: null, execCommand, text: lines.join("\n") };
}

/** The device that takes everything, and a command that fails. */
const POSIX_WORDS = { nothing: "/dev/null", fail: "false" };
const WINDOWS_WORDS = { nothing: "NUL", fail: "cmd.exe /c exit 1" };

function findSystemWords({ os }: SshStart): typeof POSIX_WORDS {
  return os === "windows" ? WINDOWS_WORDS : POSIX_WORDS;
}

/** OpenSSH for Windows has no BindInterface. */
function refuseInterface({ name, source }: Target, { os }: SshStart): void {
  if (os !== "windows" || source === undefined || isAddress(source)) return;
  throw new UsageError(
    `--direct: "${name}" has an interface as its source, which ssh on Windows cannot have`,
    {
      hint: "use an address as its source, or leave --direct out",
    },
  );
}

/** Each ssh would run these programs, and one of them may be ssh. */
function refuseAfter({ name, after }: Target): void {
  if (after.length === 0) return;
  throw new UsageError(`--direct: "${name}" has "after", which would run with each ssh`, {
    hint: `use the ProxyCommand, which does not run it: spknock ssh-config ${name}`,
  });
}

/**
 * Returns what ssh's shell runs. ssh up to 9.8 reads the quoted text as it is, later ones take a backslash away
 * before a quote or a backslash: what they would read differently is refused.
 */
function renderExecCommand(target: Target, start: SshStart): string {
  // knock reaches the target's own host: for another one behind it the target's probes have to do.
  const probe = isSameHost(findEnd(target).host, target.host) ? " --probe %p/tcp" : "";
  const canLook = probe !== "" || target.probes.length > 0;
  const knock = `${start.exec("knock")} ${target.name} -q${probe}`;
  const look = `${start.exec("probe")} ${target.name} -q${probe} --timeout ${LOOK_TIMEOUT}`;
  const isCostly = target.rolling !== undefined ||
    [...target.knocks, ...listKeys(target)].some(({ payload }) => mayAsk(payload));
  const command = canLook && isCostly
    ? `${look} 2>${findSystemWords(start).nothing} || ${knock}`
    : knock;
  if (/"|\\["'\\]/.test(command)) {
    throw new UsageError("--direct: a file's name has a quote, which ssh reads in two ways", {
      hint: "give the file another name, or leave --direct out",
    });
  }
  return command;
}

function listHostLines(target: Target): string[] {
  const { host, port } = findEnd(target);
  return [
    `Host ${target.name}`,
    `    HostName ${escapeTokens(host)}`,
    ...(port === SSH_PORT ? [] : [`    Port ${port}`]),
    ...listUserLines(target),
  ];
}

/**
 * Of the firewall's own ssh it is known who logs in; not of a host behind it. A name that ssh's configuration would
 * have to quote is left out.
 */
function listUserLines({ admin = "", connect }: Target): string[] {
  const user = admin.slice(0, Math.max(0, admin.lastIndexOf("@")));
  return connect?.host === undefined && /^[\w.+-]+$/.test(user) ? [`    User ${user}`] : [];
}

/** What is knocked for over one family is not open over the other. */
function findSshFamily({ family, source, host }: Target): "any" | "inet" | "inet6" {
  const literal = [source, host].find((each) => each !== undefined && isAddress(each));
  const only = literal === undefined ? family : detectFamily(literal);
  return only === "ipv4" ? "inet" : only === "ipv6" ? "inet6" : "any";
}

/** The firewall knows the source of the knocks only. */
function listSourceLines({ source }: Target): string[] {
  if (source === undefined) return [];
  const key = isAddress(source) ? "BindAddress" : "BindInterface";
  return [`    ${key} ${/\s/.test(source) ? `"${source}"` : source}`];
}

/**
 * Returns where ssh's connection leads; the port is that of the `connect` table, of an ssh probe, one that
 * opens, or ssh's own.
 */
function findEnd(target: Target): { host: string; port: number } {
  const { host, connect } = target;
  return {
    host: connect?.host ?? host,
    port: connect?.port ?? findSshPort(target) ?? SSH_PORT,
  };
}
