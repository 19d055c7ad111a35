import { assertEquals, assertRejects } from "@std/assert";
import { importTargets } from "../../../src/config/import/import_targets.ts";
import type { TargetDraft } from "../../../src/config/target/keys.ts";
import { ConfigError, renderProblem } from "../../../src/core/errors.ts";
import { table } from "../../table.ts";

const HASH = "0123456789abcdef".repeat(4);

/** A file of version 1 with one sequence, one line each for what is given. */
function file(sequence: string, ...steps: string[]): string {
  return `{ "version": 1, "sequences": [{\n"name": "Home", "host": "fw.example.com"${sequence},\n` +
    `"steps": [\n${steps.join(",\n")}\n]}]}`;
}

async function read(text: string): Promise<{ targets: TargetDraft[]; remarks: string[] }> {
  const { targets, remarks } = await importTargets(text, { file: "app.json" });
  return { targets, remarks: remarks.map(renderProblem) };
}

async function readOne(text: string): Promise<TargetDraft | undefined> {
  return (await read(text)).targets[0];
}

const bytes = (...values: number[]) => ({ kind: "bytes", bytes: Uint8Array.from(values) });
const hash = { kind: "secret", source: { kind: "hash", hash: HASH } };
const none = { kind: "none" };

table("knock on ports: a step is the packet that the app sends", {
  "tcp": ['{"type":"tcp","port":7000,"content":"x","encoding":"raw"}', none],
  "udp without content": ['{"type":"udp","port":7000,"encoding":"raw"}', none],
  "what is missing is udp and raw": ['{"port":7000,"content":"hi"}', bytes(104, 105)],
  "null is missing": ['{"type":null,"port":7000,"content":null,"udp_payload_size":null}', none],
  "text is UTF-8": ['{"port":7000,"content":"\\u00fc"}', bytes(0xc3, 0xbc)],
  "hex": ['{"port":7000,"content":"00Ff","encoding":"hex"}', bytes(0, 255)],
  "base64": ['{"port":7000,"content":"AP8=","encoding":"base64"}', bytes(0, 255)],
  "base64 without padding": ['{"port":7000,"content":"AP8","encoding":"base64"}', bytes(0, 255)],
  "64 hex digits are a secret": [`{"port":7000,"content":"${HASH}"}`, hash],
  "the same in base64": [`{"port":7000,"content":"${btoa(HASH)}","encoding":"base64"}`, hash],
  "capitals are other bytes": [
    `{"port":7000,"content":"${HASH.toUpperCase()}"}`,
    bytes(...new TextEncoder().encode(HASH.toUpperCase())),
  ],
  "a size fills up": ['{"port":7000,"content":"a","udp_payload_size":3}', bytes(97, 0, 0)],
  "a size cuts": ['{"port":7000,"content":"abc","udp_payload_size":2}', bytes(97, 98)],
  "a size of zero": ['{"port":7000,"content":"abc","udp_payload_size":0}', none],
  "a negative size is none": ['{"port":7000,"content":"a","udp_payload_size":-1}', bytes(97)],
}, async ([step, payload]) => {
  const target = await readOne(file("", step as string));
  const protocol = String(step).includes("tcp") ? "tcp" : "udp";
  assertEquals(target?.knocks as unknown, [{ port: 7000, protocol, payload }]);
});

table("knock on ports: the size of an echo request is its data", {
  "without headers": ['"icmp_type":"without_headers"', 100],
  "with the header of ICMP, as the app names it": ['"icmp_type":"with_ip_header"', 92],
  "missing is the same": ['"ttl":0', 92],
  "with both headers, IPv4": ['"icmp_type":"with_ip_and_icmp_headers","ipv":"only_ipv4"', 72],
  "with both headers, IPv6": ['"icmp_type":"with_ip_and_icmp_headers","ipv":"only_ipv6"', 52],
}, async ([keys, size]) => {
  const target = await readOne(file(`,${keys}`, '{"type":"icmp","icmp_size":100,"icmp_count":2}'));
  const knock = { port: 0, protocol: "icmp", size, payload: none };
  assertEquals(target?.knocks as unknown, [knock, knock]);
});

const STEP = '{"type":"tcp","port":7000}';

table("knock on ports: the settings of a sequence", {
  "delay": [',"delay":250', { delayMs: 250 }],
  "no delay is the app's": ["", { delayMs: 500, family: "any" }],
  "a delay that is too long": [',"delay":60000', { delayMs: 15_000 }],
  "only IPv6": [',"ipv":"only_ipv6"', { family: "ipv6" }],
  "both": [',"ipv":"both_ipv4_ipv6"', { family: "both" }],
  "IPv4 first": [',"ipv":"prefer_ipv4"', { family: "ipv4" }],
  "group": [',"group":"work"', { tags: ["work"] }],
  "unknown keys": [',"x":{"y":[1]},"ttl":0,"local_port":0', {}],
  "local port without udp": [',"local_port":4000', {}],
  "a port that is checked": [
    ',"checkAccess":true,"check_type":"PORT","check_host":"FW.example.com","check_port":22',
    { opens: [{ port: 22, protocol: "tcp" }], tries: 1, timeoutMs: 3_000 },
  ],
  "a page that is checked, and repeated": [
    ',"checkAccess":true,"check_host":"https://fw.example.com/x","check_post_knock":true',
    { probes: [{ type: "http", url: "https://fw.example.com/x" }], tries: 2 },
  ],
  "a ping": [
    ',"checkAccess":true,"check_type":"PING","check_host":"fw.example.com","check_timeout":99',
    { probes: [{ type: "ping" }], timeoutMs: 10_000 },
  ],
}, async ([keys, wanted]) => {
  const target = await readOne(file(keys as string, STEP));
  assertEquals({ ...target, ...(wanted as object) }, { ...target });
});

table("knock on ports: what does not change the knock is remarked", {
  "uri": [',"uri":"ssh://x"', "2: sequences[0].uri: what the app opens"],
  "application": [',"application":"org.x"', "2: sequences[0].application: what the app opens"],
  "IPv6 first": [',"ipv":"prefer_ipv6"', "2: sequences[0].ipv: read as only IPv6"],
  "a check of another host": [
    ',"checkAccess":true,"check_type":"PORT","check_host":"x.example.com","check_port":22',
    "2: sequences[0].check_host: the app's check is left out",
  ],
}, async ([keys, start]) => {
  const { remarks } = await read(file(keys as string, STEP));
  assertEquals(remarks.map((each) => each.slice(0, `app.json:${start}`.length)), [
    `app.json:${start}`,
  ]);
});

Deno.test("knock on ports: version 0 is an array with numbers", async () => {
  const { targets } = await read(
    `[{"name":"A b","host":"192.0.2.7","delay":10,"ipv":4,"localPort":0,"icmp_type":0,"steps":[
      {"type":1,"port":7000},{"type":0,"port":8000,"content":"00","encoding":2},
      {"port":9000},{"type":2,"icmp_size":5}]}]`,
  );
  assertEquals(targets as unknown, [{
    name: "A-b",
    description: "A b",
    host: "192.0.2.7",
    delayMs: 10,
    family: "both",
    knocks: [
      { port: 7000, protocol: "tcp", payload: none },
      { port: 8000, protocol: "udp", payload: bytes(0) },
      { port: 9000, protocol: "udp", payload: none },
      { port: 0, protocol: "icmp", size: 5, payload: none },
    ],
  }]);
});

Deno.test("knock on ports: an array can have the words of version 1", async () => {
  const { targets: [target] } = await read(
    `[{"name":"a","host":"192.0.2.7","ipv":"only_ipv4","steps":[{"type":"tcp","port":7},` +
      `{"type":"udp","port":8,"content":"00","encoding":"hex"}]}]`,
  );
  assertEquals([target?.family, target?.knocks], ["ipv4", [
    { port: 7, protocol: "tcp", payload: none },
    { port: 8, protocol: "udp", payload: bytes(0) },
  ]]);
});

Deno.test("knock on ports: NAME (close) is what shuts NAME", async () => {
  const make = (name: string, host: string, port: number, delay: number) =>
    `{"name":"${name}","host":"${host}","delay":${delay},"steps":[{"type":"tcp","port":${port}}]}`;
  const { targets } = await read(
    `{"version":1,"sequences":[${
      [
        make("a", "h", 1, 50),
        make("a (close)", "h", 2, 50),
        make("b", "h", 3, 50),
        make("b (close)", "i", 4, 50),
        make("c", "h", 5, 50),
        make("c (close)", "H", 6, 70),
      ].join(",\n")
    }]}`,
  );
  const closing = targets.map(({ name, close }) => [name, close?.map((k) => [k.port, k.delayMs])]);
  assertEquals(closing as unknown, [
    ["a", [[2, undefined]]],
    ["b", undefined],
    ["b-close", undefined],
    ["c", [[6, 70]]],
  ]);
});

const DEEP = `{"version":1,"sequences":${"[".repeat(100_000)}`;

table("knock on ports: what cannot be read is named by line and place", {
  "not JSON": ['{"version": 1,\n"sequences": [}', "2: is not JSON: missing value"],
  "cut off": ['{"version": 1,\n"sequences": [', '2: is not JSON: missing "]"'],
  "a comment": ['{"version": 1, // x\n"sequences": []}', "1: is not JSON: it has a comment"],
  "a comma too many": ['{"version": 1,\n"sequences": [],}', '2: is not JSON: missing "key"'],
  "more behind it": ['{"version": 1,\r\n"sequences": []}\r\n1', "3: is not JSON: more text"],
  "deep": [DEEP, "1: is nested too deeply: use at most 64 levels"],
  "a key twice": [
    '{"version": 1,\n"sequences": [],\n"version": 1}',
    "3: an object has one key twice",
  ],
  "no version": ['{\n"sequences": []}', "1: version: missing version: use 1"],
  "another version": ['{"sequences": [],\n"version": 2}', "2: version: is an unknown version"],
  "sequences": ['{"version": 1,\n"sequences": 5}', "2: sequences: is not a list of sequences"],
  "a sequence": ['{"version": 1,\n"sequences": [7]}', "2: sequences[0]: is not a sequence"],
  "version 0, type": [
    '[{"host":"h",\n"steps":[{"type":"sctp","port":1}]}]',
    "2: [0].steps[0].type: ",
  ],
  "version 0, number": [
    '[{"host":"h",\n"steps":[{"type":3,"port":1}]}]',
    "2: [0].steps[0].type: is unknown: use a number from 0 to 2",
  ],
  "steps": [file("") + "", "3: sequences[0].steps: has no step"],
  "a step": [file("", STEP, "7"), "5: sequences[0].steps[1]: is not a step"],
  "type": [
    file("", '{"type":"sctp","port":1}'),
    "4: sequences[0].steps[0].type: is unknown: use udp",
  ],
  "no port": [file("", '{"type":"tcp"}'), "4: sequences[0].steps[0].port: missing port"],
  "null port": [file("", '{"type":"tcp","port":null}'), "4: sequences[0].steps[0].port: missing"],
  "port 0": [file("", '{"type":"tcp","port":0}'), "4: sequences[0].steps[0].port: is not a port"],
  "port 65536": [file("", '{"port":65536}'), "4: sequences[0].steps[0].port: is not a port"],
  "port as text": [
    file("", '{"port":"7"}'),
    "4: sequences[0].steps[0].port: is not a whole number",
  ],
  "huge port": [file("", '{"port":1e999}'), "4: sequences[0].steps[0].port: is not a whole number"],
  "content": [
    file("", '{"port":1,"content":7}'),
    '4: sequences[0].steps[0].content: is not a "string"',
  ],
  "half a character": [
    file("", '{"port":1,"content":"\\ud800"}'),
    "4: sequences[0].steps[0].content: has",
  ],
  "bad hex": [
    file("", '{"port":1,"content":"123","encoding":"hex"}'),
    "4: sequences[0].steps[0].content: is not hex: the app sends an empty packet",
  ],
  "large": [
    file("", '{"port":1,"udp_payload_size":1473}'),
    "4: sequences[0].steps[0].udp_payload_size: has too many bytes: use at most 1472",
  ],
  "many echoes": [
    file("", '{"type":"icmp","icmp_size":9,"icmp_count":1000000000}'),
    "4: sequences[0].steps[0].icmp_count: is too much: use at most 100",
  ],
  "echo of unknown size": [
    file(',"icmp_type":"with_ip_and_icmp_headers"', '{"type":"icmp","icmp_size":99}'),
    "4: sequences[0].steps[0].icmp_size: counts the IP header",
  ],
  "ttl": [file(',\n"ttl":7', STEP), "3: sequences[0].ttl: cannot be sent: set it to 0"],
  "local port": [
    file(',\n"local_port":7', '{"port":1}'),
    "3: sequences[0].local_port: cannot be sent",
  ],
  "ipv": [file(',\n"ipv":"only_ipv5"', STEP), "3: sequences[0].ipv: is unknown"],
  "no host": [
    '{"version":1,"sequences":[\n{"steps":[{"port":1}]}]}',
    "2: sequences[0].host: missing",
  ],
  "host": [
    '{"version":1,"sequences":[{"steps":[{"port":1}],\n"host":"a b"}]}',
    "2: sequences[0].host: is not a host",
  ],
}, async ([text, wanted]) => {
  const options = { file: "app.json", from: "knockonports" };
  const error = await assertRejects(() => importTargets(text as string, options), ConfigError);
  const [first = ""] = error.message.split("\n");
  assertEquals(first.slice(0, `app.json:${wanted}`.length), `app.json:${wanted}`);
  assertEquals(error.problems.length, 1);
});

Deno.test("knock on ports: good sequences stay, and a host can be given", async () => {
  const text = `{"version":1,"sequences":[{"steps":[{"port":1}]},{"host":"h","steps":[]}]}`;
  const options = { file: "app.json", host: "fw.example.com", keepGoing: true };
  const { targets, problems } = await importTargets(text, options);
  assertEquals([targets.map(({ name }) => name), problems.length], [["fw-example-com"], 1]);
});
