import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BACKEND_NAMES } from "../../src/rules/backends.ts";
import { table } from "../table.ts";
import { valueOf, World } from "./harness.ts";

/** SHA-256 of the 64 digits that the passphrase "MikroTik" becomes. */
const MIKROTIK = "d99bda9d";
const TARGET = `[targets.home]
host = "::1"
knocks = ["1234/udp", { port = 9876, protocol = "udp", payload = { text = "12345678" } }, "22"]
probes = ["22/tcp"]
[targets.home.close]
knocks = ["99/udp"]
`;

Deno.test("show --fingerprint names each payload, and asks as knock does", async () => {
  await using world = new World({ stdin: "MikroTik\nMikroTik\n" });
  await world.write(TARGET, { mode: 0o600 });
  const { stdout } = await world.run("show", "home", "--fingerprint", "--secrets-from", "-");
  assertStringIncludes(
    stdout,
    `knock 1        1234/udp, secret, asked for, fingerprint ${MIKROTIK}`,
  );
  assertMatch(stdout, /knock 2 +9876\/udp, 8 fixed bytes, fingerprint [0-9a-f]{8}\n/);
  assertMatch(stdout, /knock 3 +22\/tcp, SYN\n/);
  assertStringIncludes(stdout, `close 1        99/udp, secret, asked for, fingerprint ${MIKROTIK}`);
  const value = valueOf<{ knocks: { fingerprint: string | null }[] }>(
    await world.run("show", "home", "--fingerprint", "--secrets-from", "-", "--json"),
  );
  assertEquals([value.knocks[0]?.fingerprint, value.knocks[2]?.fingerprint], [MIKROTIK, null]);
  assertEquals((await world.run("show", "home", "--secrets-from", "-")).code, 2);
});

const WITH_SECRETS = BACKEND_NAMES.filter((name) => name !== "knockd").map((name) =>
  [name, name] as const
);

table(
  "rules: the header has the same fingerprint in every back end",
  WITH_SECRETS,
  async (name) => {
    // One line for the knock, one for the closing knock.
    await using world = new World({ stdin: "MikroTik\nMikroTik\n" });
    await world.write(TARGET, { mode: 0o600 });
    const { stdout } = await world.run("rules", "home", "--for", name, "--secrets-from", "-");
    for (const knock of ["knock 1: 1234/udp", "closing knock 1: 99/udp"]) {
      assertStringIncludes(stdout, `${knock} (secret, 64 bytes, fingerprint ${MIKROTIK})`);
    }
  },
);
