import { assertEquals, assertMatch } from "@std/assert";
import { COMMANDS } from "../../src/cli/command_table.ts";
import { GLOBAL_OPTIONS, parseOptions } from "../../src/cli/options.ts";
import { NetworkError, SecretError, UsageError } from "../../src/core/errors.ts";
import { diagnose } from "../../src/doctor/causes.ts";
import type {
  AddressEvidence,
  DoorEvidence,
  Evidence,
  SynEvidence,
} from "../../src/doctor/evidence.ts";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";

const syn = (answer: SynEvidence["answer"], detail = ""): SynEvidence => ({
  answer,
  ms: 1,
  detail,
});
const [answered, refused, silent] = [syn("answered"), syn("refused"), syn("silent")];

const address = (changes: Partial<AddressEvidence> = {}): AddressEvidence => ({
  address: "192.0.2.1",
  family: "ipv4",
  ping: false,
  path: {},
  before: silent,
  after: silent,
  handshake: undefined,
  tries: 1,
  knockPorts: [],
  failure: undefined,
  ...changes,
});

const evidence = (
  first: Partial<AddressEvidence> = {},
  door: Partial<DoorEvidence> = {},
  rest: Partial<Evidence> = {},
): Evidence => ({
  invocation: { os: "linux", globals: [], options: [], secretOptions: [] },
  files: [],
  time: "2026-11-22T10:00:00.000Z",
  names: [{ target: "home", host: "fw", addresses: ["192.0.2.1"], failure: undefined }],
  door: {
    target: "home",
    port: 22,
    timing: { longestGapMs: 50, stageTimeoutMs: 5_000 },
    addresses: [address(first)],
    family: "any",
    noSecret: undefined,
    openForMs: 300_000,
    hasWaited: false,
    ...door,
  },
  ...rest,
});

const ipv6 = address({ address: "2001:db8::1", family: "ipv6", after: answered });
const slow = { timing: { longestGapMs: 6_000, stageTimeoutMs: 5_000 } };
const near = { timing: { longestGapMs: 3_000, stageTimeoutMs: 5_000 } };
const route = { device: "eth0", gateway: "198.51.100.1", source: "192.0.2.9" };
const problem = { kind: "config" as const, cause: "Others may read it.", fix: "chmod 600 x" };

const CASES: [code: string, kind: string, evidence: Evidence, cause: RegExp][] = [
  [
    "file",
    "config",
    evidence({}, {}, {
      files: [{ role: "targets", path: "x", found: "mode 0666", problem }],
    }),
    /Others may read it/,
  ],
  ["clock", "config", evidence({}, {}, { time: "1970-01-01T00:00:07.000Z" }), /clock .* 1970/],
  [
    "name",
    "network",
    evidence({}, {}, {
      names: [{
        target: "home",
        host: "fw",
        addresses: [],
        failure: new NetworkError('the name "fw" is gone'),
      }],
    }),
    /^The name "fw" is gone \(target "home"\)\.$/,
  ],
  [
    "secret",
    "secret",
    evidence({ after: undefined }, { noSecret: new SecretError("no pass") }),
    /No pass, so no knock was sent/,
  ],
  ["cannot_send", "network", evidence({ failure: new NetworkError("no route") }), /No route/],
  ["too_slow", "closed", evidence({}, slow), /pause of 6s .* longer than the 5s/],
  ["fine", "fine", evidence({ after: answered }), /Nothing is wrong: .* open after/],
  [
    "open_already",
    "closed",
    evidence({ before: answered, after: undefined }),
    /open before any knock: .* within the last 5m .* judge from 2026-11-22T10:05:00Z on/,
  ],
  [
    "open_to_all",
    "closed",
    evidence({ before: answered, after: undefined }, { hasWaited: true }),
    /open without a knock, 5m after/,
  ],
  [
    "handshake",
    "closed",
    evidence({ handshake: answered }),
    /only when their TCP handshakes have time to end/,
  ],
  [
    "no_route",
    "network",
    evidence({ before: silent, after: undefined, path: { noRoute: "Network is unreachable" } }),
    /This machine has no route to 192\.0\.2\.1 and says so itself \(Network is unreachable\)/,
  ],
  [
    "no_route",
    "network",
    evidence({
      before: syn("unreachable", "host (code 1)"),
      after: undefined,
      path: { refusal: "No route to host" },
    }),
    /says so itself/,
  ],
  [
    "no_neighbour",
    "network",
    evidence({ after: undefined, path: { route, missing: "192.0.2.1" } }),
    /No host on the network of eth0 has the address 192\.0\.2\.1/,
  ],
  [
    "no_neighbour",
    "network",
    evidence({ after: undefined, path: { route, missing: "198.51.100.1" } }),
    /The gateway 198\.51\.100\.1 on the network of eth0 does not answer this machine/,
  ],
  [
    "no_neighbour",
    "network",
    evidence({
      before: syn("unreachable", "host (code 1)"),
      path: {
        route: { ...route, gateway: undefined },
        report: { by: "192.0.2.9", text: "Destination Host Unreachable" },
      },
    }),
    /No host on the network of eth0/,
  ],
  [
    "no_neighbour",
    "network",
    evidence({ after: undefined, path: { refusal: "Host is down" } }),
    /No host on the local network/,
  ],
  [
    "unreachable",
    "closed",
    evidence({ path: { route, report: { by: "10.0.0.1", text: "Destination Host Unreachable" } } }),
    /A router on the way, 10\.0\.0\.1, reports that 192\.0\.2\.1 cannot be reached/,
  ],
  [
    "unreachable",
    "closed",
    evidence({ ping: true, before: syn("unreachable", "prohibited (code 13)") }),
    /192\.0\.2\.1 is there, and a firewall answers .* prohibited \(code 13\).*ufw, firewalld/,
  ],
  [
    "not_knocked",
    "fine",
    evidence({ ping: true, after: undefined, before: syn("unreachable", "prohibited") }),
    /closed without a knock \(unreachable\)/,
  ],
  [
    "not_accepted",
    "closed",
    evidence({ ping: true, path: { report: { by: "10.0.0.1", text: "Packet filtered" } } }),
    /The host answers/,
  ],
  [
    "local",
    "network",
    evidence({ path: { refusal: "Operation not permitted" } }),
    /Operation not permitted \(its own firewall: nftables, ufw, firewalld\)/,
  ],
  [
    "other_family",
    "closed",
    evidence({}, { addresses: [address(), ipv6] }),
    /open the door at 2001:db8::1, but not at 192\.0\.2\.1/,
  ],
  ["fine", "fine", evidence({}, { addresses: [ipv6, address()] }), /Nothing is wrong/],
  ["loss", "fine", evidence({ after: answered, tries: 3 }), /only at try 3/],
  ["near_timeout", "fine", evidence({ after: answered }, near), /3s .* comes near the 5s/],
  ["near_timeout", "fine", evidence({ after: answered }, slow), /6s .* comes near the 5s/],
  ["no_service", "closed", evidence({ after: refused }), /nothing listens on port 22/],
  [
    "refused",
    "closed",
    evidence({ before: refused, after: refused }),
    /refused, with or without a knock/,
  ],
  [
    "not_knocked",
    "fine",
    evidence({ before: refused, after: undefined }),
    /22 is closed without a knock \(refused\)\. If that stays so .* no service/,
  ],
  [
    "unreachable",
    "closed",
    evidence({ after: syn("unreachable", "host (code 1)") }),
    /192\.0\.2\.1 cannot be reached: host \(code 1\)\. .* which one/,
  ],
  [
    "unreachable",
    "closed",
    evidence({ before: syn("unreachable", "host (code 1)") }),
    /cannot be reached: host/,
  ],
  ["local", "network", evidence({ before: syn("failed", "too many files") }), /too many files/],
  [
    "not_knocked",
    "fine",
    evidence({ after: undefined }),
    /22 is closed without a knock, as it should be \(silent\)\. No answer came at all/,
  ],
  ["not_accepted", "closed", evidence({ ping: true }), /the knocks did not open the port/],
  [
    "not_accepted",
    "closed",
    evidence({
      knockPorts: [{ port: 7, protocol: "tcp", before: refused }],
    }),
    /the knocks did not open the port/,
  ],
  ["silence", "closed", evidence(), /No answer at all from/],
  ["silence", "closed", evidence({ ping: undefined }), /No answer at all from/],
  ["fine", "fine", evidence({}, {}, { door: undefined }), /Nothing is wrong here/],
];

for (const [index, [code, kind, given, cause]] of CASES.entries()) {
  Deno.test(`doctor, case ${index + 1}: ${code}`, async () => {
    const diagnosis = diagnose(given);
    assertEquals([diagnosis.code, diagnosis.kind], [code, kind]);
    assertMatch(diagnosis.cause, cause);
    assertMatch(diagnosis.cause, /^[A-Z0-9].*\.$/);
    assertEquals(diagnosis.fix === "", code === "fine");
    await assertPastable(diagnosis.fix);
    await assertUnderstood(diagnosis.fix);
    await assertPastable(diagnosis.remote ?? "");
  });
}

/** The shell reads it, it starts with a program, and it has no place for the user to fill in. */
async function assertPastable(command: string): Promise<void> {
  assertEquals(/TARGET|FILE|HOST|ADDRESS|[<>]\s*[A-Z]/.test(command), false, command);
  if (command === "") return;
  assertMatch(
    command,
    /^(\(umask|spknock|ip|ss|nft|sudo|getent|tracepath|chmod|ls|read) /,
  );
  if (/^spknock (?!list)/.test(command)) assertMatch(command, /^spknock \w+ home\b/);
  if (lacks("sh")) return;
  const { code } = await new Deno.Command("sh", { args: ["-n", "-c", command] }).output();
  assertEquals(code, 0, command);
}

/** A command of spknock that spknock itself understands. */
async function assertUnderstood(fix: string): Promise<void> {
  const [program, name, ...rest] = fix.split(" ");
  if (program !== "spknock") return;
  const row = COMMANDS.find((each) => each.name === name);
  const { command } = await row?.load() ?? {};
  parseOptions<string>(rest, [...command?.options ?? [], ...GLOBAL_OPTIONS]);
}

table<[given: Partial<Evidence["invocation"]>, evidence: Evidence, fix: string]>(
  "remedies repeat how the command was called",
  {
    "the file of -c": [
      { globals: ["-c", "'/a b/t.toml'"] },
      evidence({ after: answered, tries: 2 }),
      "spknock edit home --tries 8 -c '/a b/t.toml'",
    ],
    "the interfaces, for a wrong source": [
      {},
      evidence({}, {}, {
        names: [{
          target: "home",
          host: "fw",
          addresses: [],
          failure: new UsageError("the source is not of this machine"),
        }],
      }),
      "ip -br address",
    ],
    "what was tried": [
      {},
      evidence({ handshake: answered }),
      "spknock edit home --handshake 250ms",
    ],
    "the family and the source": [
      { options: ["--ipv6", "--source", "fd00::1"] },
      evidence({ before: answered }),
      "spknock doctor home --ipv6 --source fd00::1 --wait",
    ],
    "the passphrases to compare, as they were given": [
      { secretOptions: ["--secrets-from", "s.txt"], globals: ["-c", "t.toml"] },
      evidence({ ping: true }),
      "spknock show home --fingerprint --secrets-from s.txt -c t.toml",
    ],
    "the knocks to compare, at a host that rejects": [
      {},
      evidence({ ping: true, before: syn("unreachable", "prohibited (code 13)") }),
      "spknock show home --fingerprint",
    ],
    "the knocks to compare, after a look at their ports": [
      {},
      evidence({ knockPorts: [{ port: 7, protocol: "udp", before: silent }] }),
      "spknock show home --fingerprint",
    ],
    "the probe, where no service listens": [
      {},
      evidence({ after: refused }),
      "spknock show home",
    ],
    "the route on macOS": [
      { os: "darwin" },
      evidence({ before: syn("failed", "EHOSTDOWN") }),
      "route -n get 192.0.2.1",
    ],
  },
  ([given, found, fix]) => {
    const invocation = { ...found.invocation, ...given };
    assertEquals(diagnose({ ...found, invocation }).fix, fix);
  },
);

Deno.test("a long delay of a knock of its own is not mended by --delay, which it outranks", () => {
  const fixOf = (isOwnDelay: boolean) =>
    diagnose(evidence({}, { timing: { ...slow.timing, isOwnDelay } })).fix;
  assertEquals(fixOf(false), "spknock edit home --delay 500ms");
  assertEquals(fixOf(true), "spknock show home");
});
