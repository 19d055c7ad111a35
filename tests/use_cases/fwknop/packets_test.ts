/** When a packet is made anew, and for whom it asks. */
import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { createDecipheriv, createHash } from "node:crypto";
import { NetworkError, SecretError, UsageError } from "../../../src/core/errors.ts";
import { type Fwknop, FWKNOP_DEFAULTS } from "../../../src/core/fwknop.ts";
import { createPackets, type PacketPorts } from "../../../src/use_cases/fwknop/packets.ts";
import { table } from "../../table.ts";

const KEYS = ["encryption", "signing"].map((text) => new TextEncoder().encode(text));
const ADDRESS = "192.0.2.9";

function makeFwknop(more: Partial<Fwknop> = {}): Fwknop {
  const payload = { kind: "secret", source: { kind: "prompt" } } as const;
  const key = { payload, isBase64: false };
  return { ...FWKNOP_DEFAULTS, key, hmacKey: key, asksTime: false, ...more };
}

/** What is asked of the web, and packets with their text. */
function start(more: Partial<Fwknop> = {}, ports: Partial<PacketPorts> = {}, openForMs = 30_000) {
  const asked: string[] = [];
  const payloads = createPackets(
    { name: "t", opens: [{ port: 22, protocol: "tcp" }], openForMs, fwknop: makeFwknop(more) },
    KEYS,
    {
      wallNow: () => 1_700_000_000_900,
      env: (name) => name === "USER" ? "alice" : undefined,
      net: {
        fetchText: (url) => {
          asked.push(url);
          return Promise.resolve("Your address: 198.51.100.7\n");
        },
      },
      signal: new AbortController().signal,
      ...ports,
    },
  );
  const make = async (attempt: number): Promise<string> => {
    if (typeof payloads !== "function") throw new Error("no packets are made");
    const [bytes] = await payloads({ address: ADDRESS, attempt });
    if (!(bytes instanceof Uint8Array)) throw new Error("no packet");
    return new TextDecoder().decode(bytes);
  };
  return { asked, make };
}

/** Opens a packet with `node:crypto` alone, as a server would. */
function decrypt(wire: string): string[] {
  const bytes = Buffer.from(`U2FsdGVkX1${wire.slice(0, -43)}`, "base64");
  const [salt, body] = [bytes.subarray(8, 16), bytes.subarray(16)];
  const rounds: Uint8Array[] = [Buffer.alloc(0)];
  for (let round = 0; round < 3; round++) {
    const before = rounds.at(-1) ?? Buffer.alloc(0);
    rounds.push(createHash("md5").update(before).update(KEYS[0] ?? "").update(salt).digest());
  }
  const [, first = bytes, second = bytes, iv = bytes] = rounds;
  const cipher = createDecipheriv("aes-256-cbc", Buffer.concat([first, second]), iv);
  return Buffer.concat([cipher.update(body), cipher.final()]).toString().split(":");
}

const decode = (text = "") => atob(text);

Deno.test("fwknop: each try is another packet, of the same request", async () => {
  const { make } = start();
  const [one, other] = [await make(1), await make(2)];
  assertNotEquals(one, other);
  const [first, second] = [decrypt(one), decrypt(other)];
  assertNotEquals(first[0], second[0]);
  assertEquals(first.slice(1, -1), second.slice(1, -1));
  const [, user, seconds, version, type, access] = first;
  assertEquals([decode(user), seconds, version, type], ["alice", "1700000000", "3.0.0", "1"]);
  assertEquals(decode(access), "0.0.0.0,tcp/22");
});

table<{ more: Partial<Fwknop>; type: string; rest: string[] }>("fwknop: the type of a packet:", {
  "access with a timeout": { more: { asksTime: true }, type: "3", rest: ["30"] },
  "NAT": { more: { nat: { host: "10.0.0.1", port: 80 } }, type: "2", rest: ["10.0.0.1,80"] },
  "NAT with a timeout": {
    more: { nat: { host: "box", port: 80 }, asksTime: true },
    type: "4",
    rest: ["box,80", "30"],
  },
  "local NAT": { more: { nat: { port: 22 } }, type: "5", rest: [`${ADDRESS},22`] },
  "local NAT with a timeout": {
    more: { nat: { port: 22 }, asksTime: true },
    type: "6",
    rest: [`${ADDRESS},22`, "30"],
  },
}, async ({ more, type, rest }) => {
  const fields = decrypt(await start(more).make(1));
  const plain = fields.slice(6, -1).map((text) => /^\d+$/.test(text) ? text : decode(text));
  assertEquals([fields[4], plain], [type, rest]);
});

Deno.test("fwknop: the clock is off by time_offset", async () => {
  const fields = decrypt(await start({ timeOffsetMs: -180_000 }).make(1));
  assertEquals(fields[2], "1699999820");
});

table("fwknop: our public address is in the answer", {
  "a line": "198.51.100.7\r\n",
  "a page": "<p>Current IP Address: 198.51.100.7</p> 198.51.100.7.",
  "JSON": '{"ip":"198.51.100.7"}',
}, async (answer) => {
  const request = { allowIp: "resolve", resolveUrl: "https://e.example" };
  const { make } = start(request, { net: { fetchText: () => Promise.resolve(answer) } });
  assertEquals(decode(decrypt(await make(1))[5]), "198.51.100.7,tcp/22");
});

Deno.test("fwknop: our public address is asked for once a run", async () => {
  const { asked, make } = start({ allowIp: "resolve" });
  const fields = decrypt(await make(1));
  await make(2);
  assertEquals(decode(fields[5]), "198.51.100.7,tcp/22");
  assertEquals(asked, ["https://www.cipherdyne.org/cgi-bin/myip"]);
  await make(1);
  assertEquals(asked.length, 2);
});

table<{ fetchText: () => Promise<string>; says: string }>("fwknop: no public address:", {
  "an answer without one": {
    fetchText: () => Promise.resolve("2001:db8::1"),
    says: "the answer of https://e.example has no IPv4 address",
  },
  "a longer number": {
    fetchText: () => Promise.resolve("1234.5.6.7"),
    says: "the answer of https://e.example has no IPv4 address",
  },
  "more numbers": {
    fetchText: () => Promise.resolve("version 1.2.3.4.5"),
    says: "the answer of https://e.example has no IPv4 address",
  },
  "several addresses, as in a page to log in": {
    fetchText: () => Promise.resolve("<a href=//10.0.0.1/login>198.51.100.7</a>"),
    says: "the answer of https://e.example has several IPv4 addresses",
  },
  "an error": {
    fetchText: () => Promise.reject(new Error("status 503")),
    says: "our public address is unknown: https://e.example: status 503",
  },
}, async ({ fetchText, says }) => {
  const request = { allowIp: "resolve", resolveUrl: "https://e.example" };
  const { make } = start(request, { net: { fetchText } });
  await assertRejects(() => make(1), NetworkError, says);
});

Deno.test("fwknop: a login name that is none of fwknop's is an error, not sent", async () => {
  const { make } = start({}, { env: () => "DOMAIN\\alice" });
  await assertRejects(() => make(1), UsageError, "the login name cannot be a user of fwknop");
});

Deno.test("fwknop: without a login name the user is fwknop's own word for none", async () => {
  const fields = decrypt(await start({}, { env: () => undefined }).make(1));
  assertEquals(decode(fields[1]), "NO_USER");
});

Deno.test("fwknop: a time that a packet cannot ask for is an error", async () => {
  const { make } = start({ asksTime: true }, {}, 1_500);
  await assertRejects(() => make(1), UsageError, "use whole seconds");
});

Deno.test("fwknop: keys that are the same are an error before a packet is made", () => {
  const door = { name: "t", opens: [], openForMs: 1, fwknop: makeFwknop() };
  const [key = new Uint8Array()] = KEYS;
  const { signal } = new AbortController();
  const ports = { wallNow: Date.now, env: () => undefined, net: {}, signal };
  assertThrows(() => createPackets(door, [key, key], ports), SecretError, "are the same");
});
