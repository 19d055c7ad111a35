/** Our packets beside those of Debian's fwknop client, with the same keys at the same fwknopd. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FWKNOP_DIGESTS } from "../../src/core/fwknop.ts";
import { makePacket, makeRandomDigits } from "../../src/fwknop/packet.ts";
import { Home } from "../e2e/program.ts";
import { FWKNOP_TOOLS, HMAC_KEY, KEY, STANZA, startFwknopd } from "./fwknop_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";
import { until } from "./until.ts";

/** What both clients are told, for either. */
interface Request {
  toml: string;
  packet?: string;
  options: readonly string[];
}

const REQUESTS: Readonly<Record<string, Request>> = {
  "access": { toml: 'opens = ["22/tcp"]', options: ["-A", "tcp/22", "-s"] },
  "two ports, for an address": {
    toml: 'opens = ["22/tcp", "53/udp"]\nprobes = []',
    packet: 'allow_ip = "192.0.2.77"',
    options: ["-A", "tcp/22,udp/53", "-a", "192.0.2.77"],
  },
  "with a timeout": {
    toml: 'opens = ["22/tcp"]\nopen_for = "45s"',
    options: ["-A", "tcp/22", "-s", "--fw-timeout", "45"],
  },
  "NAT": {
    toml: 'opens = ["22/tcp"]',
    packet: 'nat = "192.0.2.5:80"',
    options: ["-A", "tcp/22", "-s", "--nat-access", "192.0.2.5:80"],
  },
  "local NAT with a timeout": {
    // The client asks for the port of --nat-port, which leads to that of -A.
    toml: 'opens = ["2222/tcp"]\nopen_for = "45s"',
    packet: 'nat = ":22"',
    options: ["-A", "tcp/22", "-s", "--nat-local", "--nat-port", "2222", "--fw-timeout", "45"],
  },
};

async function runClient({ client, server }: Lab, home: Home, options: readonly string[]) {
  const keys = ["--key-base64-rijndael", KEY, "--key-base64-hmac", HMAC_KEY, "--use-hmac"];
  const line = ["fwknop", "--no-rc-file", ...options, ...keys, "-D", server.ipv4];
  const { code, stderr } = await client.exec(line, { env: { ...home.env, USER: "alice" } });
  assertEquals(code, 0, stderr);
}

async function runOurs({ client, server }: Lab, home: Home, { toml, packet = "" }: Request) {
  await home.write(
    `[targets.work]\nhost = "${server.ipv4}"\nprotocol = "fwknop"\n${toml}\n[targets.work.fwknop]\n` +
      `key_base64 = "${KEY}"\nhmac_key_base64 = "${HMAC_KEY}"\n${packet}\n`,
  );
  const prefix = ["ip", "netns", "exec", client.name];
  const ended = await home.run(["knock", "work", "--no-probe"], { prefix });
  assertEquals(ended.code, 0, ended.stderr);
}

await kernelTest("fwknop: the same rules as those of the real client", async (lab, t) => {
  await using home = new Home();
  const config = "ENABLE_IPT_FORWARDING Y;\nENABLE_IPT_LOCAL_NAT Y;\n";
  const daemon = await startFwknopd(lab, home, {
    config,
    stanza: STANZA.replace("tcp/22", "tcp/22,tcp/2222"),
  });
  const collect = async () => {
    const list = async () => [...await daemon.rules(), ...await daemon.rules("nat")];
    // Several ports, and NAT, are several rules.
    let rules: string[] = [];
    await until(async () => {
      const before = await list();
      await new Promise((resolve) => setTimeout(resolve, 300));
      rules = await list();
      return rules.length > 0 && rules.length === before.length;
    });
    const end = (await daemon.log()).trimEnd().split("\n").at(-1)?.match(/expires at (\d+)/)?.[1];
    // 30 or 45 seconds, however long that took.
    const left = Math.round((Number(end) - Date.now() / 1_000) / 15) * 15;
    await daemon.flush();
    return { rules, left };
  };
  for (const [name, request] of Object.entries(REQUESTS)) {
    await t.step(name, async () => {
      await runClient(lab, home, request.options);
      const theirs = await collect();
      await runOurs(lab, home, request);
      const ours = await collect();
      assert(theirs.rules.length > 0);
      assertEquals(ours, theirs);
    });
  }
  await t.step("the same bytes a second time are a replay", async () => {
    const packet = new TextDecoder().decode(
      await makePacket({
        random: makeRandomDigits(),
        user: "alice",
        seconds: Math.floor(Date.now() / 1_000),
        address: "0.0.0.0",
        access: [{ port: 22, protocol: "tcp" }],
        localAddress: lab.server.ipv4,
      }, {
        key: Uint8Array.fromBase64(KEY),
        hmacKey: Uint8Array.fromBase64(HMAC_KEY),
        digest: "sha256",
        hmacDigest: "sha256",
      }),
    );
    const send = () =>
      lab.client.run([
        ...["bash", "-c", 'printf %s "$1" >"/dev/udp/$2/62201"', "bash", packet, lab.server.ipv4],
      ]);
    await send();
    assertEquals((await collect()).rules.length, 1);
    await send();
    assert(await until(async () => /replay/i.test(await daemon.log())), await daemon.log());
    assertEquals(await daemon.rules(), []);
  });
}, { tools: FWKNOP_TOOLS });

/** As many as a server's stanza can say: each hash of the HMAC, with keys of every size of block. */
for (const digest of FWKNOP_DIGESTS) {
  await kernelTest(`fwknop: HMAC and digest ${digest}, keys of the longest`, async (lab) => {
    await using home = new Home();
    const long = btoa("h".repeat(128));
    const stanza = STANZA.replace(HMAC_KEY, long) + `HMAC_DIGEST_TYPE ${digest.toUpperCase()}\n`;
    const daemon = await startFwknopd(lab, home, { stanza });
    await home.write(
      `[targets.work]\nhost = "${lab.server.ipv4}"\nprotocol = "fwknop"\nopens = ["22/tcp"]\n` +
        `probes = []\n[targets.work.fwknop]\nkey_base64 = "${KEY}"\nhmac_key_base64 = "${long}"\n` +
        `hmac_digest = "${digest}"\ndigest = "${digest}"\n`,
    );
    const prefix = ["ip", "netns", "exec", lab.client.name];
    const { code, stderr } = await home.run(["knock", "work"], { prefix });
    assertEquals(code, 0, stderr);
    assert(await until(async () => (await daemon.rules()).length > 0), await daemon.log());
    assertStringIncludes((await daemon.rules())[0] ?? "", "--dport 22 -j ACCEPT");
  }, { tools: FWKNOP_TOOLS });
}
