/** The doctor at a real knockd with the stock pair of Debian: opening, and closing by the reverse. */
import { assertEquals } from "@std/assert";
import { commandOf, Home } from "../e2e/program.ts";
import { startKnockd } from "./knockd_lab.ts";
import { kernelTest } from "./lab.ts";

/** /etc/knockd.conf of Debian 12, as the package installs it, without its third example. */
const KNOCKD = `[options]
	logfile = /dev/null

[openSSH]
	sequence    = 7000,8000,9000
	seq_timeout = 5
	command     = /sbin/iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
	tcpflags    = syn

[closeSSH]
	sequence    = 9000,8000,7000
	seq_timeout = 5
	command     = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
	tcpflags    = syn
`;

const KNOCKS = 'knocks = ["7000/tcp", "8000/tcp", "9000/tcp"]';

await kernelTest("the doctor at a stock knockd", async ({ client, server }, t) => {
  await using home = new Home();
  const save = (knocks: string) =>
    home.write(
      `version = 1\n[targets.door]\nhost = "${server.ipv4}"\n${knocks}\ncopies = 1\n` +
        `delay = "100ms"\nstage_timeout = "5s"\nprobes = ["tcp:22"]\n`,
    );
  await save(KNOCKS);
  const config = `${home.path}/knockd.conf`;
  await Deno.writeTextFile(config, KNOCKD);
  await startKnockd(server, config);
  await (await server.agent()).listen(22);
  await server.run(["iptables", "-P", "INPUT", "DROP"]);
  const examine = async (...args: string[]) => {
    const command = commandOf(["doctor", "door", "--json", ...args]);
    const { code, stdout, stderr } = await client.exec(command, { env: home.env });
    const { cause } = JSON.parse(stdout || stderr) as { cause: { code: string } };
    return [code, cause.code];
  };
  const countRules = async () =>
    (await server.run(["iptables", "-S", "INPUT"])).split(client.ipv4).length - 1;
  const close = () =>
    server.run(["sh", "-c", `iptables -D INPUT -s ${client.ipv4} -p tcp --dport 22 -j ACCEPT`]);
  for (const args of [[], ["--ports"]]) {
    await t.step(`the door stays open after doctor ${args.join(" ")}`, async () => {
      assertEquals(await examine(...args), [0, "fine"]);
      assertEquals(await countRules(), 1);
      // A second examination, also with a look at ports, leaves it as it is.
      assertEquals(await examine("--ports"), [1, "open_already"]);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assertEquals(await countRules(), 1);
      await close();
    });
  }
  await t.step("a sequence that is not knockd's is blamed in knockd's words", async () => {
    await save(KNOCKS.replace('"8000/tcp", "9000/tcp"', '"9000/tcp", "8000/tcp"'));
    assertEquals(await examine(), [1, "daemon_not_opening"]);
    await save(KNOCKS);
  });
  await t.step("a look alone opens nothing and closes nothing", async () => {
    assertEquals(await examine("--ports", "--no-knock"), [0, "not_knocked"]);
    assertEquals(await countRules(), 0);
  });
}, { tools: ["knockd", "iptables"] });
