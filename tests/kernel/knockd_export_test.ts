/** `export --as knockd`, loaded by a real knockd: it opens to our knocks and to those of Debian's `knock`. */
import { assertEquals } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { startKnockd } from "./knockd_lab.ts";
import { kernelTest } from "./lab.ts";
import { until } from "./until.ts";

await kernelTest(
  "knockd: an exported section opens to our knocks and to Debian's",
  async (lab, t) => {
    await using home = new Home();
    const { client, server } = lab;
    await home.write(
      `[targets.home]\nhost = "${server.ipv4}"\nopens = ["22/tcp"]\ncopies = 1\nsecret = "none"\n` +
        'knocks = ["7003/tcp", "9012/udp", "8111/tcp"]\n' +
        '[targets.home.close]\nknocks = ["8111/tcp", "9012/udp", "7400/tcp"]\n',
    );
    const file = `${home.path}/knockd.conf`;
    const exported = await home.run(["export", "home", "--as", "knockd", "-o", file]);
    assertEquals(exported.code, 0, exported.stderr);
    await startKnockd(server, file);
    await (await server.agent()).listen(22);
    await server.run(["iptables", "-P", "INPUT", "DROP"]);
    const agent = await client.agent();
    const state = () => agent.connect({ host: server.ipv4, port: 22 });
    const settleAt = async (expected: string) => {
      await until(async () => await state() === expected);
      assertEquals(await state(), expected);
    };
    const ours = async (verb: string) => {
      const ended = await home.run([verb, "home"], {
        prefix: ["ip", "netns", "exec", client.name],
      });
      assertEquals(ended.code, 0, ended.stderr);
    };
    const theirs = (...ports: string[]) => client.run(["knock", "-d", "20", server.ipv4, ...ports]);
    const steps: Record<string, () => Promise<unknown>> = {
      "ours opens": () => ours("knock"),
      "ours shuts": () => ours("close"),
      "Debian's opens": () => theirs("7003", "9012:udp", "8111"),
      "Debian's shuts": () => theirs("8111", "9012:udp", "7400"),
    };
    assertEquals(await state(), "silent");
    for (const [name, knock] of Object.entries(steps)) {
      await t.step(name, async () => {
        await knock();
        await settleAt(name.endsWith("opens") ? "open" : "silent");
      });
    }
    await t.step("imported again it is the same door", async () => {
      const again = ["import", file, "--host", server.ipv4, "--config", `${home.path}/again.toml`];
      assertEquals((await home.run(again)).code, 0);
      const [before, after] = await Promise.all([[], again.slice(-2)].map(async (config) => {
        const shown = await home.run(["show", "home", "--json", ...config]);
        assertEquals(shown.code, 0, shown.stderr);
        const { knocks, close, opens, host } = JSON.parse(shown.stdout);
        return { knocks, close, opens, host };
      }));
      assertEquals(after, before);
    });
  },
  { tools: ["knockd", "knock", "iptables"] },
);
