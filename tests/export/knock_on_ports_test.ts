import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { importTargets } from "../../src/config/changes.ts";
import { parseConfig } from "../../src/config/mod.ts";
import { ConfigError, UsageError } from "../../src/core/errors.ts";
import { DEFAULT_SETTINGS, makeDefaultProbes, type Target } from "../../src/core/target.ts";
import { exporter } from "../../src/export/forms/knock_on_ports.ts";
import type { ExportDoor, Exported } from "../../src/export/form.ts";
import { table } from "../table.ts";

const HASH = "0123456789abcdef".repeat(4);

async function readDoor(keys: string): Promise<Target> {
  const text = `[targets.home]\nhost = "fw.example.com"\n${keys}`;
  const target = (await parseConfig(text, { file: "t.toml" })).targets.get("home");
  if (target === undefined) throw new Error("no target");
  return target;
}

function write(...doors: ExportDoor[]): Exported {
  return exporter.render(doors) as Exported;
}

/** Exports with each secret collected, and imports what that gives. */
async function goRound(...doors: ExportDoor[]): Promise<Target[]> {
  const { targets } = await importTargets(write(...doors).text, { file: "app.json" });
  return targets.map((draft) => ({
    ...DEFAULT_SETTINGS,
    probes: makeDefaultProbes(draft.opens ?? []),
    ...draft,
  }));
}

const DELAY = 'delay = "100ms"\ncopies = 1\n';

table("export to Knock on Ports and back: the same target", {
  "tcp": 'knocks = [7000, 8000, "9000/tcp"]',
  "regular udp": 'knocks = ["7000/udp"]\nsecret = "none"',
  "a secret": `knocks = ["7000/udp", "8000/udp"]\nsecret = { hash = "${HASH}" }`,
  "text": 'knocks = [{ port = 7000, protocol = "udp", payload = { text = "open sesame" } }]',
  "bytes": 'knocks = [{ port = 7000, protocol = "udp", payload = { hex = "00ff0d" } }]',
  "echoes": 'knocks = [{ protocol = "icmp", size = 128 }, 7000]',
  "an echo with a pattern": 'knocks = [{ protocol = "icmp", payload = { hex = "c0de" } }]',
  "family": 'knocks = [7000]\nfamily = "ipv4"',
  "both families": 'knocks = [7000]\nfamily = "both"',
  "a name with spaces": 'description = "home!"\nknocks = [7000]',
  "a tag": 'knocks = [7000]\ntags = ["work"]',
  "what it opens": 'knocks = [7000]\nopens = ["22/tcp"]\ntries = 4\ntimeout = "7s"',
  "one try": 'knocks = [7000]\nopens = ["22/tcp"]\ntries = 1',
  "a page": 'knocks = [7000]\nprobes = ["https://fw.example.com/"]',
  "a ping": 'knocks = [7000]\nprobes = ["ping"]',
  "closing": "knocks = [7000]\nclose = { knocks = [8000, 9000] }",
  "closing at another pace":
    'knocks = [7000]\nclose = { knocks = [{ port = 8000, delay = "9ms" }, { port = 9000, delay = "9ms" }] }',
}, async (keys) => {
  const target = await readDoor(`${DELAY}${keys}`);
  const payload = new TextEncoder().encode(HASH);
  const opening = target.knocks.map(() => payload);
  const closing = (target.close ?? []).map(() => payload);
  const copies = target.copies;
  const [back] = await goRound({ target, opening, closing });
  assertEquals({ ...back, copies } as unknown, { ...target });
  assertEquals(write({ target, opening, closing }).lost.filter((each) => !/copies/.test(each)), []);
});

Deno.test("export to Knock on Ports: a secret stays here unless it was collected", async () => {
  const target = await readDoor(`knocks = ["7000/udp"]\nsecret = { hash = "${HASH}" }`);
  const { text, lost, holdsSecret } = write({ target });
  assert(!text.includes(HASH));
  assertEquals(holdsSecret, false);
  assertStringIncludes(lost.join("\n"), "home: its secrets: each place says what to put there");
  const [back] = await goRound({ target });
  assertEquals(back?.knocks[0]?.payload, { kind: "secret", source: { kind: "prompt" } });
  const opening = [new TextEncoder().encode(HASH)];
  const full = write({ target, opening, closing: [] });
  assertEquals([full.holdsSecret, JSON.parse(full.text).sequences[0].steps], [true, [
    { type: "udp", port: 7000, content: HASH, encoding: "raw" },
  ]]);
});

Deno.test("export to Knock on Ports: a fixed payload stays here, too", async () => {
  const keys = 'knocks = [{ port = 7000, protocol = "udp", payload = { text = "sesame" } }]';
  const target = await readDoor(keys);
  const { text, holdsSecret } = write({ target });
  assertEquals([text.includes("sesame"), holdsSecret], [false, false]);
  const error = await assertRejects(() => importTargets(text, { file: "app.json" }), ConfigError);
  assertStringIncludes(error.message, "steps[0].content: is a placeholder");
  assertEquals(write({ target, opening: [new Uint8Array(1)] }).holdsSecret, true);
});

table("export to Knock on Ports: what is lost is named", {
  'delay = "auto"': 'the delay "auto": each step waits 50ms',
  'delay = "20s"\nstage_timeout = "1m"': "a delay of more than 15s",
  'description = "x"': "its description",
  'tags = ["a", "b"]': "its tags after the first one",
  'source = "eth0"': "its source address",
  'admin = "root@x"': "its admin",
  'handshake = "100ms"': "the time for the handshake of a tcp knock",
  "copies = 2": "copies: each packet is sent once",
  'open_for = "1m"': "how long the door stays open",
  'stage_timeout = "9s"': "the firewall's stage timeout",
  'probes = ["ssh"]': "its probes",
  'probes = ["22/tcp", "ping"]': "all probes but the first",
  'opens = ["22/tcp", "80/tcp"]': "that it opens 80/tcp",
  'opens = ["22/tcp"]\ntries = 9': "more than 5 tries",
  "tries = 9": "how often it is tried",
  'opens = ["22/tcp"]\ntimeout = "1m"':
    "the time for a try's probes: the app takes 1 to 10 seconds",
  'connect = { host = "x" }': "where connect leads",
  'after = [{ type = "exec", command = ["true"] }]': "what runs afterwards",
}, async (loss, keys) => {
  const fixed = /delay|copies/.test(keys) ? "" : DELAY;
  const rest = keys.startsWith("delay")
    ? "copies = 1\n"
    : keys === "copies = 2"
    ? 'delay = "0s"\n'
    : "";
  const target = await readDoor(`knocks = [7000]\n${fixed}${rest}${keys}`);
  const lost = write({ target }).lost.filter((each) =>
    !keys.includes("20s") || !/stage/.test(each)
  );
  assertEquals(lost, [`home: ${loss}`]);
});

Deno.test("export to Knock on Ports: uneven delays become the longest", async () => {
  const target = await readDoor('knocks = [{ port = 1, delay = "1s" }, 2, 3]\ndelay = "10ms"');
  const { text, lost } = write({ target });
  assertEquals(JSON.parse(text).sequences[0].delay, 1_000);
  assertStringIncludes(lost.join(), "each step waits as long as the longest");
});

table("export to Knock on Ports: what the app cannot send is refused", {
  "one-time codes": { rolling: {} },
  "one-time sequences": { oneTime: "codes" },
  "a packet of fwknop": { fwknop: {} },
}, async (other, what) => {
  const target = { ...await readDoor("knocks = [1]"), ...other } as Target;
  const error = assertThrows(() => write({ target }), UsageError);
  assertEquals(error.message, `--as knockonports cannot send ${what}`);
});
