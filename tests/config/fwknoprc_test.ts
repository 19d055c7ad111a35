import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { reader } from "../../src/config/import/fwknop.ts";
import { RC_KEYS } from "../../src/config/import/fwknoprc/keys.ts";
import type { ImportResult } from "../../src/config/import/reader.ts";
import { renderProblem } from "../../src/core/errors.ts";
import { renderService } from "../../src/core/service.ts";
import { HMAC_KEY, KEY } from "../export/round_trip.ts";
import { table } from "../table.ts";

const KEYS = `KEY_BASE64 ${KEY}\nHMAC_KEY_BASE64 ${HMAC_KEY}\n`;
const STANZA = `[work]\nSPA_SERVER fw.example.com\nACCESS tcp/22\nALLOW_IP source\n${KEYS}`;

async function read(text: string, host?: string): Promise<ImportResult> {
  return await reader.parse(text, { file: "rc", host, makeName: (name) => name });
}

/** What is wrong, as `LINE: message`. */
async function listProblems(text: string, host?: string): Promise<string[]> {
  return (await read(text, host)).problems.map((problem) => renderProblem(problem).slice(3));
}

Deno.test(".fwknoprc: a stanza is a target", async () => {
  const { targets, problems, remarks } = await read(STANZA);
  const payload = { kind: "bytes", bytes: new TextEncoder().encode(KEY) };
  assertEquals([problems, remarks], [[], []]);
  assertEquals(targets as unknown, [{
    name: "work",
    host: "fw.example.com",
    knocks: [{ port: 62201, protocol: "udp", payload }],
    fwknop: {
      key: { payload, isBase64: true },
      hmacKey: {
        payload: { kind: "bytes", bytes: new TextEncoder().encode(HMAC_KEY) },
        isBase64: true,
      },
      allowIp: "source",
      hmacDigest: "sha256",
      digest: "sha256",
      timeOffsetMs: 0,
      asksTime: false,
    },
    opens: [{ port: 22, protocol: "tcp" }],
    family: "ipv4",
    copies: 1,
    openForMs: 30_000,
  }]);
});

/** Ways to write `ACCESS tcp/22`. */
table(".fwknoprc: reads the line", {
  "a colon": "ACCESS: tcp/22",
  "tabs": "\tACCESS\t\ttcp/22\t",
  "a comment behind": "ACCESS tcp/22 # and udp/53",
  "a comment without a blank": "ACCESS tcp/22#",
  "a semicolon": "ACCESS tcp/22;",
  "a comment and blank lines before": "\n# x\n; y\n   \n  # z\nACCESS tcp/22",
  "capitals": "ACCESS TCP/22",
  "the last one wins": "ACCESS udp/1\nACCESS tcp/22",
}, async (line) => {
  for (const end of ["\n", "\r\n"]) {
    const text = `\uFEFF${STANZA.replace("ACCESS tcp/22", line)}`.replaceAll("\n", end);
    const { targets, problems, remarks } = await read(text);
    assertEquals([problems, remarks], [[], []]);
    assertEquals(targets.map(({ opens }) => opens?.map(renderService)), [["22/tcp"]]);
  }
});

table<readonly [string, string]>(".fwknoprc: wrong lines", {
  "an equals sign": [
    "ACCESS = tcp/22",
    '3: "=" is not a separator: write NAME value, or NAME: value',
  ],
  "a colon of its own": [
    "ACCESS : tcp/22",
    '3: ":" is not a separator: write NAME value, or NAME: value',
  ],
  "no value": ["ACCESS", "3: the line has no value: write NAME value"],
  "a comment for a value": ["ACCESS #tcp/22", "3: the line has no value: write NAME value"],
  "an unknown key": ["hunter2 x", "3: unknown key"],
  "a slip": ["ACESS x", '3: unknown key "ACESS", did you mean "ACCESS"?'],
  "small letters": ["access tcp/22", '3: unknown key "access", did you mean "ACCESS"?'],
  "a list with blanks": [
    "ACCESS tcp/22, udp/53",
    "3: ACCESS: is not a list of ports: use tcp/22, or tcp/22,udp/53",
  ],
  "a header that is not closed": ["[foo bar", "3: unknown key"],
  "a long line": [`ACCESS ${"x".repeat(1_020)}`, "3: the line is too long: use at most 1023 bytes"],
}, async ([line, problem]) => {
  assertEquals(await listProblems(STANZA.replace("ACCESS tcp/22", line)), [problem]);
});

/** A value that is used or harmless, and one that is wrong, of each key. */
const VALUES: Readonly<Record<string, readonly [good: string | undefined, bad?: string]>> = {
  SPA_SERVER: ["192.0.2.1", "a_:b"],
  SPA_SERVER_PORT: ["1", "0"],
  SPA_SERVER_PROTO: ["TCP", "http"],
  SPA_SOURCE_PORT: ["0", "53"],
  RAND_PORT: ["N", "y"],
  ACCESS: ["udp/53", "none/0"],
  ALLOW_IP: ["resolve", "fe80::1"],
  RESOLVE_URL: ["https://x.example/", "x.example"],
  RESOLVE_IP_HTTP: ["Y"],
  RESOLVE_IP_HTTPS: ["Y"],
  RESOLVE_HTTP_ONLY: ["Y"],
  KEY: ["k", "x".repeat(33)],
  KEY_BASE64: [KEY, "hunter2!"],
  HMAC_KEY: ["h", "x".repeat(129)],
  HMAC_KEY_BASE64: [HMAC_KEY, "hunter2!"],
  USE_HMAC: ["N"],
  KEY_FILE: [undefined, "f"],
  HMAC_KEY_FILE: [undefined, "f"],
  HMAC_DIGEST_TYPE: ["SHA512", "sha3_256"],
  DIGEST_TYPE: ["md5", "crc"],
  ENCRYPTION_MODE: ["CBC", "legacy"],
  FW_TIMEOUT: ["60", "0"],
  NAT_ACCESS: ["192.168.1.5,80", "x:y"],
  NAT_LOCAL: ["Y"],
  NAT_PORT: ["5000", "70000"],
  NAT_RAND_PORT: ["N", "Y"],
  TIME_OFFSET: ["-3m", "soon"],
  SPOOF_USER: ["bob", "a/b"],
  SPOOF_SOURCE_IP: [undefined, "192.0.2.1"],
  SERVER_RESOLVE_IPV4: ["Y"],
  USE_GPG: ["N", "Y"],
  USE_GPG_AGENT: ["Y"],
  GPG_RECIPIENT: ["x"],
  GPG_SIGNER: ["x"],
  GPG_HOMEDIR: ["/x"],
  GPG_EXE: ["/x"],
  GPG_NO_SIGNING_PW: ["Y"],
  GPG_SIGNING_PW: [undefined, "hunter2"],
  GPG_SIGNING_PW_BASE64: [undefined, "eHg="],
  USE_WGET_USER_AGENT: ["Y"],
  HTTP_USER_AGENT: ["x"],
  WGET_CMD: ["/x"],
  VERBOSE: ["2"],
  NO_SAVE_ARGS: ["Y"],
};

Deno.test(".fwknoprc: each key is in the table of values", () => {
  assertEquals(Object.keys(VALUES), Object.keys(RC_KEYS));
});

table(".fwknoprc: each key", VALUES, async ([good, bad], key) => {
  if (good !== undefined) {
    const { targets, problems } = await read(`${STANZA}${key} ${good}\n`);
    assertEquals([targets.length, problems], [1, []]);
  }
  if (bad !== undefined) {
    const [problem = "", ...more] = await listProblems(`${STANZA}${key} ${bad}\n`);
    assertEquals(more, []);
    assert(problem.startsWith(`7: ${key}: `), problem);
    assert(!problem.includes(bad) || /^[yY0f]$/.test(bad) || bad === "192.0.2.1", problem);
  }
});

table<readonly [string, readonly string[]]>(".fwknoprc: [default]", {
  "comes first wherever it is": [`[A]\nSPA_SERVER a\n[DEFAULT]\nACCESS tcp/1\n${KEYS}`, [
    "A a 1/tcp",
  ]],
  "is overridden": [`[default]\nACCESS tcp/1\n${KEYS}[a]\nSPA_SERVER a\nACCESS udp/2\n`, [
    "a a 2/udp",
  ]],
  "alone is a target": [`[default]\nSPA_SERVER d\nACCESS tcp/1\n${KEYS}`, ["d d 1/tcp"]],
  "with a server and ports is one beside others": [
    `[default]\nSPA_SERVER d\nACCESS tcp/1\n${KEYS}[b]\nSPA_SERVER b\n`,
    ["d d 1/tcp", "b b 1/tcp"],
  ],
  "without a server is none beside others": [
    `[default]\nACCESS tcp/1\n${KEYS}[b]\nSPA_SERVER b\n`,
    ["b b 1/tcp"],
  ],
  "a stanza that is there twice is one": [
    `[x]\nSPA_SERVER x\n[y]\nSPA_SERVER y\nACCESS tcp/1\n${KEYS}[X]\nACCESS tcp/2\n${KEYS}`,
    ["x x 2/tcp", "y y 1/tcp"],
  ],
  "only comments": ["[default]\n#SPA_SERVER x\n", []],
}, async ([text, expected]) => {
  const { targets, problems } = await read(text);
  assertEquals(problems, []);
  assertEquals(
    targets.map(({ name, host, opens }) => `${name} ${host} ${opens?.map(renderService).join()}`),
    expected,
  );
});

table<readonly [string, string]>(".fwknoprc: what is missing or does not go together", {
  "no server": [
    STANZA.replace(/SPA_SERVER.*\n/, ""),
    "1: the stanza has no SPA_SERVER: use --host HOST",
  ],
  "no ports": [STANZA.replace(/ACCESS.*\n/, ""), "1: the stanza has no ACCESS: add ACCESS tcp/22"],
  "no HMAC": [
    STANZA.replace(/HMAC.*\n/, ""),
    "1: the stanza has no HMAC_KEY_BASE64: packets without HMAC are not supported",
  ],
  "the same keys": [
    `${STANZA}KEY x\nHMAC_KEY x\n`,
    "1: the key and the HMAC key are the same: fwknop needs two that differ",
  ],
  "NAT_PORT of two ports": [
    `${STANZA}ACCESS tcp/1,tcp/2\nNAT_PORT 9\n`,
    "1: NAT_PORT needs a single port in ACCESS",
  ],
  "two places of NAT": [
    `${STANZA}NAT_LOCAL Y\nNAT_ACCESS 10.0.0.1:1\n`,
    "1: NAT_LOCAL with another host in NAT_ACCESS is not supported: remove one of them",
  ],
}, async ([text, problem]) => {
  assertEquals(await listProblems(text), [problem]);
});

Deno.test(".fwknoprc: a packet that is too long names the stanza", async () => {
  const ports = Array.from({ length: 40 }, (_, index) => `tcp/${60_000 + index}`).join(",");
  const [problem = ""] = await listProblems(`${STANZA}ACCESS ${ports}\n`);
  assertStringIncludes(problem, "1: the packet would have ");
});

Deno.test(".fwknoprc: what is wrong in [default] is named once, and spoils its stanzas", async () => {
  const { targets, problems } = await read(
    `[default]\nACCESS x\n${KEYS}[a]\nSPA_SERVER a\n[b]\nSPA_SERVER b\nRAND_PORT Y\n`,
  );
  assertEquals([targets, problems.map(({ line }) => line)], [[], [2, 9]]);
});

Deno.test(".fwknoprc: --host is for a stanza that names no server", async () => {
  const text = `${
    STANZA.replace(/SPA_SERVER.*\n/, "")
  }[other]\nSPA_SERVER x\nACCESS tcp/1\n${KEYS}`;
  const { targets } = await read(text, "fw.example.com");
  assertEquals(targets.map(({ host }) => host), ["fw.example.com", "x"]);
});

table<readonly [string, string]>(".fwknoprc: remarks", {
  "KEY wins": [`${STANZA}KEY k\n`, "1: KEY is used and KEY_BASE64 is not, as in fwknop"],
  "an address wins over resolve": [
    `[default]\nALLOW_IP 192.0.2.1\n${STANZA.replace("source", "resolve")}`,
    "3: ALLOW_IP resolve has no effect, as in fwknop: another line has an address or source",
  ],
  "no ALLOW_IP": [
    STANZA.replace(/ALLOW.*\n/, ""),
    "1: the stanza has no ALLOW_IP: the packet's source is let in",
  ],
  "no key": [
    STANZA.replace(/\nKEY.*/, ""),
    "1: the stanza has no key: it is asked for, as in fwknop",
  ],
  "text behind a value": [
    STANZA.replace("tcp/22", "tcp/22 udp/53"),
    "3: the value ends at the first blank, as in fwknop: the rest is ignored",
  ],
  "a value that is cut": [
    STANZA.replace("tcp/22", "tcp/22;udp/53"),
    '3: the value ends at the first ";", as in fwknop',
  ],
  "before the first stanza": [
    `ACCESS tcp/1\n${STANZA}`,
    "1: is before the first stanza, and is ignored, as in fwknop",
  ],
  "GnuPG": [
    `${STANZA}GPG_SIGNER x\n`,
    "7: GPG_SIGNER: has no effect: only packets for GnuPG need it",
  ],
}, async ([text, remark]) => {
  const { targets, problems, remarks } = await read(text);
  assertEquals([targets.length, problems], [1, []]);
  assertEquals(remarks.map((each) => renderProblem(each).slice(3)), [remark]);
});
