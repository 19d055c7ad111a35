/** A target of the family `both`: what is said where the families differ. */
import { assertEquals } from "@std/assert";
import { diagnose } from "../../src/doctor/causes.ts";
import type { AddressEvidence, DoorEvidence, SynEvidence } from "../../src/doctor/evidence.ts";
import { table } from "../table.ts";

const syn = (answer: SynEvidence["answer"]): SynEvidence => ({ answer, ms: 1, detail: "" });

const open: AddressEvidence = {
  address: "2001:db8::1",
  family: "ipv6",
  ping: true,
  path: {},
  before: syn("silent"),
  after: syn("answered"),
  handshake: undefined,
  tries: 1,
  knockPorts: [],
  failure: undefined,
};
const four = { address: "192.0.2.1", family: "ipv4" } as const;
const SIX = { ...four, address: "2001:db8::1", family: "ipv6" } as const;
const lost = { after: undefined, tries: 0, path: { noRoute: "Network is unreachable" } };
const FINE = "Nothing is wrong: the door is closed before the knocks and open after them.";

function judge(addresses: readonly AddressEvidence[], door: Partial<DoorEvidence> = {}) {
  const { code, kind, cause } = diagnose({
    invocation: { os: "linux", globals: [], options: [], secretOptions: [] },
    files: [],
    time: "2026-11-22T10:00:00.000Z",
    names: [],
    door: {
      target: "home",
      port: 22,
      timing: { longestGapMs: 50, stageTimeoutMs: 5_000 },
      family: "both",
      addresses,
      noSecret: undefined,
      openForMs: 300_000,
      hasWaited: false,
      ...door,
    },
  });
  return { code, kind, cause };
}

table<[addresses: readonly AddressEvidence[], code: string, kind: string, cause: RegExp]>(
  "both: the worse family decides",
  {
    "both open": [
      [open, { ...open, ...four }],
      "fine",
      "fine",
      /open after them\. Both IPv6 and IPv4 were tried\.$/,
    ],
    "IPv4 stays closed": [
      [open, { ...open, ...four, after: syn("silent") }],
      "not_accepted",
      "closed",
      /^Over IPv4 \(192\.0\.2\.1\): The host answers.* Over IPv6 \(2001:db8::1\): Nothing is wrong:/,
    ],
    "IPv6 stays closed": [
      [{ ...open, after: syn("silent") }, { ...open, ...four }],
      "not_accepted",
      "closed",
      /^Over IPv6 .*: The host answers.* Over IPv4 .*: Nothing is wrong:/,
    ],
    "IPv4 is open before any knock": [
      [open, { ...open, ...four, before: syn("answered"), after: undefined }],
      "open_already",
      "closed",
      /^Over IPv4 .*: Port 22 is open before any knock/,
    ],
    "a fault comes before what cannot be judged": [
      [{ ...open, before: syn("answered"), after: undefined }, {
        ...open,
        ...four,
        after: syn("silent"),
      }],
      "not_accepted",
      "closed",
      /^Over IPv4 .* Over IPv6 .*: Port 22 is open before any knock/,
    ],
    "no route over one family: the other is used": [
      [open, { ...open, ...four, ...lost }],
      "fine",
      "fine",
      /^Over IPv6 .*: Nothing is wrong.* Over IPv4 .*: This machine has no route to 192\.0\.2\.1/,
    ],
    "no route over both": [
      [{ ...open, ...lost }, { ...open, ...four, ...lost }],
      "no_route",
      "network",
      /^Over IPv6 .*no route.* Over IPv4 .*no route/,
    ],
    "packets get lost over IPv4": [
      [open, { ...open, ...four, tries: 3 }],
      "loss",
      "fine",
      /^Over IPv4 .*only at try 3.* Over IPv6 .*Nothing is wrong/,
    ],
    "only looked at": [
      [{ ...open, after: undefined }, { ...open, ...four, after: undefined }],
      "not_knocked",
      "fine",
      /^Port 22 is closed without a knock, as it should be \(silent\)\.$/,
    ],
    "one family only": [
      [open],
      "fine",
      "fine",
      /Only IPv6 was tried: there is no IPv4 address to use\.$/,
    ],
    "of two addresses of a family one has to open": [
      [{ ...open, ...SIX }, { ...open, ...SIX, address: "2001:db8::2", after: undefined }, {
        ...open,
        ...four,
      }],
      "fine",
      "fine",
      /Both IPv6 and IPv4 were tried\.$/,
    ],
  },
  ([addresses, code, kind, cause]) => {
    const found = judge(addresses);
    assertEquals([found.code, found.kind], [code, kind]);
    assertEquals(cause.test(found.cause), true, found.cause);
  },
);

table<[addresses: readonly AddressEvidence[], cause: string]>("any: which address was tried", {
  "the only one": [[open], FINE],
  "the first": [
    [open, { ...open, ...four, after: undefined }],
    `${FINE} Only 2001:db8::1 was tried: the others are used where it cannot be reached.`,
  ],
}, ([addresses, cause]) => assertEquals(judge(addresses, { family: "any" }).cause, cause));
