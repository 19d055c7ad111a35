/** Doors of fwknopd that come and go: our export in the hands of fwknop's own client, its .fwknoprc in ours; one fwknopd. */
import { assert, assertEquals } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { FWKNOP_TOOLS, HMAC_KEY, KEY, startFwknopd } from "./fwknop_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";
import { until } from "./until.ts";

/** Knocks once: what a slow daemon takes late of a second try would open in the next step. */
async function knock({ client }: Lab, home: Home, ...args: string[]) {
  return await home.run(["knock", "--tries", "1", ...args], {
    prefix: ["ip", "netns", "exec", client.name],
  });
}

/** fwknop's own client with a stanza of a file. */
async function runClient({ client }: Lab, { path }: Home, stanza: string, file: string) {
  const line = ["fwknop", "--no-save-args", "--rc-file", file, "-n", stanza];
  return await client.exec(line, { env: { HOME: path, USER: "alice", LOGNAME: "alice" } });
}

/** Rows are how many rules open the door, the target's own lines, and those of its packet. */
const DOORS: Readonly<Record<string, [rules: number, own: string, packet?: string]>> = {
  access: [1, 'opens = ["22/tcp"]'],
  "two ports with a timeout": [2, 'opens = ["22/tcp", "53/udp"]\nopen_for = "45s"'],
  "for an address": [1, 'opens = ["22/tcp"]', 'allow_ip = "ADDRESS"'],
};

await kernelTest("fwknop: what we export opens for its client", async (lab, t) => {
  await using home = new Home();
  const daemon = await startFwknopd(lab, home);
  for (const [name, [count, own, packet = ""]] of Object.entries(DOORS)) {
    await t.step(name, async () => {
      const text = `[targets.work]\nhost = "${lab.server.ipv4}"\nprotocol = "fwknop"\n${own}\n` +
        `probes = []\n[targets.work.fwknop]\nkey_base64 = "${KEY}"\n` +
        `hmac_key_base64 = "${HMAC_KEY}"\n${packet}\n`;
      await home.write(text.replace("ADDRESS", lab.client.ipv4));
      const file = `${home.path}/exported`;
      const form = ["--as", "fwknoprc", "--with-secrets", "-f", "-o", file];
      const exported = await home.run(["export", "work", ...form]);
      assertEquals(exported.code, 0, exported.stderr);
      const { code, stderr } = await runClient(lab, home, "work", file);
      assertEquals(code, 0, stderr);
      assert(await until(async () => (await daemon.rules()).length === count), await daemon.log());
      const theirs = await daemon.rules();
      await daemon.flush();
      // The same rules as those that our own packet makes.
      assertEquals((await knock(lab, home, "work")).code, 0);
      assert(await until(async () => (await daemon.rules()).length === count), await daemon.log());
      assertEquals(await daemon.rules(), theirs);
      await daemon.flush();
    });
  }
}, { tools: FWKNOP_TOOLS });

await kernelTest("fwknop: over tcp, beside its client, with the same file", async (lab, t) => {
  await using home = new Home();
  const config = "PCAP_FILTER tcp port 62201;\nENABLE_TCP_SERVER Y;\nTCPSERV_PORT 62201;\n";
  const daemon = await startFwknopd(lab, home, { config });
  await (await lab.server.agent()).listen(22);
  const file = `${home.path}/.fwknoprc`;
  const text = `[work]\nSPA_SERVER ${lab.server.ipv4}\nSPA_SERVER_PROTO tcp\nACCESS tcp/22\n` +
    `ALLOW_IP source\nKEY_BASE64 ${KEY}\nHMAC_KEY_BASE64 ${HMAC_KEY}\nUSE_HMAC Y\n`;
  await Deno.writeTextFile(file, text, { mode: 0o600 });
  const imported = await home.run(["import", file]);
  assertEquals(imported.code, 0, imported.stderr);
  // Its server starts beside the daemon.
  const listens = async () => (await lab.server.run(["ss", "-Hltn", "sport = :62201"])) !== "";
  assert(await until(listens), await daemon.log());
  let ours: string[] = [];
  await t.step("ours", async () => {
    const { code, stderr } = await knock(lab, home, "work");
    assertEquals(code, 0, stderr + await daemon.log());
    ours = await daemon.rules();
    assertEquals(ours.length, 1);
    await daemon.flush();
  });
  await t.step("its client's", async () => {
    const { code, stderr } = await runClient(lab, home, "work", file);
    assertEquals(code, 0, stderr);
    assert(await until(async () => (await daemon.rules()).length > 0), await daemon.log());
    assertEquals(await daemon.rules(), ours);
    await daemon.flush();
  });
  await t.step("no server at the port: the door is closed, and that is all", async () => {
    const at = await Deno.readTextFile(home.config);
    await home.write(at.replace("62201/tcp", "62202/tcp"));
    const { code, stderr } = await knock(lab, home, "work", "--timeout", "1s");
    assertEquals(code, 1, stderr);
  });
}, { tools: FWKNOP_TOOLS });

await kernelTest("fwknop: its client's file, imported, opens", async (lab, t) => {
  await using home = new Home();
  const daemon = await startFwknopd(lab, home);
  await (await lab.server.agent()).listen(22);
  const file = `${home.path}/.fwknoprc`;
  const keys = `KEY_BASE64 ${KEY}\nHMAC_KEY_BASE64 ${HMAC_KEY}\nUSE_HMAC Y\n`;
  const text = `[default]\nALLOW_IP source\n${keys}` +
    `[work]\nSPA_SERVER ${lab.server.ipv4}\nACCESS tcp/22\n` +
    `[timed]\nSPA_SERVER ${lab.server.ipv4}\nACCESS tcp/22\nFW_TIMEOUT 45\n`;
  await Deno.writeTextFile(file, text, { mode: 0o600 });
  const imported = await home.run(["import", file]);
  assertEquals(imported.code, 0, imported.stderr);
  for (const stanza of ["work", "timed"]) {
    await t.step(stanza, async () => {
      const { code, stderr } = await knock(lab, home, stanza);
      assertEquals(code, 0, stderr + await daemon.log());
      const ours = await daemon.rules();
      await daemon.flush();
      assertEquals((await runClient(lab, home, stanza, file)).code, 0);
      assert(await until(async () => (await daemon.rules()).length > 0), await daemon.log());
      assertEquals(await daemon.rules(), ours);
      await daemon.flush();
    });
  }
}, { tools: FWKNOP_TOOLS });
