/**
 * What the script of `look` prints on real firewalls, in every shell that a server may have, and what is
 * noticed in it. The firewalls are active in a namespace.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { assessServer } from "../../src/apply/assess.ts";
import { type Look, parseLook } from "../../src/apply/look.ts";
import { nftables } from "../../src/rules/backends/nftables/nftables.ts";
import { iptables } from "../../src/rules/backends/iptables/iptables.ts";
import { renderRules } from "../../src/rules/render.ts";
import { secretPlan } from "../rules/fixtures.ts";
import { clientSide } from "../apply/looks.ts";
import { kernelTest, type Lab } from "./lab.ts";
import {
  FIREWALLD,
  makeDropTable,
  openShell,
  type OtherFirewallKind,
  UFW,
} from "./other_firewalls.ts";

const SCRIPT = new URL("../../src/apply/runner/look.sh", import.meta.url).pathname;
const SHELLS = ["dash", "bash", "busybox sh"];
const CONNECTION = "192.0.2.9 50000 192.0.2.1 22";

type Run = (line: string) => Promise<string>;

/** Lines that change from one moment to the next. */
const MOVING = /^spknock: (?:clock|etc-free) .*$/gm;

/** Looks with every shell, and holds that they see the same, and change nothing. */
async function lookWithAll(run: Run): Promise<Look> {
  const before = await run("nft -s list ruleset");
  const outputs = [];
  for (const shell of SHELLS) {
    outputs.push(await run(`${shell} -c '. ${SCRIPT}; spk_look home "${CONNECTION}"'`));
  }
  assertEquals(await run("nft -s list ruleset"), before);
  const [first = "", ...others] = outputs;
  for (const other of others) assertEquals(other.replace(MOVING, ""), first.replace(MOVING, ""));
  return parseLook({ stdout: first, stderr: "" });
}

/** What is said about a plan for these ports, as `severity code` and the ports that are named. */
function assessPorts(look: Look, backend = "nftables") {
  const plan = secretPlan({
    opens: [{ port: 22, protocol: "tcp" }, { port: 443, protocol: "tcp" }],
  });
  const client = clientSide({ sources: ["192.0.2.9"] });
  return assessServer(look, { plan, backend, client, persists: true })
    .filter(({ code }) => /dropped|forwarded|twice|firewalld|iptables/.test(code));
}

const OTHERS: Readonly<
  Record<string, { kind: OtherFirewallKind; owner: string; prepare: string; allow: string }>
> = {
  ufw: { kind: UFW, owner: "ufw", prepare: "ufw allow 22/tcp", allow: "ufw allow 443/tcp" },
  firewalld: {
    kind: FIREWALLD,
    owner: "firewalld",
    prepare: "firewall-cmd --add-service=ssh",
    allow: "firewall-cmd --permanent --add-port=443/tcp && firewall-cmd --add-port=443/tcp",
  },
};

for (const [name, { kind, owner, prepare, allow }] of Object.entries(OTHERS)) {
  await kernelTest(
    `look: ${name} lets 22 in and drops 443, until its own command is run`,
    async (lab) => {
      const other = await kind.start(lab);
      await other.run(`${prepare} || true`);
      const look = await lookWithAll(other.run);
      assertEquals<readonly string[]>(look.active, [owner]);
      const [concern, ...rest] = assessPorts(look);
      assertEquals(rest, []);
      assertEquals(concern?.code, "port_dropped");
      assertEquals(concern?.text, `${owner} drops 443/tcp by itself: a knock could not open it`);
      assertEquals(concern?.hint, `run there: ${allow}`);
      await other.run(allow);
      assertEquals(assessPorts(await lookWithAll(other.run)), []);
    },
    { tools: [...kind.tools, "busybox"] },
  );
}

await kernelTest("look: ufw's drop does not matter to rules of iptables", async (lab) => {
  const other = await UFW.start(lab);
  assertEquals(assessPorts(await lookWithAll(other.run), "iptables"), []);
}, { tools: [...UFW.tools, "busybox"] });

await kernelTest("look: a table that drops by its policy, after ours and before", async (lab) => {
  for (
    const [priority, codes] of [["filter", ["port_dropped"]], ["raw", [
      "port_dropped",
      "knock_dropped",
    ]]] as const
  ) {
    const other = await makeDropTable(priority).start(lab);
    const found = assessPorts(await lookWithAll(other.run));
    assertEquals<readonly string[]>(found.map(({ code }) => code), codes);
    for (const { hint = "" } of found) {
      const [, commands = ""] = hint.split("too: ");
      await other.run(commands);
    }
    assertEquals(assessPorts(await lookWithAll(other.run)), []);
  }
}, { tools: ["busybox", "nsenter"] });

for (const program of ["iptables-nft", "iptables-legacy"]) {
  await kernelTest(`look: INPUT of ${program} with policy DROP`, async (lab) => {
    const run = await openShell(lab.server, []);
    await run(`${program} -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT`);
    await run(`${program} -A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT`);
    await run(`${program} -P INPUT DROP`);
    const look = await lookWithAll(run);
    const [concern, ...rest] = assessPorts(look);
    assertEquals(rest, []);
    const label = program === "iptables-nft" ? "iptables" : program;
    assertEquals(
      concern?.text,
      `INPUT of ${label} drops 443/tcp over IPv4 by itself: a knock could not open it`,
    );
    const [, command = ""] = concern?.hint?.split("way: ") ?? [];
    await run(command);
    assertEquals(assessPorts(await lookWithAll(run)), []);
  }, { tools: [program, "busybox", "nsenter"] });
}

await kernelTest(
  "look: what Docker publishes is forwarded, but for what is on loopback",
  async (lab) => {
    const run = await openShell(lab.server, []);
    await run(`iptables-restore <<'EOF'
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 172.17.0.2:443
-A DOCKER -d 127.0.0.1/32 ! -i docker0 -p tcp -m tcp --dport 22 -j DNAT --to-destination 172.17.0.3:22
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 443 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
EOF`);
    const look = await lookWithAll(run);
    assertEquals(look.active, ["docker"]);
    assertEquals(look.forwards, [
      { protocol: "tcp", port: 443, last: 443, to: "172.17.0.2:443" },
    ]);
    assertEquals(assessPorts(look).map(({ code }) => code), ["port_forwarded"]);
  },
  { tools: ["iptables", "busybox", "nsenter"] },
);

await kernelTest("look: rule sets of spknock are seen, and none of their payloads", async (lab) => {
  const run = await openShell(lab.server, []);
  const payloads = secretPlan().doors.flatMap(({ stages }) =>
    stages.map(({ payload }) => new TextDecoder().decode(payload))
  );
  const load = async (backend: typeof nftables, name: string, command: string) => {
    const rules = renderRules(backend, secretPlan({ name }), { host: "fw.example.com" });
    await run(`${command} <<'RULES_END'\n${rules}\nRULES_END`);
  };
  await load(nftables, "home", "nft -f -");
  await load(nftables, "office", "nft -f -");
  await load(iptables, "attic", "sh -s");
  const output = await run(`dash -c '. ${SCRIPT}; spk_look home'`);
  for (const payload of payloads) {
    const hex = new TextEncoder().encode(payload).toHex();
    assertEquals([payload, hex, hex.slice(0, 16)].filter((text) => output.includes(text)), []);
  }
  const look = await lookWithAll(run);
  const key = ({ name, backend, port }: NonNullable<Look["guarded"]>[number]) =>
    `${name} ${backend} ${port}`;
  assertEquals(
    [...new Set(look.guarded?.map(key))].sort(),
    ["attic iptables 22", "home nftables 22", "office nftables 22"],
  );
  assertEquals(assessPorts(look).map(({ code }) => code), ["guarded_twice", "guarded_twice"]);
}, { tools: ["iptables", "ipset", "busybox", "nsenter"] });

/** Runs the script in the server's namespace as another user. */
async function lookAsUser({ server }: Lab, shell: string): Promise<Look> {
  const user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const script = await Deno.readTextFile(SCRIPT);
  const line = `${script}\nspk_look home`;
  const env = { SSH_CONNECTION: CONNECTION };
  return parseLook({
    stdout: await server.run([...user, ...shell.split(" "), "-c", line], { env }),
    stderr: "",
  });
}

await kernelTest("look: an ordinary user sees no rules, and the rest", async (lab) => {
  for (const shell of SHELLS) {
    const look = await lookAsUser(lab, shell);
    assertEquals([look.isRoot, look.rules, look.tables, look.kind], [
      false,
      undefined,
      undefined,
      "linux",
    ]);
    assertEquals(look.connection, { client: "192.0.2.9", server: "192.0.2.1", port: 22 });
    assertEquals(look.nft, await readNftVersion(lab));
    assertStringIncludes(look.addresses.join(" "), lab.server.ipv4);
    assertStringIncludes(look.addresses.join(" "), lab.server.ipv6);
    assertEquals(assessPorts(look), []);
  }
}, { tools: ["setpriv", "busybox"] });

async function readNftVersion({ server }: Lab): Promise<string> {
  return (await server.run(["nft", "--version"])).replace(/^nftables v(\S+)[^]*$/, "$1");
}

await kernelTest("look: sudo's clean environment, the lock, and /etc", async (lab) => {
  const run = await openShell(lab.server, []);
  const look = async (prefix = "") => {
    const line =
      `SSH_CONNECTION="${CONNECTION}" sh -c 'env -u SSH_CONNECTION sh -c ". ${SCRIPT}; spk_look home"; :'`;
    return parseLook({ stdout: await run(`${prefix}${line}`), stderr: "" });
  };
  assertEquals((await look()).connection, { client: "192.0.2.9", server: "192.0.2.1", port: 22 });
  assertEquals([(await look()).isBusy, (await look()).canPersist], [false, true]);
  await run("mkdir /run/spknock.home; : >/run/spknock.home/owner.$$.1");
  assertEquals((await look()).isBusy, false);
  await run(
    "sleep 100 >/dev/null 2>&1 & rm /run/spknock.home/*; : >/run/spknock.home/owner.$!.1; echo $! >/run/sleeper",
  );
  assertEquals((await look()).isBusy, true);
  await run("kill $(cat /run/sleeper); rm -r /run/spknock.home");
  await run(
    "mkdir /run/etc; mount -t tmpfs -o size=200k tmpfs /run/etc; cp -a /etc/alternatives /etc/os-release /run/etc; mount --bind /run/etc /etc",
  );
  const full = await look();
  assertEquals([full.canPersist, (full.freeKib ?? 999) < 200], [false, true]);
  await run("mount -o remount,ro,bind,size=9m /etc");
  assertEquals((await look()).canPersist, false);
}, { tools: ["nsenter"] });
