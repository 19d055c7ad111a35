/** The live output of one target: its header, its knocks, its probes. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { settle } from "../fakes.ts";
import { table } from "../table.ts";
import { valueOf, World, type WorldOptions } from "./harness.ts";

const TARGETS = `version = 1
[defaults]
secret = "none"
tries = 1
delay = 0
[targets.both]
host = "fw.example.com"
family = "both"
knocks = ["7000/udp", "8000/udp"]
probes = ["tcp:22"]
close = { knocks = ["9000/udp"] }
[targets.slow]
host = "fw.example.com"
knocks = ["7000/udp"]
probes = [{ type = "exec", run = ["check"] }, { type = "tcp", port = 22 }]
`;

const [SIX, FOUR, OTHER] = ["2001:db8::1", "192.0.2.1", "192.0.2.2"];

async function say(
  argv: readonly string[],
  addresses: readonly string[],
  options: WorldOptions = {},
): Promise<string> {
  await using world = new World({ open: [22], names: { "fw.example.com": addresses }, ...options });
  await world.write(TARGETS);
  const { run } = world.programs;
  // A program is slower than a port.
  world.programs.run = async (...call) => {
    await settle();
    return await run(...call);
  };
  return (await world.run(...argv)).stdout;
}

table<[argv: string, addresses: readonly string[], header: string]>("the addresses of a host", {
  "both families": ["knock both", [SIX, FOUR], `IPv6 and IPv4 are knocked on: ${SIX}, ${FOUR}`],
  "IPv4 first": ["knock both", [FOUR, SIX], `IPv4 and IPv6 are knocked on: ${FOUR}, ${SIX}`],
  "and one that is left": [
    "knock both",
    [SIX, FOUR, OTHER],
    `IPv6 and IPv4 are knocked on: ${SIX}, ${FOUR}; used where the first cannot be reached: ${OTHER}`,
  ],
  "both, but one family": [
    "knock both",
    [FOUR, OTHER],
    `used where it cannot be reached: ${OTHER}`,
  ],
  "a probe knocks on none": ["probe both", [SIX, FOUR], `used where it cannot be reached: ${FOUR}`],
  "a closing sequence": [
    "close both",
    [SIX, FOUR],
    `IPv6 and IPv4 are knocked on: ${SIX}, ${FOUR}`,
  ],
}, async ([argv, addresses, header]) => {
  const stdout = await say(argv.split(" "), addresses);
  assertStringIncludes(stdout, `  it has ${addresses.length} addresses; ${header}\n`);
});

table<[argv: string, options: WorldOptions, line: string]>("both: a probe names its family", {
  "knock": ["knock both", {}, "probe  tcp 22 over IPv6 open"],
  "probe": ["probe both", {}, "probe  tcp 22 over IPv6 open"],
  "after the first is given up": [
    "knock both",
    { unreachable: { [SIX]: "ENETUNREACH" } },
    "probe  tcp 22 over IPv4 open",
  ],
  "verbose": ["knock both -v", {}, "probe  tcp 22 over IPv6 open"],
  "several targets": ["probe both slow", {}, "tcp 22 over IPv6 open"],
  "closed": ["close both", { open: [] }, "probe  tcp 22 over IPv6 refused"],
}, async ([argv, options, line]) => {
  assertStringIncludes(await say(argv.split(" "), [SIX, FOUR], options), line);
});

Deno.test("both: each knock is named once, however the two sequences mix", async () => {
  assertStringIncludes(
    await say(["knock", "both"], [SIX, FOUR]),
    "knock  7000/udp  8000/udp  sent",
  );
});

Deno.test("a knock that cannot be sent has no line", async () => {
  const options = { unreachable: { [FOUR]: "ENETUNREACH" } };
  assertEquals(await say(["knock", "both"], [FOUR], options), `both fw.example.com (${FOUR})\n`);
});

const PROGRAM = { programs: [{ code: 0, stdout: "", stderr: "" }] };

table<[argv: string, options: WorldOptions, labels: string[]]>("the order of probes", {
  "as asked": ["knock slow", PROGRAM, ["exec check", "tcp 22"]],
  "as asked, without a knock": ["probe slow", PROGRAM, ["exec check", "tcp 22"]],
  "as asked, verbose": ["knock slow -v", PROGRAM, ["exec check", "tcp 22"]],
  "as they come, on a terminal": [
    "knock slow",
    { ...PROGRAM, isLive: true },
    ["tcp 22", "exec check"],
  ],
}, async ([argv, options, labels]) => {
  const stdout = await say(argv.split(" "), [FOUR], options);
  const shown = [...stdout.matchAll(/probe {2}(.*?) open/g)].map(([, label]) => label);
  assertEquals(shown, labels, stdout);
});

Deno.test("--json has the probes as they are asked", async () => {
  const stdout = await say(["knock", "slow", "--json"], [FOUR], PROGRAM);
  const { targets: [report] } = valueOf<{ targets: { probes: { probe: string }[] }[] }>(
    { code: 0, stdout, stderr: "" },
  );
  assertEquals(report?.probes.map(({ probe }) => probe), ["exec check", "tcp 22"]);
});

table<[argv: string, first: string]>("an address alone is shown once", {
  "ad hoc": ["knock 192.0.2.1 7", "192.0.2.1"],
  "ad hoc, by name": ["knock fw.example.com 7", `fw.example.com (${FOUR})`],
  "a dry run": ["knock fw.example.com 7 --dry-run", "fw.example.com, nothing is sent"],
  "a dry run of a saved target": ["knock slow -n", "slow (fw.example.com), nothing is sent"],
}, async ([argv, first]) => {
  assertEquals((await say(argv.split(" "), [FOUR])).split("\n")[0], first);
});
