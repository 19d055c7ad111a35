/** Knocks that are lost on their way to a real knockd: a further try opens, or shuts, all the same. */
import { assert, assertEquals } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { startKnockd } from "./knockd_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";
import { until } from "./until.ts";

const TOOLS = { tools: ["knockd", "iptables"] };
const STOCK = "/etc/knockd.conf";

/** The stock pair with two knocks: none of them ends all attempts, so that a try has to wait. */
const SHORT = `[short]
	sequence    = 7000,9000
	seq_timeout = 2
	command     = /sbin/iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
	tcpflags    = syn

[closeShort]
	sequence    = 9000,7000
	seq_timeout = 2
	command     = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
	tcpflags    = syn
`;

/** Loses the first packet to each of these ports from now on, before it leaves the client. */
async function loseFirst({ client }: Lab, ports: readonly number[]): Promise<void> {
  const rules = ports.map((port) => `tcp dport ${port} numgen inc mod 100000 == 0 drop;`);
  await client.nft(
    "table inet lost {}\ndelete table inet lost\ntable inet lost {\n" +
      `chain out { type filter hook postrouting priority 300;\n${rules.join("\n")}\n}\n}\n`,
  );
}

/** A knockd with a file that logs, and the targets that `import` makes of it. */
async function startDoor(lab: Lab, home: Home, config: string) {
  const { client, server } = lab;
  const [file, log] = [`${home.path}/knockd.conf`, `${home.path}/knockd.log`];
  const body = config.slice(config.search(/^\[(?!options)/m));
  await Deno.writeTextFile(file, `[options]\nlogfile = ${log}\n${body}`);
  const imported = await home.run(["import", file, "--host", server.ipv4]);
  assertEquals(imported.code, 0, imported.stderr);
  await startKnockd(server, file);
  await (await server.agent()).listen(22);
  await server.run(["iptables", "-P", "INPUT", "DROP"]);
  const countRules = async () =>
    (await server.run(["iptables", "-S", "INPUT"])).split(client.ipv4).length - 1;
  return {
    log: () => Deno.readTextFile(log),
    countRules,
    /** Runs the program in the client's namespace; returns its output where it ends well. */
    async run(...args: string[]): Promise<string> {
      const ended = await home.run(args, { prefix: ["ip", "netns", "exec", client.name] });
      assertEquals(ended.code, 0, ended.stderr + await Deno.readTextFile(log));
      return ended.stdout + ended.stderr;
    },
    /** Waits until all rules are gone: knockd's command may take a while. */
    async awaitNone(): Promise<void> {
      await until(async () => await countRules() === 0);
      assertEquals(await countRules(), 0, await Deno.readTextFile(log));
    },
  };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

await kernelTest("knockd: lost knocks of the stock pair", async (lab, t) => {
  await using home = new Home();
  const door = await startDoor(lab, home, await Deno.readTextFile(STOCK));
  for (const lost of [[7000], [8000], [9000], [8000, 9000], [7000, 9000]]) {
    await t.step(`to ${lost.join(" and ")}: a further try opens, and one shuts`, async () => {
      await loseFirst(lab, lost);
      assert(/try 2/.test(await door.run("knock", "openSSH", "--timeout", "3s")));
      assert(await door.countRules() > 0);
      await loseFirst(lab, lost);
      await door.run("close", "openSSH");
      await door.awaitNone();
    });
  }
  await t.step("connect, with what a former run left behind", async () => {
    await loseFirst(lab, [9000]);
    await door.run("knock", "openSSH", "--no-probe");
    await loseFirst(lab, [7000]);
    await door.run("connect", "openSSH", "22", "--timeout", "3s");
    assert(await door.countRules() > 0);
    await door.run("close", "openSSH");
    await door.awaitNone();
  });
  await t.step("keep, in its renewals", async () => {
    const keep = ["keep", "openSSH", "--open-for", "3s", "--timeout", "3s", "--"];
    // The renewals after that lose a knock each.
    const losing = sleep(2_000).then(() => loseFirst(lab, [9000]));
    await Promise.all([door.run(...keep, "sleep", "7"), losing]);
    await door.awaitNone();
  });
}, TOOLS);

await kernelTest("knockd: lost knocks of a pair that a try has to wait for", async (lab, t) => {
  await using home = new Home();
  const door = await startDoor(lab, home, SHORT);
  for (const lost of [[7000], [9000]]) {
    await t.step(`to ${lost.join(" and ")}`, async () => {
      await loseFirst(lab, lost);
      const output = await door.run("knock", "short", "--timeout", "3s");
      assert(/waiting [12](\.\d)? s: /.test(output), output);
      assert(await door.countRules() > 0);
      await loseFirst(lab, lost);
      await door.run("close", "short");
      await door.awaitNone();
    });
  }
}, TOOLS);
