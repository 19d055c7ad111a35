/**
 * The lab of `apply`: a real sshd in a network and a mount namespace of its own, with root, users with and without
 * sudo, and the client's home with the keys to log in. The server's /etc, /run, /tmp, /home and /root are its own:
 * what is written there is gone with the lab, and nothing of this machine is changed.
 */
import { assertEquals } from "@std/assert";
import { quoteShell } from "../../src/core/text.ts";
import { commandOf as spknock, DETACHED, type Ended, Home } from "../e2e/program.ts";
import { commandOf, type ExecOptions, type ExecResult, execute, mustRun, stop } from "./exec.ts";
import type { Lab, Namespace } from "./lab.ts";

/** What the tests need besides `ip` and `nft`. */
export const APPLY_TOOLS = [
  "ssh",
  "sshd",
  "ssh-keygen",
  "sudo",
  "nsenter",
  "unshare",
  "mount",
  "nc",
];

/** Who can log in: `boss` is sudo's without a password, `joe` with one, `guest` has none. */
export const USERS = ["root", "boss", "joe", "guest"] as const;
type User = typeof USERS[number];

/** The password of `joe`. */
export const PASSWORD = "joe's secret $HOME \\ 1";

/** What a lab is made with. */
export interface ApplyLabOptions {
  /** sshd runs on a host behind the lab's server, which translates the client's address. */
  isBehindNat?: boolean;
  /** The login shell of every user but root; /bin/sh where undefined. */
  shell?: string;
  /** Lines for sshd's configuration. */
  sshd?: readonly string[];
}

/** See the header. */
export interface ApplyLab extends AsyncDisposable {
  /** The client's. */
  home: Home;
  /** Where sshd runs. */
  server: Namespace;
  /** Words that start ssh with the lab's keys: for `--ssh`. */
  ssh: string[];
  /** The same as one text. */
  sshText: string;
  /** `USER@ADDRESS`. */
  place(user?: User, family?: "ipv4" | "ipv6"): string;
  /** Words that run in the client's namespace. */
  prefix: string[];
  /** Runs spknock at the client. */
  spknock(args: readonly string[], options?: { env?: Record<string, string> }): Promise<Ended>;
  /** Starts it; the caller waits for it. */
  start(args: readonly string[], options?: { env?: Record<string, string> }): Deno.ChildProcess;
  /** Runs a line of shell as root on the server, in all of its namespaces. */
  sh(line: string, options?: ExecOptions): Promise<ExecResult>;
  /** The same: resolves to what it prints, and throws unless its exit code is 0. */
  read(line: string): Promise<string>;
  /** `nft list ruleset` there, without the clocks of elements. */
  ruleset(): Promise<string>;
  /** What a login or an apply has left there: processes but sshd itself, and files of ours. */
  leftovers(): Promise<string[]>;
  /** Processes of ssh at the client, as their command lines. */
  clients(): Promise<string[]>;
  /** Connections that sshd has accepted, and sessions that users have opened, since the lab was made. */
  count(): Promise<{ connections: number; logins: number }>;
  /** Kills sshd and every session of it. */
  killSshd(): Promise<void>;
  /** Starts it again. */
  startSshd(): Promise<void>;
  /** Cuts the network, and mends it. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

const SETUP = `set -e
mount --make-rprivate /
mount -t tmpfs spknock /mnt
for folder in etc usr/local/etc; do
  [ -d /$folder ] || continue
  mkdir -p /mnt/$folder/up /mnt/$folder/work
  mount -t overlay spknock -o lowerdir=/$folder,upperdir=/mnt/$folder/up,workdir=/mnt/$folder/work /$folder
done
password=$(cat "$3")
cp "$1"/host_key "$1"/host_key.pub "$1"/authorized_keys "$1"/sshd_config /etc/ssh
[ ! -d /var/lib/sudo ] || mount -t tmpfs -o mode=700 spknock /var/lib/sudo
for folder in /run /home /root; do mount -t tmpfs -o mode=755 spknock $folder; done
for folder in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 spknock $folder; done
mkdir /run/sshd /run/lock
chown 0:0 /etc/ssh/host_key /etc/ssh/authorized_keys
chmod 600 /etc/ssh/host_key
echo "127.0.0.1 localhost $(hostname)" >/etc/hosts
rm -rf /etc/sudoers.d/* /etc/spknock
printf 'root ALL=(ALL:ALL) ALL\\nboss ALL=(ALL:ALL) NOPASSWD: ALL\\njoe ALL=(ALL:ALL) ALL\\n@includedir /etc/sudoers.d\\n' >/etc/sudoers
chmod 440 /etc/sudoers
id=4200
for user in boss joe guest; do
  id=$((id + 1))
  echo "$user:x:$id:$id::/home/$user:$2" >>/etc/passwd
  echo "$user:x:$id:" >>/etc/group
  echo "$user:*:20000:0:99999:7:::" >>/etc/shadow
  mkdir -m 755 /home/$user
  chown $id:$id /home/$user
done
echo "$2" >>/etc/shells
printf 'joe:%s\\n' "$password" | chpasswd
echo ready
exec sleep infinity`;

/** Loses all that the client sends or receives, without a word: a drop of its own firewall would be an error. */
const CUT = `table netdev cut {
  chain in { type filter hook ingress device knock0 priority 0; policy drop; }
  chain out { type filter hook egress device knock0 priority 0; policy drop; }
}
`;

/** Sets everything up in the lab. */
export async function createApplyLab(
  lab: Lab,
  { isBehindNat = false, shell = "/bin/sh", sshd = [] }: ApplyLabOptions = {},
): Promise<ApplyLab> {
  await using cleanup = new AsyncDisposableStack();
  const home = cleanup.use(new Home());
  const server = isBehindNat ? await addNat(lab) : lab.server;
  await writeKeys(home, sshd);
  const pid = await startHost(server, { home, shell, cleanup });
  const words = ["nsenter", "-t", pid, "-m", "-n"];
  const inside = (line: string) => [...words, "sh", "-c", line];
  const daemon = makeDaemon({ home, server, words, cleanup });
  await daemon.start();
  const ssh = ["ssh", "-F", `${home.path}/ssh_config`];
  const prefix = ["ip", "netns", "exec", lab.client.name];
  const start = (args: readonly string[], { env = {} } = {}) => home.start(args, { prefix, env });
  const kept = cleanup.move();
  return {
    home,
    server,
    ssh,
    sshText: ssh.map(quoteShell).join(" "),
    place: (user = "root", family = "ipv4") => `${user}@${server[family]}`,
    prefix,
    spknock: (args, options = {}) => home.run(args, { ...options, prefix }),
    start,
    sh: (line, options) => execute(inside(line), options),
    read: (line) => mustRun(inside(line)),
    async ruleset() {
      const text = await mustRun([...words, "nft", "list", "ruleset"]);
      return text.replace(/ expires \w+/g, "");
    },
    leftovers: () => findLeftovers({ server, words, ignored: [pid, ...daemon.pids()] }),
    clients: () => listProcesses(lab.client.name, (command) => /(?:^|\/)ssh /.test(command)),
    async count() {
      const log = await Deno.readTextFile(`${home.path}/sshd.log`);
      const lines = log.split("\n");
      return {
        connections: lines.filter((line) => /^Connection from (?!127\.)/.test(line)).length,
        logins: lines.filter((line) => line.startsWith("Accepted publickey ")).length,
      };
    },
    killSshd: daemon.kill,
    startSshd: daemon.start,
    cut: () => lab.client.nft(CUT),
    mend: () => lab.client.nft("delete table netdev cut\n"),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The lab's server becomes a router that translates what it forwards. */
async function addNat(lab: Lab): Promise<Namespace> {
  const behind = await lab.addBehind("behind0");
  await lab.server.nft(
    'table ip nat { chain post { type nat hook postrouting priority srcnat; oifname "behind0" masquerade; }; }\n' +
      'table ip6 nat { chain post { type nat hook postrouting priority srcnat; oifname "behind0" masquerade; }; }\n',
  );
  return behind;
}

async function writeKeys({ path }: Home, sshd: readonly string[]): Promise<void> {
  for (const name of ["key", "host_key"]) {
    await mustRun(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", `${path}/${name}`]);
  }
  await Deno.copyFile(`${path}/key.pub`, `${path}/authorized_keys`);
  const server = [
    // The first value of each counts.
    ...sshd,
    "Port 22",
    "HostKey /etc/ssh/host_key",
    "AuthorizedKeysFile /etc/ssh/authorized_keys",
    "UsePAM no",
    "PermitRootLogin yes",
    "PasswordAuthentication no",
    "MaxStartups 100",
    "LogLevel VERBOSE",
    "PidFile none",
    "",
  ];
  await Deno.writeTextFile(`${path}/sshd_config`, server.join("\n"));
  const client = [
    "Host *",
    `  IdentityFile ${path}/key`,
    "  IdentitiesOnly yes",
    "  StrictHostKeyChecking no",
    "  UserKnownHostsFile /dev/null",
    "",
  ];
  await Deno.writeTextFile(`${path}/ssh_config`, client.join("\n"));
}

interface HostRequest {
  home: Home;
  shell: string;
  cleanup: AsyncDisposableStack;
}

/** Makes the mount namespace, which lives as long as the process whose number is returned. */
async function startHost(
  server: Namespace,
  { home, shell, cleanup }: HostRequest,
): Promise<string> {
  // A list of processes must not show it: tests look there.
  const password = `${home.path}/password`;
  await Deno.writeTextFile(password, PASSWORD);
  const enter = ["ip", "netns", "exec", server.name, "unshare", "-m", "sh", "-c"];
  const process = commandOf([...enter, SETUP, "setup", home.path, shell, password], {
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  cleanup.defer(() => stop(process));
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  assertEquals(new TextDecoder().decode(value), "ready\n");
  return String(process.pid);
}

interface DaemonParts {
  home: Home;
  server: Namespace;
  words: readonly string[];
  cleanup: AsyncDisposableStack;
}

function makeDaemon({ home, server, words, cleanup }: DaemonParts) {
  let process: Deno.ChildProcess | undefined;
  const killAll = async () => {
    if (process === undefined) return;
    await stop(process);
    process = undefined;
    for (const { pid, command } of await readProcesses(server.name)) {
      if (command.startsWith("sshd:")) await execute(["kill", "-KILL", pid]);
    }
  };
  cleanup.defer(killAll);
  return {
    kill: killAll,
    pids: () => process === undefined ? [] : [String(process.pid)],
    async start() {
      // The log is outside of the server's own /tmp.
      const inner = 'exec "$(PATH=$PATH:/usr/sbin command -v sshd)" -D -e -f /etc/ssh/sshd_config';
      const line = `exec 2>>"$0"; exec "$@" sh -c '${inner}'`;
      process = commandOf(["sh", "-c", line, `${home.path}/sshd.log`, ...words], {
        stdout: "null",
        stderr: "null",
      }).spawn();
      await server.run(["sh", "-c", "until nc -z 127.0.0.1 22; do sleep 0.05; done"]);
    },
  };
}

/** Deno reads /proc with all permissions only, which tests do not have. */
async function readProcesses(namespace: string): Promise<{ pid: string; command: string }[]> {
  const line = 'for pid in $(ip netns pids "$0"); do ' +
    `printf '%s %s\\n' "$pid" "$(tr '\\0\\n' '  ' <"/proc/$pid/cmdline")"; done 2>/dev/null`;
  const { stdout } = await execute(["sh", "-c", line, namespace]);
  return stdout.split("\n").flatMap((row) => {
    const [, pid = "", command = ""] = /^(\d+) (.*\S)/.exec(row) ?? [];
    return command === "" ? [] : [{ pid, command }];
  });
}

async function listProcesses(
  namespace: string,
  isMeant: (command: string) => boolean,
): Promise<string[]> {
  return (await readProcesses(namespace)).map(({ command }) => command).filter(isMeant);
}

interface LeftoverRequest {
  server: Namespace;
  words: readonly string[];
  ignored: readonly string[];
}

async function findLeftovers({ server, words, ignored }: LeftoverRequest): Promise<string[]> {
  const processes = (await readProcesses(server.name)).filter(({ pid }) => !ignored.includes(pid));
  const places = ["/tmp", "/var/tmp", "/run", "/home", "/root", "/etc/spknock"];
  const { stdout } = await execute([...words, "find", ...places, "-name", "*spknock*"]);
  return [...processes.map(({ command }) => command), ...stdout.split("\n").filter(Boolean)];
}

/** Words that start spknock, for a ProxyCommand. */
export function listProxyWords(args: readonly string[]): string {
  return [...DETACHED, ...spknock(args)].map(quoteShell).join(" ");
}
