/**
 * A real OpenSSH server behind the real firewall that `spknock rules` writes, and a home with the
 * targets and the key to log in.
 */
import { assertEquals } from "@std/assert";
import { quoteShell } from "../../src/core/text.ts";
import { commandOf, DETACHED, Home } from "../e2e/program.ts";
import type { Session } from "../e2e/terminal.ts";
import { HASHES, VECTORS } from "../e2e/vectors.ts";
import type { Lab } from "./lab.ts";

/** What the tests need besides `ip` and `nft`. */
export const SSH_TOOLS = ["ssh", "sshd", "scp", "ssh-keygen", "nc"];

/** The knock ports, in order. */
export const KNOCK_PORTS = [1234, 9876, 5555];

/** See the header. */
export interface SshLab extends AsyncDisposable {
  home: Home;
  /** Runs a program in the client's namespace, with the home's environment. */
  run(
    command: readonly string[],
    options?: { stdin?: string; timeoutMs?: number },
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  /** What stands before a command to run it in the client's namespace. */
  prefix: string[];
  /** ssh and scp take these; `Host`s are the targets. */
  sshOptions: string[];
  /** Packets that reached the server since the last `shut`. */
  counters(): Promise<Record<"syn" | "knock", number>>;
  /** Connections that sshd has accepted, as its log has them, since it was started. */
  countAccepted(): Promise<number>;
  /** Shuts the door for everyone and starts to count anew. */
  shut(): Promise<void>;
  /** Loads the rule set once more. */
  reload(): Promise<void>;
  /** Loses as many of a hundred of the client's packets, before the firewall sees them. */
  lose(percent: number): Promise<void>;
}

const secrets = (hashes: readonly string[]) =>
  KNOCK_PORTS.map((port, index) =>
    `  { port = ${port}, protocol = "udp", secret = { hash = "${hashes[index]}" } },\n`
  ).join("");

function targetsOf({ server }: Lab): string {
  const target = (name: string, host: string, rest: string) =>
    `\n[targets.${name}]\nhost = "${host}"\n${rest}`;
  const right = `knocks = [\n${secrets(HASHES)}]\nprobes = ["ssh"]\ndelay = "20ms"\n`;
  const wrong = right.replace(HASHES[2] ?? "", HASHES[0] ?? "");
  const typed = `knocks = [${KNOCK_PORTS.map((port) => `"${port}/udp"`).join(", ")}]\n`;
  return "version = 1\n" + target("home", server.ipv4, right) +
    target("home6", server.ipv6, right) +
    target("wrong", server.ipv4, wrong + 'tries = 2\ntimeout = "1s"\n') +
    target("typed", server.ipv4, typed) +
    target("short", server.ipv4, right + 'open_for = "1s"\n') +
    // No host of the lab has these.
    target("nobody", server.ipv4.replace(/\d+$/, "99"), right) +
    target("away", "192.0.2.1", right) +
    target("closing", server.ipv4, right + '[targets.closing.close]\nknocks = ["7777/tcp"]\n');
}

const COUNTERS = `table inet seen {
  counter syn { }
  counter knock { }
  chain input {
    type filter hook input priority -200; policy accept;
    tcp dport 22 tcp flags & (fin|syn|rst|ack) == syn counter name syn
    udp dport { ${KNOCK_PORTS.join(", ")} } counter name knock
  }
}
`;

/** What the server's programs see of this machine is their own, and is gone with them. */
const PRIVATE = [
  "set -e",
  "mkdir -p /etc/spknock",
  "for folder in /run /root /etc/spknock /etc/systemd/system; do mount -t tmpfs none $folder; done",
  // What sshd's package makes there.
  "mkdir /run/sshd",
  'exec "$@"',
].join("\n");

/** Its first argument is the name. */
const NAMED = 'hostname "$0" && exec "$@"';

/**
 * Sets everything up in the lab.
 *
 * @param options.isPrivate whether the server has folders of its own where programs that log in write.
 * @param options.hostName the server's own name; this machine's where undefined.
 */
export async function createSshLab(
  lab: Lab,
  { isPrivate = false, hostName }: { isPrivate?: boolean; hostName?: string } = {},
): Promise<SshLab> {
  const { client, server } = lab;
  const home = new Home();
  await home.write(targetsOf(lab));
  await startServer(lab, home, {
    prefix: [
      ...(hostName === undefined ? [] : ["unshare", "--uts", "sh", "-c", NAMED, hostName]),
      ...(isPrivate ? ["sh", "-c", PRIVATE, "sh"] : []),
    ],
  });
  const rules = await home.run(["rules", "home", "--for", "nftables"]);
  assertEquals(rules.code, 0, rules.stderr);
  await server.nft(rules.stdout);
  await server.nft(COUNTERS);
  // What the closing sequence of the target "closing" does.
  await server.nft(
    "insert rule inet spknock_home input tcp dport 7777 delete @home.open.4 { ip saddr }",
  );
  const command = commandOf(["connect"]).join(" ");
  const config = [
    "Host *",
    `  IdentityFile ${home.path}/key`,
    "  IdentitiesOnly yes",
    "  StrictHostKeyChecking no",
    "  UserKnownHostsFile /dev/null",
    "  LogLevel ERROR",
    "  User root",
    `  ProxyCommand ${command} %h %p`,
    "",
  ];
  await Deno.writeTextFile(`${home.path}/ssh_config`, config.join("\n"));
  return {
    home,
    prefix: ["ip", "netns", "exec", client.name],
    sshOptions: ["-F", `${home.path}/ssh_config`],
    run: (args, options) => client.exec([...DETACHED, ...args], { ...options, env: home.env }),
    async counters() {
      const listed = await server.run(["nft", "list", "counters", "table", "inet", "seen"]);
      const found = listed.matchAll(/counter (\w+) \{\s+packets (\d+)/g);
      return Object.fromEntries([...found].map(([, name, count]) => [name, Number(count)])) as {
        syn: number;
        knock: number;
      };
    },
    async countAccepted() {
      const log = await Deno.readTextFile(`${home.path}/sshd.log`);
      return log.split("\n").filter((line) => line.startsWith("Connection from ")).length;
    },
    async shut() {
      const sets = ["stage1", "stage2", "open"].flatMap((
        set,
      ) => [`home.${set}.4`, `home.${set}.6`]);
      const flushes = sets.map((set) => `flush set inet spknock_home ${set}\n`).join("");
      await server.nft(`${flushes}reset counters table inet seen\n`);
    },
    reload: () => server.nft(rules.stdout),
    lose: (percent) => server.lose(percent),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

/**
 * Writes what `ssh-config --direct` prints for every target above the lab's own configuration; returns the path
 * of the file. `inner` is the server itself, as it is seen from there.
 */
export async function writeDirectConfig(home: Home): Promise<string> {
  const program = `${home.path}/spknock`;
  const words = commandOf([]).map(quoteShell).join(" ");
  await Deno.writeTextFile(program, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  const argv = ["ssh-config", "--all", "--direct", "--program", program];
  const { code, stdout, stderr } = await home.run(argv);
  assertEquals(code, 0, stderr);
  const common = await Deno.readTextFile(`${home.path}/ssh_config`);
  const file = `${home.path}/direct`;
  await Deno.writeTextFile(file, `${stdout}\nHost inner\n  HostName 127.0.0.1\n${common}`);
  return file;
}

/** sshd with keys of its own; what it needs besides is what its package's service makes. */
async function startServer(
  { server }: Lab,
  home: Home,
  { prefix }: { prefix: readonly string[] },
): Promise<void> {
  await Deno.mkdir("/run/sshd", { recursive: true });
  for (const name of ["key", "host_key"]) {
    const file = `${home.path}/${name}`;
    await server.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file]);
  }
  await Deno.copyFile(`${home.path}/key.pub`, `${home.path}/authorized_keys`);
  const config = [
    "Port 22",
    `HostKey ${home.path}/host_key`,
    `AuthorizedKeysFile ${home.path}/authorized_keys`,
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin yes",
    "PasswordAuthentication no",
    // Every connection of a test comes from one address.
    "MaxStartups 100",
    "LogLevel VERBOSE",
    "PrintMotd no",
    "PrintLastLog no",
    "PidFile none",
    "Subsystem sftp internal-sftp",
    "",
  ];
  await Deno.writeTextFile(`${home.path}/sshd_config`, config.join("\n"));
  const sshd = await server.run(["sh", "-c", "PATH=$PATH:/usr/sbin command -v sshd"]);
  const files = ["-f", `${home.path}/sshd_config`, "-E", `${home.path}/sshd.log`];
  server.spawn([...prefix, sshd.trim(), "-D", ...files]);
  await server.run(["sh", "-c", "until nc -z 127.0.0.1 22; do sleep 0.05; done"]);
}

/** Types the right passphrases of the target `typed` as they are asked for. */
export async function typePassphrases(session: Session): Promise<void> {
  for (const [index, [phrase]] of VECTORS.entries()) {
    await session.answer([`Passphrase for typed (${KNOCK_PORTS[index]}/udp)`, `${phrase}\n`]);
  }
}

/** Copies random bytes there over IPv4 and back over IPv6 by scp, through a shut door; they stay the same. */
export async function copyBothWays(
  ssh: SshLab,
  { options, bytes }: { options: readonly string[]; bytes: number },
): Promise<void> {
  await ssh.shut();
  const folder = ssh.home.path;
  const made = await ssh.run(["sh", "-c", `head -c ${bytes} /dev/urandom >${folder}/out`]);
  assertEquals(made.code, 0);
  const copy = async (from: string, to: string) => {
    const { code, stderr } = await ssh.run(["scp", "-q", ...options, from, to]);
    assertEquals([code, stderr], [0, ""]);
  };
  await copy(`${folder}/out`, `home:${folder}/there`);
  await copy(`home6:${folder}/there`, `${folder}/back`);
  const files = ["out", "there", "back"].map((name) => `${folder}/${name}`);
  const sums = await ssh.run(["sha256sum", ...files]);
  const digests = sums.stdout.trim().split("\n").map((line) => line.split(" ")[0]);
  assertEquals(digests.length, 3);
  assertEquals(new Set(digests).size, 1);
  assertEquals((await Deno.stat(`${folder}/back`)).size, bytes);
}
