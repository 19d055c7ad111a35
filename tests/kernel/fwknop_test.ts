/** Our packets at a real fwknopd: what it takes, and what it refuses. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { findEnd, FWKNOP_TOOLS, HMAC_KEY, KEY, startFwknopd } from "./fwknop_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";
import { until } from "./until.ts";

/**
 * A target; `more` is of its own table, `packet` of the table fwknop. One try, unless it says so: what a slow daemon
 * takes late of a second one would open in the next step.
 */
function renderTarget({ server }: Lab, more = "", packet = ""): string {
  return `[targets.work]\nhost = "${server.ipv4}"\nprotocol = "fwknop"\n` +
    `${/^opens/m.test(more) ? "" : 'opens = ["22/tcp"]\n'}${more}\n` +
    `${/^tries/m.test(more) ? "" : "tries = 1\n"}[targets.work.fwknop]\n` +
    `key_base64 = "${KEY}"\n${
      packet.includes("hmac_key") ? "" : `hmac_key_base64 = "${HMAC_KEY}"\n`
    }` +
    `${packet}\n`;
}

/** Runs the program in the client's namespace. */
async function run({ client }: Lab, home: Home, ...args: string[]): Promise<number> {
  const { code } = await home.run(args, { prefix: ["ip", "netns", "exec", client.name] });
  return code;
}

for (const isUdpServer of [false, true]) {
  const mode = isUdpServer ? "a udp listener" : "a packet capture";
  await kernelTest(`fwknop: fwknopd with ${mode}`, async (lab, t) => {
    await using home = new Home();
    const daemon = await startFwknopd(lab, home, { isUdpServer });
    const agent = await lab.server.agent();
    await agent.listen(22);
    const visitor = await lab.client.agent();
    const state = () => visitor.connect({ host: lab.server.ipv4, port: 22 });
    const rule = `-A FWKNOP_INPUT -s ${lab.client.ipv4}/32 -p tcp -m tcp --dport 22 -j ACCEPT`;

    await t.step("access: closed, one packet, open", async () => {
      assertEquals(await state(), "silent");
      await home.write(renderTarget(lab));
      assertEquals(await run(lab, home, "knock", "work"), 0);
      assertEquals(await state(), "open");
      assertEquals((await daemon.rules())[0], rule);
      const end = await findEnd(lab) ?? 0;
      const left = end - Date.now() / 1_000;
      assert(left > 10 && left <= 30, `${left} s`);
      await daemon.flush();
    });
    await t.step("access with a timeout: its rule goes after it", async () => {
      assertEquals(await state(), "silent");
      await home.write(renderTarget(lab, 'open_for = "10s"'));
      assertEquals(await run(lab, home, "knock", "work"), 0);
      assertEquals(await state(), "open");
      assert(await until(async () => await state() === "silent"), await daemon.log());
    });
    await t.step("an address of our own, and several ports", async () => {
      const [source = ""] = lab.sources.ipv4;
      const opens = 'opens = ["22/tcp", "53/udp"]\nprobes = []';
      await home.write(renderTarget(lab, opens, `allow_ip = "${source}"`));
      assertEquals(await run(lab, home, "knock", "work"), 0);
      assert(await until(async () => (await daemon.rules()).length === 2), await daemon.log());
      for (const each of await daemon.rules()) assertStringIncludes(each, `-s ${source}/32 `);
      assertEquals(await state(), "silent");
      await daemon.flush();
    });
    await t.step("another HMAC key is refused", async () => {
      await home.write(renderTarget(lab, 'timeout = "1s"\ntries = 2', 'hmac_key = "another"'));
      assertEquals(await run(lab, home, "knock", "work"), 1);
      assertEquals(await daemon.rules(), []);
    });
    for (const [offset, isIn] of [["-3m", false], ["3m", false], ["1m", true]] as const) {
      await t.step(`a clock that is ${offset} off is ${isIn ? "taken" : "refused"}`, async () => {
        const packet = `time_offset = "${offset}"`;
        const more = isIn ? "" : 'timeout = "1s"\ntries = 2';
        await home.write(renderTarget(lab, more, packet));
        assertEquals(await run(lab, home, "knock", "work"), isIn ? 0 : 1);
        assertEquals((await daemon.rules()).length > 0, isIn);
        await daemon.flush();
      });
    }
  }, { tools: FWKNOP_TOOLS });
}
