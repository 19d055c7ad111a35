/**
 * The program itself at a real firewall: `spknock rules` writes it, the real tools load it, `spknock
 * knock` opens it. A hundred doors that share the rules, each knocked on from a source of its own.
 */
import { assertEquals } from "@std/assert";
import { needs } from "../e2e/old_runtime.ts";
import { Home, valueOf } from "../e2e/program.ts";
import { HASHES, PHRASES } from "../e2e/vectors.ts";
import { kernelTest, type Lab } from "./lab.ts";

const DOORS = 100;

interface Report {
  targets: { status: string; tries: number }[];
}

/** The targets: one for the rules, and the same door from every source. */
function configFor(lab: Lab, family: "ipv4" | "ipv6"): string {
  const target = (name: string, source?: string) => `
[targets.${name}]
host = "${lab.server[family]}"
knocks = [
  { port = 1234, protocol = "udp", secret = { hash = "${HASHES[0]}" } },
  { port = 9876, protocol = "udp", secret = { hash = "${HASHES[1]}" } },
  { port = 5555, protocol = "udp", secret = { hash = "${HASHES[2]}" } },
]
tags = ["${source === undefined ? "rules" : "doors"}"]
probes = ["tcp:22"]
delay = "20ms"
${source === undefined ? "" : `source = "${source}"`}
`;
  const doors = lab.sources[family].map((source, index) => target(`door-${index}`, source));
  return `version = 1\n${target("rules")}${doors.join("")}`;
}

const FIREWALLS = [
  { name: "nftables", args: [], load: ["nft", "-f", "-"], losses: [10, 20] },
  { name: "iptables", args: [], load: ["sh", "-s"], losses: [20] },
  { name: "iptables", args: ["--variant", "recent"], load: ["sh", "-s"], losses: [20] },
];

for (const { name, args, load, losses } of FIREWALLS) {
  for (const family of ["ipv4", "ipv6"] as const) {
    // The recent match keeps 100 sources, which is what it is used for here, all at once.
    await kernelTest(
      `${[name, ...args.slice(1)].join(" ")}, ${family}: the program opens ${DOORS} of ${DOORS}`,
      async (lab, t) => {
        await using home = new Home();
        await home.write(configFor(lab, family));
        const rules = await home.run(["rules", "rules", "--for", name, ...args]);
        assertEquals([rules.code, rules.stderr.includes("error")], [0, false], rules.stderr);
        await lab.server.run(load, { stdin: rules.stdout });
        const agent = await lab.server.agent();
        await agent.listen(22);
        const visitor = await lab.client.agent();
        const prefix = ["ip", "netns", "exec", lab.client.name];
        const knock = async (more: readonly string[], options = {}) => {
          const line = ["knock", "--tag", "doors", "--json", ...more];
          const ended = await home.run(line, { prefix, ...options });
          return { code: ended.code, report: valueOf<Report & Record<string, unknown>>(ended) };
        };

        await t.step("not with another passphrase", async () => {
          const wrong = PHRASES.replace("is\n", "was\n").repeat(DOORS);
          const tries = ["--tries", "1", "--timeout", "500ms", "--secrets-from", "-"];
          const { code, report } = await knock(tries, { stdin: wrong });
          assertEquals(code, 1);
          assertEquals(report.targets.filter(({ status }) => status !== "closed"), []);
        });
        await t.step("at no loss, at the first try", async () => {
          const { code, report } = await knock(["--tries", "1"]);
          const open = report.targets.filter(({ status }) => status === "open");
          assertEquals([code, open.length], [0, DOORS]);
        });
        for (const percent of losses) {
          await t.step(`at ${percent} % loss, with --tries 8`, async () => {
            await forgetEveryone(lab, name);
            const [source] = lab.sources[family];
            const place = { source, host: lab.server[family], port: 22, timeoutMs: 500 };
            assertEquals(await visitor.connect(place), "silent");
            await lab.server.lose(percent, { out: true });
            const { code, report } = await knock(["--tries", "8"]);
            const shut = report.targets.filter(({ status }) => status !== "open");
            assertEquals([code, shut], [0, []]);
          });
        }
      },
      {
        tools: name === "nftables" ? [] : ["iptables", "ip6tables", "ipset"],
        sources: DOORS,
        needs: needs("source"),
      },
    );
  }
}

/** Shuts the door for all who are in. */
async function forgetEveryone({ server }: Lab, firewall: string): Promise<void> {
  if (firewall === "nftables") {
    for (const set of ["rules.open.4", "rules.open.6"]) {
      await server.run(["nft", "flush", "set", "inet", "spknock_rules", set]);
    }
    return;
  }
  const sets = await server.run(["ipset", "list", "-n"]);
  for (const set of sets.split("\n").filter((line) => line !== "")) {
    await server.run(["ipset", "flush", set]);
  }
  const recent = ["sh", "-c", "for f in /proc/net/xt_recent/*; do echo / >$f; done"];
  await server.exec(recent);
}
