/** The doctor at a real fwknopd: the right keys, and what is wrong with others. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { commandOf, Home } from "../e2e/program.ts";
import { FWKNOP_TOOLS, HMAC_KEY, KEY, startFwknopd } from "./fwknop_lab.ts";
import { kernelTest } from "./lab.ts";

const OTHER_KEY = btoa("x".repeat(32));

/** Rows are the two keys, more lines of the packet's table, and what the doctor finds. */
const CASES: Readonly<
  Record<string, [keys: [string, string], packet: string, found: [code: number, cause: string]]>
> = {
  "the right keys": [[KEY, HMAC_KEY], "", [0, "fine"]],
  "another key": [[OTHER_KEY, HMAC_KEY], "", [1, "daemon_not_opening"]],
  "another HMAC key": [[KEY, OTHER_KEY], "", [1, "daemon_not_opening"]],
  "a clock that is 3 minutes off": [[KEY, HMAC_KEY], 'time_offset = "-3m"', [
    1,
    "daemon_not_opening",
  ]],
};

await kernelTest("the doctor at a fwknopd", async (lab, t) => {
  await using home = new Home();
  const { client, server } = lab;
  const daemon = await startFwknopd(lab, home);
  await (await server.agent()).listen(22);
  for (const [name, [[key, hmacKey], packet, found]] of Object.entries(CASES)) {
    await t.step(name, async () => {
      await home.write(
        `[targets.work]\nhost = "${server.ipv4}"\nprotocol = "fwknop"\nopens = ["22/tcp"]\n` +
          `timeout = "3s"\ntries = 1\n[targets.work.fwknop]\nkey_base64 = "${key}"\n` +
          `hmac_key_base64 = "${hmacKey}"\n${packet}\n`,
      );
      const command = commandOf(["doctor", "work", "--json"]);
      const { code, stdout, stderr } = await client.exec(command, { env: home.env });
      const { cause } = JSON.parse(stdout || stderr) as { cause: { code: string } };
      assertEquals([code, cause.code], found, stdout + await daemon.log());
      if (code !== 0) assertStringIncludes(stdout + stderr, "HMAC_KEY_BASE64");
      await daemon.flush();
    });
  }
}, { tools: FWKNOP_TOOLS });
