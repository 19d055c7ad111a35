/** The closing knocks at the rules that `spknock rules` writes, and at a real knockd with them. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { needs } from "../e2e/old_runtime.ts";
import { Home } from "../e2e/program.ts";
import { HASHES } from "../e2e/vectors.ts";
import { startKnockd } from "./knockd_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";

/** A door with one stranger: the first source of the lab has a target, the client the other. */
function makeConfig({ server, sources }: Lab, knocks: string, close: string): string {
  const target = (name: string, more = "") => `
[targets.${name}]
host = "${server.ipv4}"
knocks = [${knocks}]
probes = ["tcp:22"]
timeout = "1s"
copies = 1
${more}
[targets.${name}.close]
knocks = [${close}]
`;
  return `version = 1\n${target("home")}${target("other", `source = "${sources.ipv4[0]}"`)}`;
}

const hash = (port: number, index: number) =>
  `{ port = ${port}, protocol = "udp", secret = { hash = "${HASHES[index]}" } }`;
const OPENING = [hash(1234, 0), hash(9876, 1), hash(5555, 2)].join(", ");
/** The second one is the first of the opening sequence. */
const SECRET_CLOSING = `${hash(4321, 1)}, ${hash(1234, 0)}`;

const FIREWALLS = [
  { name: "nftables", args: [], load: ["nft", "-f", "-"] },
  { name: "iptables", args: [], load: ["sh", "-s"] },
  { name: "iptables", args: ["--variant", "recent"], load: ["sh", "-s"] },
];

for (const { name, args, load } of FIREWALLS) {
  const tools = name === "nftables" ? [] : ["iptables", "ip6tables", "ipset"];
  await kernelTest(`closing knocks: ${[name, ...args.slice(1)].join(" ")}`, async (lab, t) => {
    await using home = new Home();
    await home.write(makeConfig(lab, OPENING, SECRET_CLOSING));
    const rules = await home.run(["rules", "home", "--for", name, ...args]);
    assertEquals(rules.code, 0, rules.stderr);
    assertStringIncludes(rules.stdout, "closing knock 2: 1234/udp (secret");
    await lab.server.run(load, { stdin: rules.stdout });
    await (await lab.server.agent()).listen(22);
    await checkDoor(lab, home, t);
  }, { tools });
}

/** Opens and closes it, by all commands that close. */
async function checkDoor(lab: Lab, home: Home, t: Deno.TestContext): Promise<void> {
  const prefix = ["ip", "netns", "exec", lab.client.name];
  const run = async (...line: string[]) => (await home.run(line, { prefix })).code;
  await t.step("close shuts the door, and it can be opened again", async () => {
    assertEquals(await run("probe", "home"), 1);
    for (const _ of [1, 2]) {
      assertEquals(await run("knock", "home"), 0);
      assertEquals(await run("close", "home"), 0);
      assertEquals(await run("probe", "home"), 1);
    }
  });
  await t.step({
    name: `nobody closes another's door${needs("source").reason}`,
    ignore: needs("source").ignore,
    async fn() {
      assertEquals(await run("knock", "home"), 0);
      assertEquals(await run("knock", "other"), 0);
      assertEquals(await run("close", "other"), 0);
      assertEquals([await run("probe", "home"), await run("probe", "other")], [0, 1]);
      assertEquals(await run("close", "home"), 0);
    },
  });
  await t.step("the end of keep shuts it", async () => {
    const { code, stdout, stderr } = await home.run(["keep", "home", "--", "echo", "done"], {
      prefix,
    });
    assertEquals([code, stdout], [0, "done\n"], stderr);
    assertEquals(await run("probe", "home"), 1);
  });
}

await kernelTest("closing knocks: knockd", async (lab, t) => {
  await using home = new Home();
  await home.write(makeConfig(lab, '"7003/tcp", "9012/tcp"', '"9100/tcp", "7003/tcp"'));
  const rules = await home.run([
    ...["rules", "home", "--for", "knockd", "--ipv4", "--no-guard", "--interface"],
    lab.server.device,
  ]);
  assertEquals(rules.code, 0, rules.stderr);
  const file = `${home.path}/knockd.conf`;
  await Deno.writeTextFile(file, rules.stdout);
  await startKnockd(lab.server, file);
  await (await lab.server.agent()).listen(22);
  await lab.server.run(["iptables", "-P", "INPUT", "DROP"]);
  const accept = ["-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT"];
  await lab.server.run(["iptables", "-A", "INPUT", ...accept]);
  await checkDoor(lab, home, t);
  await t.step("all rules of several openings go", async () => {
    const prefix = ["ip", "netns", "exec", lab.client.name];
    for (const _ of [1, 2, 3]) {
      assertEquals((await home.run(["knock", "home"], { prefix })).code, 0);
    }
    assertEquals((await home.run(["close", "home"], { prefix })).code, 0);
    const listed = await lab.server.run(["iptables", "-S", "INPUT"]);
    assertEquals(listed.includes("spknock:home"), false, listed);
  });
}, { tools: ["knockd", "iptables"] });
