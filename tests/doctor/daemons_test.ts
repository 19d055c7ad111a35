/** Doors of daemons: how the doctor knows them, and what it says in their words. */
import { assertEquals, assertMatch } from "@std/assert";
import { diagnose } from "../../src/doctor/causes.ts";
import { findDaemon } from "../../src/core/knockd/daemon.ts";
import type { ClockEvidence, Evidence, SynEvidence } from "../../src/doctor/evidence.ts";
import type { Knock } from "../../src/core/knock.ts";
import { table } from "../table.ts";

const regular: Knock = { port: 7, protocol: "tcp", payload: { kind: "none" } };
const secret: Knock = {
  port: 7,
  protocol: "udp",
  payload: { kind: "secret", source: { kind: "prompt" } },
};
const key = {
  payload: secret.payload as { kind: "secret"; source: { kind: "prompt" } },
  isBase64: true,
};
const fwknop = {
  key,
  hmacKey: key,
  allowIp: "source",
  hmacDigest: "sha256",
  digest: "sha256",
  timeOffsetMs: 0,
  asksTime: false,
} as const;

table(
  "a daemon is known by its target",
  Object.entries(
    {
      "regular knocks, once each": [{ copies: 1, knocks: [regular] }, "knockd"],
      "regular knocks": [{ copies: "auto", knocks: [regular] }, undefined],
      "a secret, once": [{ copies: 1, knocks: [secret] }, undefined],
      "one-time sequences": [{ copies: "auto", knocks: [], oneTime: "f" }, "knockd"],
      "fwknop": [{ copies: 1, knocks: [secret], fwknop }, "fwknopd"],
    } as const,
  ),
  ([target, daemon]) => assertEquals(findDaemon(target), daemon),
);

const syn = (answer: SynEvidence["answer"]): SynEvidence => ({ answer, ms: 1, detail: "" });

function evidence(
  door: Partial<NonNullable<Evidence["door"]>>,
  { ping = true, clocks, ...given }: {
    after?: SynEvidence | undefined;
    ping?: boolean;
    clocks?: ClockEvidence | undefined;
  } = {},
): Evidence {
  const after = "after" in given ? given.after : syn("silent");
  return {
    invocation: { os: "linux", globals: [], options: [], secretOptions: [] },
    files: [],
    time: "2026-11-22T10:00:00.000Z",
    names: [],
    clocks,
    door: {
      target: "home",
      port: 22,
      timing: { longestGapMs: 50, stageTimeoutMs: 5_000 },
      family: "any",
      noSecret: undefined,
      openForMs: 300_000,
      hasWaited: false,
      addresses: [{
        address: "192.0.2.1",
        family: "ipv4",
        ping,
        path: {},
        before: syn("silent"),
        after,
        handshake: undefined,
        tries: 1,
        knockPorts: [],
        failure: undefined,
      }],
      ...door,
    },
  };
}

const ahead = (aheadMs: number, isSynchronized = true): ClockEvidence => ({
  isSynchronized,
  others: [{ source: "date over ssh fw", aheadMs, errorMs: 500 }],
});

table(
  "what the doctor says of them",
  Object.entries(
    {
      "knockd": [
        evidence({ daemon: "knockd" }),
        "daemon_not_opening",
        /^The host answers, .* Sequence in knockd\.conf .* \(knock -d, here 50ms\), Seq_Timeout/,
        "spknock edit home --delay 200ms",
        /\/etc\/knockd\.conf/,
      ],
      "knockd, a slow pace": [
        evidence({ daemon: "knockd", timing: { longestGapMs: 300, stageTimeoutMs: 5_000 } }),
        "daemon_not_opening",
        /here 300ms/,
        "spknock edit home --delay 600ms",
        /knockd/,
      ],
      "knockd, silence": [
        evidence({ daemon: "knockd" }, { ping: false }),
        "daemon_not_opening",
        /^No answer at all from 192\.0\.2\.1: .* knockd does not run/,
        "spknock edit home --delay 200ms",
        /knockd/,
      ],
      "fwknopd": [
        evidence({ daemon: "fwknopd" }),
        "daemon_not_opening",
        /HMAC_KEY_BASE64 .* a clock here or there .* within 2m.* OPEN_PORTS.*digest\.cache/,
        "timedatectl",
        /fwknopd --fw-list; .*access\.conf/,
      ],
      "fwknopd, a clock that no network sets": [
        evidence({ daemon: "fwknopd" }, { clocks: { isSynchronized: false, others: [] } }),
        "daemon_not_opening",
        /network does not set the clock of this machine/,
        "sudo timedatectl set-ntp true",
        /fwknopd/,
      ],
      "fwknopd, its clock is off": [
        evidence({ daemon: "fwknopd" }, { clocks: ahead(180_000) }),
        "clock_differs",
        /is 3m ahead of that of this machine, and fwknopd takes a packet only .* less than 2m/,
        "timedatectl",
        /date -u/,
      ],
      "fwknopd, its clock is off, and the door opens": [
        evidence({ daemon: "fwknopd" }, { clocks: ahead(-180_000), after: syn("answered") }),
        "clock_differs",
        /^The door opens now, but .* 3m behind/,
        "timedatectl",
        /date -u/,
      ],
      "fwknopd, its clock is right": [
        evidence({ daemon: "fwknopd" }, { clocks: ahead(100_000), after: syn("answered") }),
        "fine",
        /Nothing is wrong/,
        "",
        undefined,
      ],
      "a firewall's own rules": [
        evidence({}),
        "not_accepted",
        /compare with the header of the rules/,
        "spknock show home --fingerprint",
        /nft list ruleset/,
      ],
    } satisfies Record<
      string,
      readonly [Evidence, code: string, cause: RegExp, fix: string, remote: RegExp | undefined]
    >,
  ),
  ([found, code, cause, fix, remote]) => {
    const diagnosis = diagnose(found);
    assertEquals([diagnosis.code, diagnosis.fix], [code, fix]);
    assertMatch(diagnosis.cause, cause);
    if (remote === undefined) assertEquals(diagnosis.remote, undefined);
    else assertMatch(diagnosis.remote ?? "", remote);
  },
);
