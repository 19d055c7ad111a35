import { detectFamily } from "../../src/core/address/syntax.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import type { Family } from "../../src/core/target.ts";
import { type Address, type Lookup, resolveHost } from "../../src/net/resolve.ts";
import { table } from "../table.ts";

const V4: Address = { address: "192.0.2.1", family: "ipv4" };
const OTHER_V4: Address = { address: "192.0.2.2", family: "ipv4" };
const V6: Address = { address: "2001:db8::1", family: "ipv6" };

const finds = (...found: Address[]): Lookup => () => Promise.resolve(found);
const fails = (code: string): Lookup => () =>
  Promise.reject(Object.assign(new Error(`getaddrinfo ${code}`), { code }));

table<Address[]>("resolveHost returns the first address of a family, and all of them", {
  any: [V6, V4, OTHER_V4],
  ipv4: [V4, OTHER_V4],
  ipv6: [V6],
}, async (all, family) => {
  const options = { family: family as Family, lookup: finds(V6, V4, OTHER_V4) };
  assertEquals<unknown>(await resolveHost("fw", options), { ...all[0], all });
});

table("resolveHost does not look up an address", {
  [V4.address]: "ipv4",
  [V6.address]: "ipv6",
  "fe80::1%eth0": "ipv6",
}, async (family, address) => {
  const lookup: Lookup = () => Promise.reject(new Error("it was looked up"));
  const resolved = await resolveHost(address, { lookup });
  assertEquals([resolved.address, resolved.family as string], [address, family]);
  assertEquals(resolved.all.length, 1);
});

Deno.test("a host without the family is an error that lists its addresses", async () => {
  const error = await assertRejects(
    () => resolveHost("fw", { family: "ipv6", lookup: finds(V4, OTHER_V4) }),
    NetworkError,
  );
  assertEquals(error.code, "resolve");
  assertEquals(error.message, '"fw" has no IPv6 address, only 192.0.2.1, 192.0.2.2');
  assertEquals(error.hint, 'use -4, or family = "any"');
  await assertRejects(
    () => resolveHost("::1", { family: "ipv4" }),
    NetworkError,
    '"::1" has no IPv4 address, only ::1',
  );
});

table<readonly [Lookup, string, string | undefined]>("a name that does not resolve is an error", {
  "an unknown name": [
    fails("ENOTFOUND"),
    'the name "fw" does not resolve',
    "check the spelling, the network, or use an address",
  ],
  "a resolver that does not answer": [
    fails("EAI_AGAIN"),
    'the name "fw" does not resolve',
    "the resolver did not answer: is the network up?",
  ],
  "a name without an address": [finds(), 'the name "fw" has no address', undefined],
}, async ([lookup, message, hint]) => {
  const error = await assertRejects(() => resolveHost("fw", { lookup }), NetworkError);
  assertEquals([error.code, error.message, error.hint], ["resolve", message, hint]);
});

Deno.test("resolveHost: the system's own resolver knows localhost", async () => {
  const { address, family, all } = await resolveHost("localhost");
  assert(["127.0.0.1", "::1"].includes(address), address);
  assertEquals(family, detectFamily(address));
  assertEquals(new Set(all.map((each) => each.address)).size, all.length);
});

Deno.test("resolveHost: the system's own resolver reports an unknown name", async () => {
  await assertRejects(() => resolveHost("no-such-name.invalid"), NetworkError, "does not resolve");
});
