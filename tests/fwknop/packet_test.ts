import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import type { FwknopDigest } from "../../src/core/fwknop.ts";
import type { FwknopMessage } from "../../src/fwknop/message.ts";
import { makePacket, makeRandomDigits } from "../../src/fwknop/packet.ts";
import { table } from "../table.ts";

const K1 = Uint8Array.from({ length: 32 }, (_, index) => index);
const H1 = Uint8Array.from({ length: 64 }, (_, index) => 0x40 + index);
const toBytes = (text: string) => new TextEncoder().encode(text);

const MESSAGE: FwknopMessage = {
  random: "3426931527909879",
  user: "alice",
  seconds: 1795330042,
  address: "127.0.0.1",
  access: [{ port: 22, protocol: "tcp" }],
  localAddress: "192.0.2.1",
};

const SEAL = { key: K1, hmacKey: H1, digest: "sha256", hmacDigest: "sha256" } as const;

interface Vector {
  message: FwknopMessage;
  salt: string;
  wire: string;
  seal?: { key: Uint8Array; hmacKey: Uint8Array; hmacDigest: FwknopDigest };
}

table<Vector>("fwknop: the packet of the real client", {
  "access": {
    message: MESSAGE,
    salt: "be02622c4070fdba",
    wire:
      "++AmIsQHD9urYz+taQGJgpU8sRu0UQYpi8r79FjG3RqT7ix/pAQ8oxp08YEwsurUUhbgUIPBhB6uudyHQr6fzvnPFIHB" +
      "paMcsjgJ7rZ/HsZkEpiyByP4Kae0MBDC/StZFOiGiSdBWGirh2kTfEMFXMfjis2t8Qs7k9v2Aw+WLOx0bJN9wZC+AOfPy9LL" +
      "+zEs4sAUHUf3S8Pg",
  },
  "access with a timeout, raw keys, HMAC-SHA512": {
    message: {
      ...MESSAGE,
      random: "1085343825631376",
      user: "bob",
      address: "0.0.0.0",
      access: [{ port: 22, protocol: "tcp" }, { port: 53, protocol: "udp" }],
      timeout: 60,
    },
    seal: {
      key: toBytes("correct-horse-battery"),
      hmacKey: toBytes("staple-hmac-passphrase"),
      hmacDigest: "sha512",
    },
    salt: "8e49722d3baff0b3",
    wire:
      "+OSXItO6/wsxO+1FmLrURY6oUvstIyQ8hEwrit0lyFKzFh4+dDtQwvpDCf6Fsh/Td0uZRnr5N08lmyaaM4I+5rMRPIYC" +
      "9jQX6szqGY6aGnO1jDTCyZ8oLC1lCRLEtoFoTFYxinPNG/dHxr5P3cWNiZlqn+RKOOTor9eN84dWItMzx+KKiG6BC4esQgXN" +
      "A23WAIacGxbL94S/FYFgxKJNRMlXM1DD9J1gp8fYEYoqtNUIzTZcCLHI/W1zTpi5XsmaVXNFCeomc6oA",
  },
  "NAT with a timeout": {
    message: {
      ...MESSAGE,
      random: "5737555841862247",
      user: "carol",
      seconds: 1795329982,
      address: "192.0.2.77",
      access: [{ port: 8088, protocol: "tcp" }],
      nat: { host: "192.168.1.55", port: 88 },
      timeout: 45,
    },
    salt: "92ea48ba3fa8432f",
    wire:
      "+S6ki6P6hDLza2eMyzzZ6xkofEUUKBdEVFKvC8P26CbMS9UHWpluIbvvEP1DZoZYB1PkAHeGRZ1HYv5zM+N+J3Vd/tdo" +
      "9TVZMXRWlYrelThE5k7DrOWBkNJhYBRQx9hAv4FwxIi9DdaPHfiyPB0ftG8YSXtxb99T8QrCwaZHGMnxHO1q7WbhHt1Hs7bo" +
      "JgY2Lye+wJY5ZxDA81MXyCI0fxYXODCF4Zl44xv5kv212q2LzqTWAQ9vhNg",
  },
  "a random number that begins with 0": {
    message: {
      ...MESSAGE,
      random: "0123456789012345",
      user: "dave",
      seconds: 1700000000,
      address: "10.99.7.2",
      timeout: 120,
    },
    salt: "0011223344556677",
    wire:
      "8AESIzRFVmd95pfey1l26eYgqQlAC+gqRtQIJwi201cd906Htq20Je8rBdy7Yg73m3C9d5lClXYDUYJV6T8agugG9o+E" +
      "JkBu4+yr/MqQbkt2ipfewQvNmNThIUnGY+Z7ZjyL/ezyttxCKaWgHn7XZa0g2ypEwoVt6cahQWytfdzbUsrIZfB3CPVFuO15" +
      "8bGM+aS4o6KGpDkhe01kaJ7OWJEyv1raUe7UQ",
  },
}, async ({ message, salt, wire, seal }) => {
  const packet = await makePacket(message, { ...SEAL, ...seal, salt: Uint8Array.fromHex(salt) });
  assertEquals(new TextDecoder().decode(packet), wire);
});

Deno.test("fwknop: the same message is another packet each time", async () => {
  assertNotEquals(await makePacket(MESSAGE, SEAL), await makePacket(MESSAGE, SEAL));
});

Deno.test("fwknop: random digits are 16, and others each time", () => {
  const [one, other] = [makeRandomDigits(), makeRandomDigits()];
  assertMatch(one, /^\d{16}$/);
  assertNotEquals(one, other);
});

table<{ hmacDigest: FwknopDigest; length: number; isRefused: boolean }>("fwknop: a message of", {
  "255 bytes fits with SHA-256": { hmacDigest: "sha256", length: 255, isRefused: false },
  "256 bytes does not": { hmacDigest: "sha256", length: 256, isRefused: true },
  "223 bytes fits with SHA-512": { hmacDigest: "sha512", length: 223, isRefused: false },
  "224 bytes does not": { hmacDigest: "sha512", length: 224, isRefused: true },
}, async ({ hmacDigest, length, isRefused }) => {
  // RAND:USER:TIME:VERSION:TYPE:ACCESS: and a digest of 43; a NAT host fills the rest, in base64.
  const fill = (count: number): FwknopMessage => ({
    ...MESSAGE,
    user: "a",
    timeout: undefined,
    nat: { host: "h".repeat(count), port: 1 },
  });
  const { renderMessage } = await import("../../src/fwknop/message.ts");
  const sizes = Array.from({ length: 200 }, (_, count) => count + 1);
  const message = sizes.flatMap((count) => {
    const padded = [fill(count), { ...fill(count), timeout: 1 }, { ...fill(count), timeout: 10 }];
    return padded.filter((each) => renderMessage(each).length + 44 === length);
  })[0];
  if (message === undefined) throw new Error("no message of that length");
  const make = () => makePacket(message, { ...SEAL, hmacDigest });
  if (isRefused) await assertRejects(make, RangeError, "fwknopd reads at most 399");
  else assertEquals((await make()).length < 400, true);
});
