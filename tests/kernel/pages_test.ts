/**
 * The sessions of README.md and of the pages in docs/ that need a server: at a client in a namespace whose hosts
 * file names the lab's server `fw.example.com`, with a real sshd and nftables there.
 */
import { parseItems, runItems } from "../e2e/session.ts";
import { listDocuments, listSessions } from "../house/documents.ts";
import { APPLY_TOOLS, type ApplyLab, createApplyLab } from "./apply_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";

const HOST = "fw.example.com";

/** A systemd that starts nothing: what loads rules at boot is written for it, as on most servers. */
const SYSTEMD = `set -e
rm -f /etc/os-release
echo 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"' >/etc/os-release
mkdir -p /run/systemd/system
mount -t tmpfs spknock /usr/local/bin
printf '#!/bin/sh\nexit 1\n' >/usr/local/bin/systemd-run
printf '#!/bin/sh\ncase $* in *"nftables.service"|*is-active*) exit 1;; esac\n' >/usr/local/bin/systemctl
chmod 755 /usr/local/bin/*`;

for (const { path, text } of await listDocuments()) {
  const sessions = listSessions(text).filter(({ needs }) =>
    needs === undefined || needs === "a server"
  );
  if (!sessions.some(({ needs }) => needs === "a server")) continue;
  await kernelTest(`${path}: its sessions with a server`, async (lab, test) => {
    await using server = await createApplyLab(lab, { sshd: ["Subsystem sftp internal-sftp"] });
    await using client = await prepareClient(lab, server);
    for (const { text, isOnlyCommands } of sessions) {
      const items = parseItems(text);
      const options = { isMerged: true, isOnlyCommands, ...client, simplify: simplifyIn(lab) };
      await test.step(items[0]?.head ?? "", () => runItems(items, server.home, options));
    }
  }, { tools: APPLY_TOOLS });
}

/** Words that start a shell at the client, which knows the server's name and logs in as the lab does. */
async function prepareClient(
  lab: Lab,
  server: ApplyLab,
): Promise<AsyncDisposable & { prefix: string[] }> {
  const folder = `/etc/netns/${lab.client.name}`;
  await Deno.mkdir(folder, { recursive: true });
  const { ipv4, ipv6 } = lab.server;
  const { home } = server;
  await Deno.writeTextFile(
    `${folder}/hosts`,
    `127.0.0.1 localhost\n${ipv4} ${HOST}\n${ipv6} ${HOST}\n`,
  );
  await server.read(SYSTEMD);
  // ssh reads the configuration of the user's own home, whatever $HOME says.
  await Deno.mkdir(`${home.path}/.ssh`, { mode: 0o700 });
  await Deno.rename(`${home.path}/ssh_config`, `${home.path}/.ssh/config`);
  await Deno.writeTextFile(`${home.path}/.ssh/config`, "  LogLevel ERROR\n", { append: true });
  await Deno.mkdir(`${home.path}/.bin`);
  for (const name of ["ssh", "scp"]) {
    const line = `exec "$(PATH=\${PATH#*:} command -v ${name})" -F "$HOME/.ssh/config" "$@"`;
    await Deno.writeTextFile(`${home.path}/.bin/${name}`, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }
  return {
    prefix: ["ip", "netns", "exec", lab.client.name],
    async [Symbol.asyncDispose]() {
      await Deno.remove(folder, { recursive: true });
      // Only where no other lab is there, and it was made here.
      await Deno.remove("/etc/netns").catch(() => {});
    },
  };
}

/** What another run prints in another way: addresses, random ports and codes, moments, and the line ends of a narrow terminal. */
function simplifyIn({ client, server }: Lab): (text: string) => string {
  const addresses: Readonly<Record<string, string>> = {
    [client.ipv4]: "198.51.100.7",
    [client.ipv6]: "2001:db8::7",
    [server.ipv4]: "192.0.2.1",
    [server.ipv6]: "2001:db8::1",
  };
  return (text) => {
    let simple = text;
    for (const [from, to] of Object.entries(addresses)) simple = simple.replaceAll(from, to);
    return simple
      .replaceAll(/\b[0-9a-f]{32}\b/g, "CODE")
      .replaceAll(/\b\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?/g, "DAY")
      .replaceAll(/\b\d\d:\d\d\b/g, "HOUR")
      .replaceAll(/\b[1-9]\d{4}\/udp/g, "PORT/udp")
      .replaceAll(/\bnft [\d.]+/g, "nft N")
      .replaceAll(/SSH-2\.0-[^)]*/g, "BANNER")
      .replaceAll(/"(at|renew_in)_ms":\d+/g, '"$1_ms":N')
      .replaceAll(/\s+/g, " ");
  };
}
