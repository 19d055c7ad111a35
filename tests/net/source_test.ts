import { assertEquals, assertThrows } from "@std/assert";
import { NetworkError } from "../../src/core/errors.ts";
import { guessSource, isKernelsChoice, pickSource } from "../../src/net/source.ts";
import { isUnreachable } from "../../src/net/socket_errors.ts";
import { table } from "../table.ts";

const INTERFACES = [
  { name: "lo", address: "127.0.0.1", cidr: "127.0.0.1/8" },
  { name: "lo", address: "::1", cidr: "::1/128" },
  { name: "eth0", address: "192.0.2.10", cidr: "192.0.2.10/24" },
  { name: "eth0", address: "fe80::10", cidr: "fe80::10/64" },
  { name: "eth0", address: "2001:db8::10", cidr: "2001:db8::10/64" },
  { name: "wlan0", address: "198.51.100.7", cidr: "198.51.100.7/24" },
];
const list = () => INTERFACES;

table<readonly [string | undefined, string, string | undefined]>("pickSource", {
  "none stays none": [undefined, "192.0.2.1", undefined],
  "an address stays": ["192.0.2.99", "192.0.2.1", "192.0.2.99"],
  "an interface, over IPv4": ["eth0", "203.0.113.1", "192.0.2.10"],
  "an interface, over IPv6": ["eth0", "2001:db8:1::1", "2001:db8::10"],
  "an interface, to a link-local address": ["eth0", "fe80::1%eth0", "fe80::10%eth0"],
}, ([source, address, picked]) => assertEquals(pickSource(source, address, list), picked));

table<readonly [string, string, string]>("pickSource: an interface that cannot send there", {
  "no such interface": [
    "eth9",
    "192.0.2.1",
    "cannot send to 192.0.2.1: the source is not an interface with an address",
  ],
  "no address of the family": [
    "wlan0",
    "2001:db8::1",
    'cannot send to 2001:db8::1: the interface "wlan0" has no IPv6 address',
  ],
}, ([source, address, message]) => {
  const error = assertThrows(() => pickSource(source, address, list), NetworkError, message);
  assertEquals(isUnreachable(error), true);
});

table<readonly [string, string | undefined]>("guessSource says only what is certain", {
  "on the same network": ["192.0.2.1", "192.0.2.10"],
  "loopback": ["127.0.0.1", "127.0.0.1"],
  "elsewhere, over one of two": ["203.0.113.1", undefined],
  "elsewhere, with one address of the family": ["2001:db8:9::1", "2001:db8::10"],
  "on the link": ["fe80::1%eth0", "fe80::10"],
}, async ([address, source]) => assertEquals(await guessSource(address, list), source));

table<readonly [string, string, boolean]>("isKernelsChoice", {
  "the link's only address": ["fe80::10%eth0", "fe80::1%eth0", true],
  "another link": ["fe80::10%eth0", "fe80::1%wlan0", false],
  "another address": ["fe80::11%eth0", "fe80::1%eth0", false],
  "a host elsewhere": ["fe80::10%eth0", "2001:db8::1", false],
  "a source that is not link-local": ["2001:db8::10", "2001:db8::1", false],
}, ([source, address, is]) => assertEquals(isKernelsChoice(source, address, list), is));
