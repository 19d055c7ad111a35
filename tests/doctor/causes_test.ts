import { assertEquals, assertMatch } from "@std/assert";
import { NetworkError, SecretError } from "../../src/core/errors.ts";
import { diagnose } from "../../src/doctor/causes.ts";
import type {
  AddressEvidence,
  DoorEvidence,
  Evidence,
  SynEvidence,
} from "../../src/doctor/evidence.ts";

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
  before: silent,
  after: silent,
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
  files: [],
  time: "2026-11-22T10:00:00.000Z",
  names: [{ host: "fw", addresses: ["192.0.2.1"], failure: undefined }],
  door: {
    target: "home",
    port: 22,
    timing: { longestGapMs: 50, stageTimeoutMs: 5_000 },
    addresses: [address(first)],
    noSecret: undefined,
    ...door,
  },
  ...rest,
});

const ipv6 = address({ address: "2001:db8::1", family: "ipv6", after: answered });
const slow = { timing: { longestGapMs: 6_000, stageTimeoutMs: 5_000 } };
const near = { timing: { longestGapMs: 3_000, stageTimeoutMs: 5_000 } };
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
      names: [{ host: "fw", addresses: [], failure: new NetworkError('the name "fw" is gone') }],
    }),
    /^The name "fw" is gone\.$/,
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
    "fine",
    evidence({ before: answered, after: answered }),
    /open before any knock/,
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
    "refused",
    "closed",
    evidence({ before: refused, after: undefined }),
    /22 is refused: no service/,
  ],
  [
    "unreachable",
    "closed",
    evidence({ after: syn("unreachable", "host (code 1)") }),
    /192\.0\.2\.1 answers with ICMP: host \(code 1\)/,
  ],
  [
    "unreachable",
    "closed",
    evidence({ before: syn("unreachable", "host (code 1)") }),
    /ICMP: host/,
  ],
  ["local", "network", evidence({ before: syn("failed", "too many files") }), /too many files/],
  ["not_knocked", "closed", evidence({ after: undefined }), /silent, and no knock was sent/],
  ["not_accepted", "closed", evidence({ ping: true }), /the knocks did not open the port/],
  [
    "not_accepted",
    "closed",
    evidence({
      knockPorts: [{ port: 7, before: refused, after: silent }],
    }),
    /the knocks did not open the port/,
  ],
  ["silence", "closed", evidence(), /No answer at all from/],
  ["silence", "closed", evidence({ ping: undefined }), /No answer at all from/],
  ["fine", "fine", evidence({}, {}, { door: undefined }), /Nothing is wrong here/],
];

for (const [index, [code, kind, given, cause]] of CASES.entries()) {
  Deno.test(`doctor, case ${index + 1}: ${code}`, () => {
    const diagnosis = diagnose(given);
    assertEquals([diagnosis.code, diagnosis.kind], [code, kind]);
    assertMatch(diagnosis.cause, cause);
    assertMatch(diagnosis.cause, /^[A-Z0-9].*\.$/);
    assertEquals(diagnosis.fix === "", code === "fine");
  });
}
