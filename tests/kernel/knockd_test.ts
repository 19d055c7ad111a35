/** A real knockd with the sections that `spknock rules` writes: several doors, a range, echo requests, everything. */
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { startKnockd } from "./knockd_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";
import { until } from "./until.ts";

const DOORS = {
  home: { knocks: ["7003/tcp", "9012/tcp"], opens: ["22/tcp", "60000-60010/tcp"] },
  office: { knocks: ["7104/tcp", "9113/tcp"], opens: ["icmp"] },
  whole: { knocks: ["7205/tcp", "9214/tcp"], opens: ["all"] },
};
type DoorName = keyof typeof DOORS;

/** The places that {@linkcode visit} tries. */
const PORTS = [22, 59_999, 60_000, 60_010, 60_011];
const EVERYWHERE = "22 59999 60000 60010 60011 ping";

function renderTarget(host: string, name: DoorName, more = ""): string {
  const { knocks, opens } = DOORS[name];
  return `[targets.${name}]\nhost = "${host}"\nknocks = ${JSON.stringify(knocks)}\ncopies = 1\n` +
    `opens = ${JSON.stringify(opens)}\nprobes = []\nstage_timeout = "2s"\n${more}\n`;
}

/** Starts a knockd with the rules of these targets, and closes what they open as their header says. */
async function startDoors({ server }: Lab, home: Home, args: readonly string[]) {
  const rules = await home.run([
    ...["rules", ...args, "--for", "knockd", "--no-guard", "--interface", server.device],
  ]);
  assertEquals(rules.code, 0, rules.stderr);
  const file = `${home.path}/knockd.conf`;
  await Deno.writeTextFile(file, rules.stdout);
  const closing = rules.stdout.match(/(?<=^# {3})ip6?tables -A .*$/gm) ?? [];
  await server.run(["sh", "-ec", closing.join("\n")]);
  const knockd = await startKnockd(server, file);
  const agent = await server.agent();
  for (const port of PORTS) await agent.listen(port);
  return knockd;
}

/** Returns the ports and the echo request by which the client gets to the server. */
async function visit({ client, server: { ipv4: host } }: Lab): Promise<string> {
  const agent = await client.agent();
  const states = await Promise.all(PORTS.map((port) => agent.connect({ host, port })));
  const seen = PORTS.filter((_, index) => states[index] === "open").map(String);
  const { code } = await client.exec(["ping", "-c", "1", "-W", "1", host]);
  return [...seen, ...(code === 0 ? ["ping"] : [])].join(" ");
}

async function knock({ client }: Lab, home: Home, ...args: string[]): Promise<void> {
  const prefix = ["ip", "netns", "exec", client.name];
  const { code, stderr } = await home.run(args, { prefix });
  assertEquals(code, 0, stderr);
}

/** By the targets in the file: what is open to all, and what each door opens. */
const RULE_SETS: Record<string, [closed: string, opened: Partial<Record<DoorName, string>>]> = {
  "home office": ["59999 60011", {
    home: "22 59999 60000 60010 60011",
    office: "59999 60011 ping",
  }],
  "home office whole": ["", {
    home: "22 60000 60010",
    office: "ping",
    whole: EVERYWHERE,
  }],
};

for (const [targets, [closed, opened]] of Object.entries(RULE_SETS)) {
  await kernelTest(`knockd: ${targets}`, async (lab) => {
    await using home = new Home();
    const names = Object.keys(DOORS) as DoorName[];
    const tables = names.map((name) => renderTarget(lab.server.ipv4, name));
    await home.write(`version = 1\n${tables.join("")}`);
    await startDoors(lab, home, targets.split(" "));
    assertEquals(await visit(lab), closed);
    for (const [name, expected] of Object.entries(opened)) {
      await knock(lab, home, "knock", name);
      assertEquals(await visit(lab), expected, name);
      const restore = `iptables-save | grep -v spknock:${name} | iptables-restore`;
      await lab.server.run(["sh", "-ec", restore]);
    }
  }, { tools: ["knockd", "iptables", "ping"] });
}

/** Waits for the rule of an opening, stops the process of knockd that waits for its end, and returns its id. */
async function stopTheEnd({ server }: Lab, knockd: number): Promise<string> {
  const opened = "until iptables -S | grep -q spknock:home; do sleep 0.05; done";
  const newest = `grep -Eo '[0-9]+ *$' /proc/${knockd}/task/${knockd}/children`;
  const id = (await server.run(["sh", "-ec", `${opened}; ${newest}`])).trim();
  await server.run(["kill", "-STOP", id]);
  return id;
}

await kernelTest(
  "knockd: the end of an opening closes a later one, as its header says",
  async (lab) => {
    await using home = new Home();
    const close = `open_for = "10s"\n[targets.home.close]\nknocks = ["9100/tcp"]`;
    await home.write(`version = 1\n${renderTarget(lab.server.ipv4, "home", close)}`);
    const knockd = await startDoors(lab, home, ["home", "--ipv4"]);
    const isOpen = async () => (await visit(lab)).startsWith("22 ");
    // Both ends stand still until the test has looked, however slow the machine is.
    await knock(lab, home, "knock", "home");
    const first = await stopTheEnd(lab, knockd.pid);
    await knock(lab, home, "close", "home");
    assertEquals(await isOpen(), false);
    await knock(lab, home, "knock", "home");
    const second = await stopTheEnd(lab, knockd.pid);
    assertNotEquals(second, first);
    assertEquals(await isOpen(), true);
    await lab.server.run(["kill", "-CONT", first]);
    assertEquals(await until(async () => !await isOpen()), true);
    const status = await lab.server.run(["cat", `/proc/${second}/status`]);
    assertMatch(status, /^State:\tT/m, "the end of the second opening has not come");
  },
  { tools: ["knockd", "iptables", "ping"] },
);
