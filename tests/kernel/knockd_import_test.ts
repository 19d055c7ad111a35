/**
 * Files of knockd, imported, against a real knockd with the same file and its real iptables commands: the stock
 * one of Debian, an opening that ends by itself, and one-time sequences. Debian's own client knocks beside ours.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { startKnockd } from "./knockd_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";
import { until } from "./until.ts";

const TOOLS = { tools: ["knockd", "knock", "iptables"] };
const STOCK = "/etc/knockd.conf";

/** A knockd with a file, and the targets that `import` makes of it. */
async function startDoor({ server }: Lab, home: Home, config: string): Promise<void> {
  const file = `${home.path}/knockd.conf`;
  await Deno.writeTextFile(file, config);
  const imported = await home.run(["import", file, "--host", server.ipv4]);
  assertEquals(imported.code, 0, imported.stderr);
  await startKnockd(server, file);
  const agent = await server.agent();
  for (const port of [22, 443]) await agent.listen(port);
  await server.run(["iptables", "-P", "INPUT", "DROP"]);
}

/** Our program in the client's namespace. */
async function run({ client }: Lab, home: Home, ...args: string[]): Promise<number> {
  const { code } = await home.run(args, { prefix: ["ip", "netns", "exec", client.name] });
  return code;
}

async function countRules({ client, server }: Lab): Promise<number> {
  return (await server.run(["iptables", "-S", "INPUT"])).split(client.ipv4).length - 1;
}

/** Waits until knockd's commands have made so many rules; returns how many there are in the end. */
async function settleAt(count: number, lab: Lab): Promise<number> {
  await until(async () => await countRules(lab) === count);
  return await countRules(lab);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Returns how many rules there were while `work` went on. */
async function watchRules(lab: Lab, work: () => Promise<void>): Promise<number[]> {
  const counts: number[] = [];
  let isOver = false;
  const watching = (async () => {
    for (; !isOver; await sleep(50)) counts.push(await countRules(lab));
  })();
  await work().finally(() => isOver = true);
  await watching;
  return counts;
}

/** Debian's client. */
async function knockAsDebian({ client, server }: Lab, ...ports: string[]): Promise<void> {
  await client.run(["knock", "-d", "20", server.ipv4, ...ports]);
}

await kernelTest("knockd: the stock file of Debian, imported, works as it is", async (lab, t) => {
  await using home = new Home();
  await startDoor(lab, home, await Deno.readTextFile(STOCK));
  await t.step("our knock opens, our closing knocks shut", async () => {
    assertEquals(await run(lab, home, "knock", "openSSH"), 0);
    assertEquals(await countRules(lab), 1);
    assertEquals(await run(lab, home, "close", "openSSH"), 0);
    assertEquals(await settleAt(0, lab), 0);
  });
  await t.step("Debian's knock opens what ours closes, and the other way round", async () => {
    await knockAsDebian(lab, "7000", "8000", "9000");
    assertEquals(await settleAt(1, lab), 1);
    assertEquals(await run(lab, home, "close", "openSSH"), 0);
    assertEquals(await settleAt(0, lab), 0);
    assertEquals(await run(lab, home, "knock", "openSSH"), 0);
    await knockAsDebian(lab, "9000", "8000", "7000");
    assertEquals(await settleAt(0, lab), 0);
  });
  await t.step("the wrong order does not open", async () => {
    const { ipv4 } = lab.server;
    assertEquals(await run(lab, home, "knock", ipv4, "8000", "7000", "9000"), 0);
    await sleep(300);
    assertEquals(await countRules(lab), 0);
    assertEquals(await run(lab, home, "probe", "openSSH", "--timeout", "500ms"), 1);
    // What was started is over then.
    await sleep(5_200);
  });
  await t.step("keep renews, and rules do not pile up", async () => {
    const counts = await watchRules(lab, async () => {
      const code = await run(lab, home, "keep", "openSSH", "--open-for", "2s", "--", "sleep", "6");
      assertEquals(code, 0);
    });
    assertEquals(Math.max(...counts), 1);
    assertEquals(await settleAt(0, lab), 0);
  });
}, TOOLS);

const SECTION = `[spare]
  SEQUENCE = 1234,2345:UDP, 3456 : tcp
  Seq_Timeout=5
# a comment between
  Start_Command = iptables -w -I INPUT 1 -s %IP% -p tcp -m multiport --dports ssh,https -j ACCEPT\r
  Cmd_Timeout = 6
  Stop_Command = iptables -w -D INPUT -s %IP% -p tcp -m multiport --dports ssh,https -j ACCEPT
  TCPFlags = syn
`;

await kernelTest("knockd: an opening that ends by itself, imported", async (lab) => {
  await using home = new Home();
  await startDoor(lab, home, `[options]\n logfile = /dev/null\n${SECTION}`);
  assertEquals(await run(lab, home, "knock", "spare", "--probe", "22,443"), 0);
  assertEquals(await countRules(lab), 1);
  assertEquals(await settleAt(0, lab), 0);
  // Each renewal adds a rule before the former one ends.
  const counts = await watchRules(lab, async () => {
    assertEquals(await run(lab, home, "keep", "spare", "--", "sleep", "10"), 0);
  });
  assert(Math.max(...counts) <= 2, counts.join(" "));
  assertEquals(await settleAt(0, lab), 0);
}, TOOLS);

await kernelTest("knockd: one-time sequences go in step on both sides", async (lab, t) => {
  await using home = new Home();
  const [ours, theirs] = [`${home.path}/ours`, `${home.path}/theirs`];
  const made = ["one-time", "generate", "--count", "12", "--mixed", "--output", ours];
  assertEquals((await home.run(made)).code, 0);
  await Deno.copyFile(ours, theirs);
  const command = (verb: string) => `iptables -w ${verb} INPUT -s %IP% -p tcp --dport 22 -j ACCEPT`;
  await startDoor(
    lab,
    home,
    `[options]\n logfile = /dev/null\n[vault]\n One_Time_Sequences = ${theirs}\n Seq_Timeout = 5\n` +
      ` TCPFlags = syn\n Start_Command = ${command("-A")}\n Cmd_Timeout = 4\n` +
      ` Stop_Command = ${command("-D")}\n`,
  );
  // The client has a copy of its own.
  const config = `${home.path}/.config/spknock/targets.toml`;
  const text = await Deno.readTextFile(config);
  assertNotEquals(text.replace(theirs, ours), text);
  await Deno.writeTextFile(config, text.replace(theirs, ours));
  const read = (file: string) => Deno.readTextFile(file);
  const countSpent = async () => (await read(ours)).match(/^#/gm)?.length ?? 0;
  const first = await read(ours);
  for (const round of [1, 2, 3]) {
    await t.step(`knock ${round} opens, and both files stay equal`, async () => {
      assertEquals(await run(lab, home, "knock", "vault"), 0);
      assertEquals(await countSpent(), round);
      assertEquals(await read(ours), await read(theirs));
      assertEquals(await settleAt(0, lab), 0);
    });
  }
  await t.step("a sequence that was used does not open again", async () => {
    const [used = ""] = first.trim().split("\n");
    await knockAsDebian(lab, ...used.split(","));
    await sleep(300);
    assertEquals(await countRules(lab), 0);
    await sleep(5_200);
  });
  await t.step("keep takes one for each renewal", async () => {
    const code = await run(lab, home, "keep", "vault", "--", "sleep", "6");
    assertEquals(code, 0);
    assert(await countSpent() >= 5, "it was renewed");
    assertEquals(await read(ours), await read(theirs));
    assertEquals(await settleAt(0, lab), 0);
  });
  await t.step("Debian's knock opens with the next one", async () => {
    const next = (await read(ours)).split("\n").find((line) => line.startsWith(" ")) ?? "";
    await knockAsDebian(lab, ...next.trim().split(","));
    assertEquals(await settleAt(1, lab), 1);
  });
}, TOOLS);
