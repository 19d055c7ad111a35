/** A real knockd with the section that `spknock rules` writes: several doors, a range, echo requests, everything. */
import { assertEquals, assertMatch } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { kernelTest, type Lab } from "./lab.ts";

/** The doors, and what a source that opened one of them gets to. */
const DOORS = {
  home: ["7003/tcp", "9012/tcp"],
  office: ["7104/tcp", "9113/udp"],
  whole: ["7205/tcp", "9214/tcp"],
};
const OPENS = { home: ["22/tcp", "60000-60010/tcp"], office: ["icmp"], whole: ["all"] };

function renderTarget(host: string, name: keyof typeof DOORS, more = ""): string {
  return `[targets.${name}]\nhost = "${host}"\nknocks = ${JSON.stringify(DOORS[name])}\n` +
    `opens = ${JSON.stringify(OPENS[name])}\nprobes = []\ncopies = 1\n${more}\n`;
}

/** Starts a knockd with the rules of these targets, and closes the ports as their header says. */
async function startKnockd({ server }: Lab, home: Home, args: readonly string[]): Promise<void> {
  const rules = await home.run([
    ...["rules", ...args, "--for", "knockd", "--no-guard", "--interface", server.device],
  ]);
  assertEquals(rules.code, 0, rules.stderr);
  const file = `${home.path}/knockd.conf`;
  await Deno.writeTextFile(file, rules.stdout);
  const closing = rules.stdout.match(/(?<=^# {3})ip6?tables -A .*$/gm) ?? [];
  await server.run(["sh", "-ec", closing.join("\n")]);
  server.spawn(["knockd", "-i", server.device, "-c", file]);
  const started = "until [ $(wc -l < /proc/net/packet) -gt 1 ]; do sleep 0.05; done";
  await server.run(["sh", "-c", started]);
}

/** Which of some places a source gets to: a port, or an echo request. */
async function visit({ client, server }: Lab, family: "ipv4" | "ipv6"): Promise<string> {
  const host = server[family];
  const agent = await client.agent();
  const seen: string[] = [];
  for (const port of [22, 59_999, 60_000, 60_010, 60_011]) {
    if (await agent.connect({ host, port }) === "open") seen.push(String(port));
  }
  const { code } = await client.exec(["ping", "-c", "1", "-W", "1", host]);
  if (code === 0) seen.push("ping");
  return seen.join(" ");
}

await kernelTest("knockd: doors, ranges, echo requests, everything", async (lab, t) => {
  const { server, client } = lab;
  await using home = new Home();
  const names = ["home", "office", "whole"] as const;
  await home.write(
    `version = 1\n${names.map((name) => renderTarget(server.ipv4, name)).join("")}`,
  );
  for (const port of [22, 59_999, 60_000, 60_010, 60_011]) await (await server.agent()).listen(port);
  const steps = [
    { targets: ["home", "office"], closed: "59999 60011" },
    { targets: ["home", "office", "whole"], closed: "" },
  ];
  const opened = {
    home: "22 60000 60010",
    office: "ping",
    whole: "22 59999 60000 60010 60011 ping",
  };
  for (const { targets, closed } of steps) {
    await t.step(targets.join(" and "), async () => {
      await startKnockd(lab, home, targets);
      assertEquals(await visit(lab, "ipv4"), closed);
      for (const name of names.filter((each) => targets.includes(each))) {
        const prefix = ["ip", "netns", "exec", client.name];
        const { code, stderr } = await home.run(["knock", name], { prefix });
        assertEquals(code, 0, stderr);
        const expected = `${opened[name]} ${closed}`.trim().split(" ");
        assertEquals((await visit(lab, "ipv4")).split(" "), sortPlaces(expected), name);
        assertMatch(await server.run(["iptables", "-S", "INPUT"]), new RegExp(`spknock:${name}`));
        await removeOpenings(lab, name);
      }
    });
    await server.run(["sh", "-c", "pkill -x knockd -P $$ || true; iptables -F; ip6tables -F"]);
  }
}, { tools: ["knockd", "iptables", "ping"] });
