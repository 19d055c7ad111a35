import { assertEquals, assertInstanceOf } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import { errnoOf, sendFailure } from "../../src/net/failure.ts";

const failed = (code: string, message = "os error") => Object.assign(new Error(message), { code });

Deno.test("the kernel's code is found in Deno's and node's errors", () => {
  const cases: [unknown, string | undefined][] = [
    [failed("ECONNREFUSED"), "ECONNREFUSED"],
    [new Error("bind EADDRNOTAVAIL 192.0.2.9"), "EADDRNOTAVAIL"],
    [new Error("something else"), undefined],
    [new DOMException("aborted", "AbortError"), undefined],
    ["text", undefined],
    [undefined, undefined],
    [null, undefined],
  ];
  for (const [cause, code] of cases) assertEquals(errnoOf(cause), code);
});

const CASES: [unknown, Parameters<typeof sendFailure>[1], string, string | undefined][] = [
  [
    failed("ENETUNREACH"),
    { address: "192.0.2.1", port: 7 },
    "cannot send to 192.0.2.1 port 7: there is no route to it",
    "is the network (and its IPv6) up?",
  ],
  [
    failed("EPERM"),
    { address: "192.0.2.1", port: 7 },
    "cannot send to 192.0.2.1 port 7: this machine's own firewall forbids it",
    undefined,
  ],
  [
    failed("EADDRNOTAVAIL"),
    { address: "192.0.2.1", source: "192.0.2.9" },
    'cannot send from "192.0.2.9": it is not an address of this machine',
    "see the machine's addresses with: ip addr",
  ],
  [
    failed("EINVAL", "bind EINVAL 192.0.2.9"),
    { address: "192.0.2.1", port: 7, source: "192.0.2.9" },
    'cannot send from "192.0.2.9": it is not an address of this machine',
    "see the machine's addresses with: ip addr",
  ],
  [
    failed("EAFNOSUPPORT"),
    { address: "::1", port: 7, source: "127.0.0.1" },
    'cannot send from "127.0.0.1" to ::1: one is IPv4, the other IPv6',
    "use a source of the host's family, or choose the family with -4 or -6",
  ],
  [
    failed("EINVAL"),
    { address: "192.0.2.1", port: 7, source: "127.0.0.1" },
    'cannot send from "127.0.0.1" to 192.0.2.1: no route leads there',
    "use an address of the interface that faces the host",
  ],
  [new Error("odd"), { address: "::1" }, "cannot send to ::1: odd", undefined],
  ["odd", { address: "::1" }, "cannot send to ::1: odd", undefined],
];

Deno.test("a failure to send names the place, the reason and the fix", () => {
  for (const [cause, place, message, hint] of CASES) {
    const error = sendFailure(cause, place);
    assertInstanceOf(error, NetworkError);
    assertEquals([error.message, error.hint, error.cause], [message, hint, cause]);
  }
});
