/**
 * The stanzas of a .fwknoprc beside fwknop's own client: what it would send is, byte by byte, what we send for the
 * target that the stanza becomes; and what it refuses, we refuse. Its `--test` sends nothing.
 */
import { assert, assertEquals } from "@std/assert";
import { reader } from "../../src/config/import/fwknop.ts";
import type { FwknopKey } from "../../src/core/fwknop.ts";
import { checkAccess, decodeKey, type FwknopMessage } from "../../src/fwknop/message.ts";
import { makePacket } from "../../src/fwknop/packet.ts";
import { HMAC_KEY, KEY } from "../export/round_trip.ts";
import { table } from "../table.ts";

const KEYS = `KEY_BASE64 ${KEY}\nHMAC_KEY_BASE64 ${HMAC_KEY}\n`;
const WORK = `[work]\nSPA_SERVER 127.0.0.1\nACCESS tcp/22\nALLOW_IP source\n${KEYS}`;

/** `.ci/run` installs it as root; an ordinary user may be without it. */
const MISSING = await isClientMissing();
const NOTE = MISSING ? " (skipped: fwknop is not installed)" : "";

async function isClientMissing(): Promise<boolean> {
  try {
    await new Deno.Command("fwknop", { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (Deno.env.get("SPKNOCK_REQUIRE_KERNEL") === "1") throw new Error("fwknop is not installed");
    return true;
  }
}

/** What the client says about a stanza. */
async function runClient(text: string): Promise<{ code: number; output: string }> {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/rc`;
    await Deno.writeTextFile(file, text, { mode: 0o600 });
    const args = ["--test", "-v", "--no-save-args", "-n", "work"];
    const { code, stdout, stderr } = await new Deno.Command("fwknop", {
      args: [...args, "--rc-file", file],
      env: { HOME: folder, LOGNAME: "user", SPOOF_USER: "user" },
      stdin: "null",
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, output: decode(stdout) + decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns a field of what the client prints. */
function findField(output: string, name: string): string {
  return new RegExp(`^ *${name}: (.*)$`, "m").exec(output)?.[1]?.trim() ?? "";
}

/** Rows are what comes before and after the stanza's own lines. */
table<readonly [string, string?]>(`fwknop's client sends the same for the stanza${NOTE}`, {
  "as it is": [""],
  "two ports": ["ACCESS tcp/22,udp/53"],
  "an address": ["ALLOW_IP 192.0.2.77"],
  "a time": ["FW_TIMEOUT 60"],
  "an offset of minutes": ["TIME_OFFSET -90m"],
  "an offset of days": ["TIME_OFFSET 2d"],
  "both offsets": ["TIME_OFFSET 5", "[default]\nTIME_OFFSET -1h\n"],
  "a user": ["SPOOF_USER bob"],
  "a port": ["SPA_SERVER_PORT 5000"],
  "NAT": ["NAT_ACCESS 192.168.1.5,80"],
  "NAT with a colon": ["NAT_ACCESS 192.168.1.5:80"],
  "NAT without a port": ["NAT_ACCESS 192.168.1.5"],
  "NAT of a name": ["NAT_ACCESS inner.example:80\nFW_TIMEOUT 45"],
  "NAT with a port of its own": ["NAT_ACCESS 192.168.1.5\nNAT_PORT 5000"],
  "a port without NAT": ["NAT_PORT 5000"],
  "local NAT": ["NAT_LOCAL Y"],
  "local NAT with a port and a time": ["NAT_LOCAL Y\nNAT_PORT 5000\nFW_TIMEOUT 5"],
  "local NAT of the server's own": ["NAT_LOCAL Y\nNAT_ACCESS 127.0.0.1:8080"],
  "SHA-512 for the HMAC": ["HMAC_DIGEST_TYPE SHA512"],
  "MD5 for both": ["HMAC_DIGEST_TYPE md5\nDIGEST_TYPE md5"],
  "SHA-1 and SHA-384": ["HMAC_DIGEST_TYPE sha1\nDIGEST_TYPE sha384"],
  "a raw key wins": ["KEY abc;def"],
  "a raw key of [default] wins": ["", "[default]\nKEY abc\nHMAC_KEY: h#x\n"],
  "[default] of another case": ["", "[DEFAULT]\nFW_TIMEOUT 7\nACCESS tcp/99\n"],
  "[default] at the end": ["FW_TIMEOUT 8\n[default]\nFW_TIMEOUT 9\nSPOOF_USER carol"],
  "the stanza twice": [`[other]\nSPA_SERVER 127.0.0.2\nACCESS tcp/1\n${KEYS}[WORK]\nACCESS tcp/2`],
  "text behind values": ["ACCESS tcp/22 udp/53\nFW_TIMEOUT 5;x\nSPOOF_USER bob#x"],
  "colons": ["FW_TIMEOUT: 5\nSPOOF_USER:x bob"],
  "flags that stay": ["NAT_LOCAL N", "[default]\nNAT_LOCAL Y\n"],
  "flags in small letters": ["NAT_LOCAL y"],
  "harmless keys": ["USE_GPG N\nGPG_SIGNER x\nENCRYPTION_MODE CBC\nUSE_HMAC N\nSPA_SOURCE_PORT 0"],
}, async ([after, before = ""]) => {
  const text = `${before}${WORK}${after}\n`;
  const { targets, problems } = await reader.parse(text, { file: "rc", makeName: (name) => name });
  assertEquals(problems, []);
  const target = targets.find(({ name }) => name === "work");
  const { code, output } = await runClient(text);
  assertEquals(code, 0, output);
  if (target?.fwknop === undefined) throw new Error("there is no target");
  const { fwknop, opens = [], host, knocks, openForMs = 0 } = target;
  const seconds = Number(findField(output, "Timestamp"));
  const late = seconds * 1_000 - fwknop.timeOffsetMs - Date.now();
  assert(Math.abs(late) < 10_000, `${late} ms`);
  const message: FwknopMessage = {
    random: findField(output, "Random Value"),
    user: fwknop.user ?? "user",
    seconds,
    address: fwknop.allowIp === "source" ? "0.0.0.0" : fwknop.allowIp,
    access: checkAccess(opens),
    nat: fwknop.nat,
    localAddress: host,
    timeout: fwknop.asksTime ? openForMs / 1_000 : undefined,
  };
  const wire = findField(output, "Final SPA Data");
  const salt = Uint8Array.fromBase64(`U2FsdGVkX1${wire.slice(0, 14)}`).slice(8, 16);
  const decode = ({ payload, isBase64 }: FwknopKey, use: "key" | "hmacKey") => {
    if (payload.kind !== "bytes") throw new Error("the key is elsewhere");
    return decodeKey(payload.bytes, { isBase64, use });
  };
  const packet = await makePacket(message, {
    key: decode(fwknop.key, "key"),
    hmacKey: decode(fwknop.hmacKey, "hmacKey"),
    digest: fwknop.digest,
    hmacDigest: fwknop.hmacDigest,
    salt,
  });
  assertEquals(new TextDecoder().decode(packet), wire);
  assertEquals(
    `${knocks[0]?.port} ${host}`,
    [
      findField(output, "destination port"),
      findField(output, "IP/host"),
    ].join(" "),
  );
}, { ignore: MISSING });

table(
  `fwknop's client refuses the line, and so do we${NOTE}`,
  [
    "UNKNOWN x",
    "access tcp/22",
    "ACCESS",
    "ACCESS ;x",
    "[x",
    "SPA_SERVER_PORT 65536",
    "ALLOW_IP x",
    "ALLOW_IP 1.2.3",
    "TIME_OFFSET x",
    "FW_TIMEOUT -1",
    "FW_TIMEOUT 65537",
    "DIGEST_TYPE crc",
    "HMAC_DIGEST_TYPE crc",
    "ENCRYPTION_MODE x",
    "SPA_SERVER_PROTO x",
    "KEY_BASE64 a!b",
    "NAT_ACCESS a:b:c",
    "NAT_PORT 70000",
    "SPOOF_USER a/b",
  ].map((line) => [line, line] as const),
  async (line) => {
    const text = `${WORK}${line}\n`;
    const { code, output } = await runClient(text);
    assert(code !== 0 || /error/i.test(output), output);
    const { targets, problems } = await reader.parse(text, {
      file: "rc",
      makeName: (name) => name,
    });
    assertEquals([targets.length, problems.length], [0, 1]);
  },
  { ignore: MISSING },
);
