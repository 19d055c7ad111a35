/** The script that runs on a server, with nftables: what it loads, restores, keeps, refuses and leaves there. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  parseReport,
  parseStatus,
  renderRemove,
  renderStart,
  renderStatus,
} from "../../src/apply/runner.ts";
import { nftables } from "../../src/rules/backends/nftables/nftables.ts";
import { renderRules } from "../../src/rules/render.ts";
import { change } from "../plans.ts";
import { codePlan } from "../rules/fixtures.ts";
import { kernelTest, type Lab } from "./lab.ts";
import { type Box, createBox } from "./runner_lab.ts";
import { HOST } from "./rules_lab.ts";

const TARGET = { kind: "nftables", name: "home", table: "spknock_home" } as const;
const FORMER = renderRules(nftables, change(codePlan(), {}), HOST);
const NEW = FORMER.replace(/tcp dport \{ 22 \}/g, "tcp dport { 22, 23 }");
const DIGEST = "abcd1234";

async function readStatus(box: Box) {
  return parseStatus(await box.must(renderStatus(box.folder, TARGET)));
}

/** All rules, without what goes on with time. */
async function readRules(box: Box): Promise<string> {
  return (await box.must("nft list ruleset")).replace(/ expires \w+/g, "").replace(
    /packets \d+ bytes \d+/g,
    "",
  );
}

async function wait(condition: () => Promise<boolean>, ms = 20_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error("it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Nothing is left but what was kept. */
async function assertQuiet(box: Box): Promise<void> {
  await wait(async () => (await box.processes()).length === 0);
  assertEquals((await box.must("ls /run | grep -x 'spknock[.].*' || :")).trim(), "");
}

async function test(
  name: string,
  run: (box: Box, lab: Lab) => Promise<void>,
  shells = ["dash"],
): Promise<void> {
  for (const shell of shells) {
    await kernelTest(`runner, nftables, ${shell}: ${name}`, async (lab) => {
      await using box = await createBox(lab, { shell });
      await run(box, lab);
      await assertQuiet(box);
    }, { tools: ["unshare", "nsenter", shell] });
  }
}

const SHELLS = ["dash", "bash", "busybox"];

await test(
  "undone as told, and by time, with open doors and other tables as before",
  async (box) => {
    await box.must(
      "nft -f -",
      "table inet other {\n chain c {\n type filter hook input priority 0\n tcp dport 9 drop\n }\n}\n",
    );
    const empty = await readRules(box);
    assertEquals((await box.load(TARGET, FORMER, { digest: DIGEST })).state, "loaded");
    assertEquals((await box.say("undo")).state, "undone");
    assertEquals(await readRules(box), empty);
    assertEquals(await box.must("ls /etc/spknock 2>/dev/null || :"), "");
    await box.must("nft -f -", FORMER);
    await box.must(
      "nft add element inet spknock_home home.open.4 '{ 10.0.0.9 timeout 200s expires 150s }'",
    );
    await box.must("nft add element inet spknock_home home.open.4 '{ 10.0.0.7 timeout 100s }'");
    const before = await readRules(box);
    const openedAt = Date.now();
    const loaded = await box.load(TARGET, NEW, { digest: DIGEST, seconds: 6 });
    assertEquals(loaded.state, "loaded");
    assert(loaded.leftMs !== undefined && loaded.leftMs <= 6_000);
    assertMatch(await readRules(box), /10\.0\.0\.9 timeout 3m20s/);
    await wait(async () => (await box.say("state")).state !== "loaded");
    assertEquals((await box.say("state")).state, "late");
    assertEquals((await box.say("keep")).state, "late");
    assertEquals(await readRules(box), before);
    // The time went on while the other rules were in force.
    const [, minutes = "", seconds = ""] =
      /10\.0\.0\.7 timeout 1m40s expires (?:(\d+)m)?(?:(\d+)s)?/.exec(
        await box.must("nft list ruleset"),
      ) ?? [];
    const leftMs = (Number(minutes) * 60 + Number(seconds)) * 1_000;
    assert(leftMs > 0 && leftMs <= 100_000 - 6_000, `${leftMs}`);
    assert(leftMs >= 100_000 - (Date.now() - openedAt) - 3_000, `${leftMs}`);
  },
  SHELLS,
);

await test("kept, seen, changed by hand, kept again, removed without a trace", async (box) => {
  const before = await readRules(box);
  await box.load(TARGET, FORMER, { digest: DIGEST });
  const unable = await box.say("keep");
  assertEquals([unable.state, unable.files, unable.persist?.status], ["kept", [], "failed"]);
  assertMatch(unable.persist?.reason ?? "", /by spknock rules/);
  assertEquals((await readStatus(box))?.persist, "unable", "no systemd runs");
  assertEquals(await box.must("ls -d /etc/spknock 2>/dev/null || :"), "", "nothing would load it");
  // Somebody loads it by means of his own.
  await box.must("mkdir /etc/spknock; touch /etc/spknock/home.nft");
  await box.load(TARGET, FORMER, { digest: DIGEST });
  const kept = await box.say("keep");
  assertEquals([kept.state, kept.files], ["kept", ["/etc/spknock/home.nft"]]);
  assertEquals((await readStatus(box))?.persistedDigest, DIGEST);
  assertMatch(
    await box.must("head -n 1 /etc/spknock/home.nft"),
    /^# spknock apply: digest abcd1234, \d+\n$/,
  );
  assertEquals(await box.must("stat -c %a /etc/spknock /etc/spknock/home.nft"), "700\n600\n");
  assertEquals((await box.say("undo")).state, "kept");
  const status = await readStatus(box);
  assertEquals([status?.isLoaded, status?.isChanged, status?.digest], [true, false, DIGEST]);
  assert(Math.abs((status?.appliedAt ?? 0) - Date.now()) < 60_000);
  const rules = await readRules(box);
  await box.must("nft delete table inet spknock_home; nft -f /etc/spknock/home.nft");
  assertEquals(await readRules(box), rules, "a boot");
  await box.must("nft add rule inet spknock_home input tcp dport 99 drop");
  assertEquals((await readStatus(box))?.isChanged, true);
  assertEquals(
    (await box.load(TARGET, FORMER, { digest: DIGEST, persists: false })).state,
    "loaded",
  );
  assertEquals((await box.say("keep")).persist?.status, "none");
  assertEquals((await readStatus(box))?.isChanged, false);
  const removed = parseReport(await box.must(renderRemove(box.folder, TARGET)));
  assertEquals([removed.state, removed.files], ["removed", []]);
  assertEquals(await readRules(box), before);
  assertEquals((await box.must("ls -d /etc/spknock /run/spknock* 2>/dev/null || :")).trim(), "");
  assertEquals((await readStatus(box))?.isLoaded, false);
}, SHELLS);

await test(
  "refused: a syntax error, a part of the rules, no nft, no root, a wrong argument",
  async (box) => {
    await box.must("nft -f -", FORMER);
    const before = await readRules(box);
    const bad = await box.load(TARGET, `${NEW}\nthis is wrong\n`, { digest: DIGEST });
    assertEquals(bad.state, "bad");
    assertMatch(bad.detail ?? "", /syntax error/);
    const half = await box.load(TARGET, NEW, { digest: DIGEST, size: NEW.length + 1 });
    assertEquals(half.state, "bad");
    assertMatch(half.detail ?? "", /part of the rules/);
    await box.must("mount --bind /dev/null /usr/sbin/nft");
    assertMatch((await box.load(TARGET, NEW, { digest: DIGEST })).detail ?? "", /nft/);
    await box.must("umount /usr/sbin/nft");
    const line = renderStart(box.folder, {
      ...TARGET,
      table: "x;reboot",
      seconds: 9,
      size: 1,
      digest: "a",
      persists: true,
    });
    assertEquals((await box.run(line)).code, 2);
    assertEquals(await readRules(box), before);
  },
);

await test("the folder goes: undone at once, but not after keep", async (box) => {
  const before = await readRules(box);
  await box.load(TARGET, FORMER, { digest: DIGEST });
  await box.must(`rm -rf ${box.folder}`);
  await wait(async () => await readRules(box) === before);
  await assertQuiet(box);
  const folder = await box.login();
  await box.load(TARGET, FORMER, { digest: DIGEST, folder });
  await box.must(
    `sh ${folder}/run.sh keep ${folder} >/dev/null 2>&1 & sleep 0.1; rm -rf ${folder}`,
  );
  await assertQuiet(box);
  // The login ended while it was decided: the one or the other, whole.
  const isKept = await box.must("cat /run/spknock/home.applied 2>/dev/null || :") !== "";
  assertEquals((await readRules(box)).includes("spknock_home"), isKept);
});

await test("the process is killed: the rules of before, by the second process, or by the next load", async (box) => {
  await box.must("nft -f -", FORMER);
  const before = await readRules(box);
  const kill =
    "for each in /run/spknock.home/owner.*; do each=${each##*owner.}; kill -9 ${each%.*}; done";
  await box.load(TARGET, NEW, { digest: DIGEST });
  await box.must(kill);
  await wait(async () => await readRules(box) === before);
  await wait(async () => (await box.say("state")).state !== "loaded");
  assertEquals((await box.say("state")).state, "late");
  await assertQuiet(box);
  // Both are killed: the rules stay as they are until the next load finds the dead lock.
  const folder = await box.login();
  await box.load(TARGET, NEW, { digest: DIGEST, folder });
  await box.must(
    `for each in /proc/[0-9]*; do grep -q 'run.sh.watch' $each/cmdline 2>/dev/null && ! [ $each = /proc/$$ ] && kill -9 \${each#/proc/}; done; ${kill}`,
  );
  const next = await box.load(TARGET, NEW, {
    digest: DIGEST,
    folder: await box.login(),
    seconds: 4,
  });
  assertEquals(next.state, "loaded");
  await wait(async () => await readRules(box) === before);
});

await test("two at once, and many at a dead lock: one has it", async (box) => {
  const folders = [await box.login(), await box.login(), await box.login(), await box.login()];
  const rounds = Number(Deno.env.get("SPKNOCK_APPLY_ROUNDS") ?? 3);
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 1) {
      // A number that is in use again, by a process with another start time.
      await box.must("mkdir /run/spknock.home; touch /run/spknock.home/owner.1.5");
    }
    const reports = await Promise.all(
      folders.map((folder) =>
        box.load(TARGET, FORMER, { digest: DIGEST, folder, persists: false })
      ),
    );
    assertEquals(reports.map(({ state }) => state).toSorted(), ["busy", "busy", "busy", "loaded"]);
    const winner = folders[reports.findIndex(({ state }) => state === "loaded")] ?? "";
    const loser = folders[reports.findIndex(({ state }) => state === "busy")] ?? "";
    await box.say("undo", loser).catch(() => undefined);
    assertEquals((await box.say("state", winner)).state, "loaded");
    assertEquals((await readStatus(box))?.isBusy, true);
    assertEquals(parseReport(await box.must(renderRemove(box.folder, TARGET))).state, "busy");
    assertEquals((await box.say("undo", winner)).state, "undone");
  }
});

await test("sets that were declared otherwise: replaced, and the open source stays open", async (box) => {
  const old = [
    "table inet spknock_home {",
    "set home.open.4 {",
    "type ipv4_addr",
    "flags timeout,interval",
    "}",
    "}",
  ];
  await box.must("nft -f -", `${old.join("\n")}\n`);
  await box.must(
    "nft add element inet spknock_home home.open.4 '{ 10.0.0.9 timeout 200s expires 150s }'",
  );
  const before = await readRules(box);
  assertEquals((await box.run("nft -c -f -", { stdin: NEW })).code, 1);
  assertEquals((await box.load(TARGET, NEW, { digest: DIGEST })).state, "loaded");
  assertMatch(
    await box.must("nft list set inet spknock_home home.open.4"),
    /10\.0\.0\.9 timeout 3m20s expires 2m/,
  );
  assertEquals((await box.say("undo")).state, "undone");
  assertEquals(await readRules(box), before);
  // Elements that do not fit: loaded without them, which is said.
  await box.must(
    "nft -f -",
    "delete table inet spknock_home\ntable inet spknock_home {\nset home.open.4 {\ntype ipv6_addr\nelements = { fd00::1 }\n}\n}\n",
  );
  assertEquals((await box.load(TARGET, NEW, { digest: DIGEST })).state, "loaded");
  assertMatch((await box.say("keep")).detail ?? "", /forgotten/);
});

await test("rules of many megabytes: loaded, and undone", async (box) => {
  // As one-time codes are: 7 MB in commands of 1,000 elements.
  const commands = Array.from({ length: 100 }, (_, part) => {
    const codes = Array.from(
      { length: 1_000 },
      (_, index) => `0x${(part * 1_000 + index).toString(16).padStart(64, "0")}`,
    );
    return `add element inet spknock_home many { ${codes.join(", ")} }`;
  });
  const set = "add set inet spknock_home many { typeof @ih,0,256; }";
  const big = `${FORMER}${set}\n${commands.join("\n")}\n`;
  const before = await readRules(box);
  const loaded = await box.load(TARGET, big, { digest: DIGEST });
  assertEquals([loaded.detail, loaded.state], [undefined, "loaded"]);
  assertEquals((await box.say("undo")).state, "undone");
  assertEquals(await readRules(box), before);
});
