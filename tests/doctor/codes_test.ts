/** What the doctor concludes about one-time codes: clocks, horizon, keys, slots. */
import { assertEquals, assertMatch } from "@std/assert";
import { diagnose } from "../../src/doctor/causes.ts";
import { describeDistance, describeTolerance } from "../../src/doctor/causes_of_codes.ts";
import type { AddressEvidence, Evidence, SynEvidence } from "../../src/doctor/evidence.ts";
import { table } from "../table.ts";

const syn = (answer: SynEvidence["answer"]): SynEvidence => ({ answer, ms: 1, detail: "" });

const CODES = {
  target: "home",
  windowMs: 600_000,
  slots: 4,
  state: "good",
  horizon: "the firewall's codes end on 2027-11-25 (in 363 days)",
} as const;
const LAST = { ...CODES, state: "last" } as const;
const OVER = {
  ...CODES,
  state: "over",
  horizon: "the firewall's codes ended on 2026-11-25 (2 days ago)",
} as const;

function makeEvidence(
  rest: Partial<Evidence> = {},
  changes: Partial<AddressEvidence> = {},
): Evidence {
  const address: AddressEvidence = {
    address: "192.0.2.1",
    family: "ipv4",
    ping: false,
    path: {},
    before: syn("silent"),
    after: syn("silent"),
    handshake: undefined,
    tries: 1,
    knockPorts: [],
    failure: undefined,
    ...changes,
  };
  return {
    invocation: { os: "linux", globals: ["-c", "t.toml"], options: [], secretOptions: [] },
    files: [],
    time: "2026-11-27T10:00:00.000Z",
    names: [{ target: "home", host: "fw", addresses: ["192.0.2.1"], failure: undefined }],
    codes: [CODES],
    clocks: { isSynchronized: undefined, others: [] },
    door: {
      target: "home",
      port: 22,
      timing: { longestGapMs: 50, stageTimeoutMs: 5_000 },
      addresses: [address],
      family: "any",
      noSecret: undefined,
      openForMs: 300_000,
      hasWaited: false,
    },
    ...rest,
  };
}

const clocks = (aheadMs: number, isSynchronized?: boolean, errorMs = 600) => ({
  clocks: { isSynchronized, others: [{ source: "the Date of http://fw/", aheadMs, errorMs }] },
});
const open = { after: syn("answered") };
const SET = "sudo timedatectl set-ntp true";
const RENEW = "spknock rules home --for nftables --until 1y --save -c t.toml";

table<[evidence: Evidence, code: string, kind: string, cause: RegExp, fix: string]>(
  "doctor and one-time codes",
  {
    "a horizon that is over is found before anything is sent": [
      makeEvidence({ codes: [CODES, OVER], door: undefined }),
      "horizon_over",
      "config",
      /^The firewall's codes ended on 2026-11-25 \(2 days ago\) \(target "home"\): no code/,
      RENEW,
    ],
    "the last tenth, where the door opens": [
      makeEvidence({ codes: [LAST] }, open),
      "horizon_last",
      "fine",
      /^The door opens, but the firewall's codes end on 2027-11-25/,
      RENEW,
    ],
    "the last tenth, where no door is looked at": [
      makeEvidence({ codes: [CODES, LAST], door: undefined }),
      "horizon_last",
      "fine",
      /^Nothing is wrong here, but the firewall's codes end/,
      RENEW,
    ],
    "all is well": [makeEvidence({}, open), "fine", "fine", /^Nothing is wrong: /, ""],
    "a clock that was never set": [
      makeEvidence({ time: "1970-01-01T00:00:07.000Z" }),
      "clock",
      "config",
      /1970/,
      SET,
    ],
    "the server is ahead": [
      makeEvidence(clocks(840_000, false)),
      "clock_differs",
      "closed",
      /^The clock of the server \(the Date of http:\/\/fw\/\) is 14m ahead of that of this machine, and codes are taken while the clocks differ by up to 1m, never from 11m on\.$/,
      SET,
    ],
    "the server is behind, and ours is set by the network": [
      makeEvidence(clocks(-62_000, true)),
      "clock_differs",
      "closed",
      /is 62s behind that of this machine/,
      "timedatectl",
    ],
    "the door opens with a difference that will not always do": [
      makeEvidence(clocks(90_000), open),
      "clock_differs",
      "fine",
      /^The door opens now, but the clock of the server .* 90s ahead/,
      SET,
    ],
    "a difference within the skew": [makeEvidence(clocks(59_000), open), "fine", "fine", /./, ""],
    "a difference that may be one of measuring": [
      makeEvidence(clocks(61_000, undefined, 2_000), open),
      "fine",
      "fine",
      /./,
      "",
    ],
    "a code opened nothing, the host answers": [
      makeEvidence({}, { ping: true }),
      "code_not_taken",
      "closed",
      /^The host answers, but the code did not open the port: a wrong clock here or at the server \(codes are taken while .* up to 1m.* without a clock\), rules .* another key .*horizon.*all 4 slots.*NAT.*port 22\.$/,
      "timedatectl",
    ],
    "a code opened nothing, no answer": [
      makeEvidence(),
      "code_not_taken",
      "closed",
      /^No answer at all from 192\.0\.2\.1: the host is down or the address is wrong, or the code/,
      "timedatectl",
    ],
    "a code opened nothing, and the clock here is not set by the network": [
      makeEvidence({ clocks: { isSynchronized: false, others: [] } }, { ping: true }),
      "code_not_taken",
      "closed",
      /: the network does not set the clock of this machine, which may be wrong; a wrong clock at the server/,
      SET,
    ],
    "one slot only": [
      makeEvidence({ codes: [{ ...CODES, slots: 1 }] }, { ping: true }),
      "code_not_taken",
      "closed",
      /the one slot of this window/,
      "timedatectl",
    ],
    "a target without codes": [
      makeEvidence({ codes: [], clocks: undefined }, { ping: true }),
      "not_accepted",
      "closed",
      /passphrase/,
      "spknock show home --fingerprint -c t.toml",
    ],
    "no knock was sent": [
      makeEvidence({}, { after: undefined }),
      "not_knocked",
      "fine",
      /./,
      "spknock doctor home -c t.toml",
    ],
  },
  ([evidence, code, kind, cause, fix]) => {
    const found = diagnose(evidence);
    assertEquals([found.code, found.kind, found.fix], [code, kind, fix]);
    assertMatch(found.cause, cause);
  },
);

Deno.test("how far clocks may be off, by the window", () => {
  const tolerance = (windowMs: number) => describeTolerance({ windowMs });
  assertEquals(tolerance(60_000), "taken while the clocks differ by up to 15s, never from 75s on");
  assertEquals(
    tolerance(86_400_000),
    "taken while the clocks differ by up to 1m, never from 1441m on",
  );
  assertEquals([0, 400, -1_600, 60_000].map(describeDistance), [
    "equal to",
    "equal to",
    "2s behind",
    "1m ahead of",
  ]);
});
