/** A knock that is lost on its way to a real knockd with the stock pair of Debian: a further try opens, or shuts, all the same. */
import { assertEquals } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { kernelTest, type Lab } from "./lab.ts";

const STOCK = "/etc/knockd.conf";

/** Loses the first packet to each of these ports, before it leaves the client. */
async function loseFirst({ client }: Lab, ...ports: number[]): Promise<void> {
  const rules = ports.map((port) => `tcp dport ${port} numgen inc mod 1000 == 0 drop;`);
  await client.nft(
    "table inet lost {}\ndelete table inet lost\ntable inet lost {\n" +
      `chain out { type filter hook postrouting priority 300;\n${rules.join("\n")}\n}\n}\n`,
  );
}

await kernelTest("knockd: a lost knock of the stock pair", async (lab, t) => {
  await using home = new Home();
  const { client, server } = lab;
  const log = `${home.path}/knockd.log`;
  const config = (await Deno.readTextFile(STOCK)).replace(/^\tUseSyslog/m, `\tlogfile = ${log}`);
  const file = `${home.path}/knockd.conf`;
  await Deno.writeTextFile(file, config);
  const imported = await home.run(["import", file, "--host", server.ipv4]);
  assertEquals(imported.code, 0, imported.stderr);
  server.spawn(["knockd", "-i", server.device, "-c", file]);
  const started = "until [ $(wc -l < /proc/net/packet) -gt 1 ]; do sleep 0.05; done";
  await server.run(["sh", "-c", started]);
  await (await server.agent()).listen(22);
  await server.run(["iptables", "-P", "INPUT", "DROP"]);
  const prefix = ["ip", "netns", "exec", client.name];
  const run = async (...args: string[]) => {
    const started = performance.now();
    const { code, stderr, stdout } = await home.run(args, { prefix });
    const seconds = Math.floor((performance.now() - started) / 1_000);
    if (Deno.env.get("SHOW")) {
      console.error(args.join(" "), code, performance.now() - started, stdout, stderr);
    }
    return { code, seconds };
  };
  for (const lost of [[7000], [8000], [9000], [8000, 9000], [7000, 9000]]) {
    await t.step(`to ${lost.join(" and ")}`, async () => {
      await loseFirst(lab, ...lost);
      const opened = await run("knock", "openSSH", "--timeout", "2s");
      if (Deno.env.get("SHOW")) console.error(await Deno.readTextFile(log));
      assertEquals(opened.code, 0, await Deno.readTextFile(log));
      await loseFirst(lab, ...lost);
      assertEquals((await run("close", "openSSH")).code, 0, await Deno.readTextFile(log));
    });
  }
}, { tools: ["knockd", "iptables"] });
