import { assertEquals, assertInstanceOf } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import {
  explainSendError,
  findErrno,
  findReporter,
  isUnreachable,
  THIS_MACHINE,
} from "../../src/net/socket_errors.ts";
import { table } from "../table.ts";

const failed = (code: string, message = "os error") => Object.assign(new Error(message), { code });

table<readonly [unknown, string | undefined]>("findErrno finds the kernel's code", {
  "in the code of an error": [failed("ECONNREFUSED"), "ECONNREFUSED"],
  "in the message of an error": [new Error("bind EADDRNOTAVAIL 192.0.2.9"), "EADDRNOTAVAIL"],
  "not in another message": [new Error("something else"), undefined],
  "not in an abort": [new DOMException("aborted", "AbortError"), undefined],
  "not in text": ["text", undefined],
  "not in undefined": [undefined, undefined],
  "not in null": [null, undefined],
}, ([cause, code]) => assertEquals(findErrno(cause), code));

type FailureRow = readonly [
  unknown,
  Parameters<typeof explainSendError>[1],
  string,
  string | undefined,
];

table<FailureRow>("explainSendError names the address, the reason and the fix", {
  "no route to the network": [
    failed("ENETUNREACH"),
    { address: "192.0.2.1", port: 7 },
    "cannot send to 192.0.2.1 port 7: there is no route to it",
    "is the network (and its IPv6) up?",
  ],
  "a local firewall": [
    failed("EPERM"),
    { address: "192.0.2.1", port: 7 },
    "cannot send to 192.0.2.1 port 7: this machine's own firewall forbids it",
    undefined,
  ],
  "a foreign source": [
    failed("EADDRNOTAVAIL"),
    { address: "192.0.2.1", source: "192.0.2.9" },
    'cannot send from "192.0.2.9": it is not an address of this machine',
    "use one of its addresses, or the name of an interface",
  ],
  "a foreign source, seen by bind": [
    failed("EINVAL", "bind EINVAL 192.0.2.9"),
    { address: "192.0.2.1", port: 7, source: "192.0.2.9" },
    'cannot send from "192.0.2.9": it is not an address of this machine',
    "use one of its addresses, or the name of an interface",
  ],
  "a source of the other family": [
    failed("EAFNOSUPPORT"),
    { address: "::1", port: 7, source: "127.0.0.1" },
    'cannot send from "127.0.0.1" to ::1: one is IPv4, the other IPv6',
    "use a source of the host's family, or choose the family with -4 or -6",
  ],
  "a source without a route": [
    failed("EINVAL"),
    { address: "192.0.2.1", port: 7, source: "127.0.0.1" },
    'cannot send from "127.0.0.1" to 192.0.2.1: no route leads there',
    "use an address of the interface that faces the host",
  ],
  "an unknown error": [new Error("odd"), { address: "::1" }, "cannot send to ::1: odd", undefined],
  "thrown text": ["odd", { address: "::1" }, "cannot send to ::1: odd", undefined],
}, ([cause, place, message, hint]) => {
  const error = explainSendError(cause, place);
  assertInstanceOf(error, NetworkError);
  assertEquals([error.message, error.hint, error.cause], [message, hint, cause]);
});

table<readonly [unknown, boolean]>("isUnreachable", {
  "no route": [failed("ENETUNREACH"), true],
  "ICMP, or no answer to ARP": [failed("EHOSTUNREACH"), true],
  "ICMPv6 prohibited": [failed("EACCES"), true],
  "the own firewall": [failed("EPERM"), true],
  "no address of the family": [failed("EADDRNOTAVAIL"), true],
  "what caused an error": [explainSendError(failed("EPERM"), { address: "::1" }), true],
  "a refusal": [failed("ECONNREFUSED"), false],
  "silence": [failed("ETIMEDOUT"), false],
  "nothing": [undefined, false],
}, ([cause, is]) => assertEquals(isUnreachable(cause), is));

const UNREACHABLE = failed("EHOSTUNREACH");

table<readonly [Parameters<typeof findReporter>[0], string]>("findReporter", {
  "a datagram's error": [
    { address: "192.0.2.1", cause: UNREACHABLE, isDatagram: true },
    "this machine",
  ],
  "an error that only the own kernel has": [
    { address: "192.0.2.1", cause: failed("EPERM") },
    "this machine",
  ],
  "what the kernel said to ping": [
    { address: "192.0.2.1", cause: UNREACHABLE, reportedBy: THIS_MACHINE },
    "this machine",
  ],
  "no answer to ARP: ping names our own address": [
    { address: "192.0.2.1", cause: UNREACHABLE, reportedBy: "192.0.2.9", own: ["192.0.2.9"] },
    "this machine",
  ],
  "a router": [
    { address: "192.0.2.1", cause: UNREACHABLE, reportedBy: "192.0.2.254", own: ["192.0.2.9"] },
    "router",
  ],
  "the host's own firewall": [
    { address: "fe80::1%eth0", cause: UNREACHABLE, reportedBy: "fe80::1", own: [] },
    "host",
  ],
  "a refusal": [{ address: "192.0.2.1", cause: failed("ECONNREFUSED") }, "host"],
  "a connection alone does not tell": [{ address: "192.0.2.1", cause: UNREACHABLE }, "unknown"],
  "own addresses that are not known": [
    { address: "192.0.2.1", cause: UNREACHABLE, reportedBy: "192.0.2.254" },
    "unknown",
  ],
}, ([facts, who]) => assertEquals(findReporter(facts), who));
