/** A passphrase from the environment is handed to no program, whatever the command. */
import { assertEquals } from "@std/assert";
import { table } from "../table.ts";
import { World } from "./harness.ts";

const TARGETS = `[defaults]
secret = { env = "UNUSED" }

[targets.home]
host = "192.0.2.1"
knocks = ["1/udp"]
secret = { env = "HOME_PHRASE" }
probes = [{ type = "exec", run = ["look"], port = 22 }]
open_for = "1s"
after = [{ run = ["mount"] }]
[targets.home.close]
knocks = [{ port = 9, protocol = "udp", secret = { env = "CLOSE_PHRASE" } }]

[targets.lab]
host = "192.0.2.2"
knocks = ["1/udp", { port = 2, protocol = "udp", secret = { env = "LAB_PHRASE" } }]
secret = { command = ["pass", "lab"] }
`;
const ALL = ["UNUSED", "HOME_PHRASE", "CLOSE_PHRASE", "LAB_PHRASE"];
const ENV = Object.fromEntries(ALL.map((name) => [name, "MikroTik"]));

table("secret variables: hidden from every program of", {
  "a probe": ["probe", "home"],
  "a knock's probe and after": ["knock", "home"],
  "a knock with --secrets-from": ["knock", "home", "--secrets-from", "-"],
  "a secret command that runs first": ["knock", "lab"],
  "a command after --": ["knock", "home", "--no-probe", "--", "ssh"],
  "keep": ["keep", "home", "--no-probe", "--", "ssh"],
  "close": ["close", "home"],
  "doctor": ["doctor", "home"],
  "connect's secret command": ["connect", "lab", "22"],
  "rules' secret command": ["rules", "lab", "--for", "nftables", "--open", "22/tcp"],
  "an ad hoc knock's ping": ["knock", "192.0.2.9", "7", "--probe", "ping"],
  "an ad hoc knock's command": ["knock", "192.0.2.9", "7", "--", "ssh"],
}, async (argv) => {
  await using world = new World({
    env: ENV,
    stdin: "MikroTik\n",
    programs: [{ code: 0, stdout: "phrase\n", stderr: "" }],
  });
  await world.write(TARGETS);
  await world.run(...argv);
  assertEquals(world.hiddenFrom.length > 0, true);
  for (const hidden of world.hiddenFrom) assertEquals(hidden.toSorted(), ALL.toSorted());
});

Deno.test("secret variables: those of a configuration with mistakes are hidden as well", async () => {
  await using world = new World({ programs: [{ code: 0, stdout: "", stderr: "" }] });
  await world.write(`${TARGETS}tries = 0\n`);
  assertEquals((await world.run("knock", "192.0.2.9", "7", "--", "ssh")).code, 0);
  assertEquals(world.hiddenFrom.map((hidden) => hidden.toSorted()), [ALL.toSorted()]);
});
