/** The script that runs on a server, with OpenWrt's fw4, whose place a script takes that does what fw4 does. */
import { assertEquals, assertMatch } from "@std/assert";
import { parseReport, parseStatus, renderRemove, renderStatus } from "../../src/apply/runner.ts";
import { kernelTest } from "./lab.ts";
import { renderFw4 } from "./openwrt.ts";
import { type Box, createBox } from "./runner_lab.ts";

const TARGET = { kind: "openwrt", name: "home", table: "spknock_home" } as const;
const GOLDEN = new URL("../golden/rules/", import.meta.url);
const FORMER = "doors.nftables-openwrt.nft";
const NEW = "banned.nftables-openwrt.nft";
const FILE = "/etc/nftables.d/spknock_home.nft";
/** A reload empties the table of its rules only, as fw4's does. */
const TABLE = "table inet fw4\nflush table inet fw4\n" +
  renderFw4([]).replace("table inet fw4 {", '$&\n  include "/etc/nftables.d/*.nft"');
const FW4 = `#!/bin/sh
case $1 in check) nft -c -f /mnt/fw4.nft ;; reload) nft -f /mnt/fw4.nft ;; esac
`;

async function load(box: Box, file: string, { persists = true, end = "" } = {}) {
  const rules = await Deno.readTextFile(new URL(file, GOLDEN)) + end;
  return await box.load(TARGET, rules, { seconds: 300, persists });
}

async function readStatus(box: Box) {
  const status = parseStatus(await box.must(renderStatus(box.folder, TARGET)));
  return [status?.isLoaded, status?.persist, status?.persistedDigest, status?.isChanged];
}

/** In no order: what comes back comes at the end. */
const readRules = (box: Box) => box.must("nft -s -t list ruleset | grep . | sort");

/** The way back and its watcher die with the power; mounts go, files stay. */
async function reboot(box: Box): Promise<void> {
  // Only the box's own: all processes of the machine are seen there.
  const runs = "me=$(readlink /proc/self/ns/mnt); for each in /proc/[0-9]*; do " +
    '[ "$(readlink $each/ns/mnt)" = "$me" ] && grep -q run.sh $each/cmdline && ' +
    "[ ${each#/proc/} != $$ ] && kill -9 ${each#/proc/}; done 2>/dev/null; :";
  await box.must(
    `${runs}; while umount ${FILE} 2>/dev/null; do :; done; rm -rf /run/spknock*; nft flush ruleset; fw4 reload`,
  );
}

await kernelTest("runner, OpenWrt's fw4", async (lab, context) => {
  await using box = await createBox(lab, { shell: "busybox" });
  await box.must("mkdir /etc/nftables.d; cat >/mnt/fw4.nft", TABLE);
  await box.must("cat >/mnt/tools/fw4; chmod 755 /mnt/tools/fw4; fw4 reload", FW4);
  const empty = await readRules(box);
  const readFiles = () => box.must("ls -A /etc/nftables.d; mount | grep nftables.d || :");
  await context.step("undone where there was nothing", async () => {
    assertEquals(await load(box, NEW).then(({ detail, state }) => [detail, state]), [
      undefined,
      "loaded",
    ]);
    assertEquals(await readStatus(box), [true, "none", undefined, undefined]);
    assertEquals((await box.say("undo")).state, "undone");
    assertEquals([await readRules(box), await readFiles()], [empty, ""]);
  });
  await context.step("the power goes before they are kept: without them", async () => {
    assertEquals((await load(box, NEW)).state, "loaded");
    await reboot(box);
    assertEquals(await readRules(box), empty);
    assertEquals(await readStatus(box), [false, "none", undefined, undefined]);
  });
  await context.step("refused by fw4", async () => {
    const bad = await load(box, NEW, { end: "nonsense\n" });
    assertEquals(bad.state, "bad");
    assertMatch(bad.detail ?? "", /syntax error/);
    assertEquals([await readRules(box), await readFiles()], [empty, ""]);
  });
  let kept = "";
  await context.step("kept, also over a reboot", async () => {
    assertEquals((await load(box, FORMER)).state, "loaded");
    const report = await box.say("keep");
    assertEquals([report.persist?.status, report.files], ["done", [FILE]]);
    assertEquals(await readStatus(box), [true, "done", "abcd", false]);
    kept = await readRules(box);
    await reboot(box);
    assertEquals(await readRules(box), kept);
    assertEquals(await readStatus(box), [true, "done", "abcd", undefined]);
  });
  await context.step("undone to what was kept; the power goes: what was kept", async () => {
    assertEquals((await load(box, NEW)).state, "loaded");
    assertEquals((await box.say("undo")).state, "undone");
    assertEquals(await readRules(box), kept);
    assertEquals((await load(box, NEW)).state, "loaded");
    await reboot(box);
    assertEquals(await readRules(box), kept);
  });
  await context.step("kept until the next boot only, also over a reload", async () => {
    assertEquals((await load(box, NEW, { persists: false })).state, "loaded");
    const report = await box.say("keep");
    assertEquals([report.persist?.status, report.files], ["none", []]);
    const now = await readRules(box);
    await box.must("fw4 reload");
    assertEquals([await readRules(box), now === kept], [now, false]);
    assertEquals(await readStatus(box), [true, "none", undefined, false]);
  });
  await context.step("removed without a trace", async () => {
    assertEquals(parseReport(await box.must(renderRemove(box.folder, TARGET))).state, "removed");
    assertEquals([await readRules(box), await readFiles()], [empty, ""]);
    assertEquals(await box.must("ls -d /run/spknock* /etc/spknock 2>/dev/null || :"), "");
  });
}, { tools: ["unshare", "nsenter", "busybox", "mount"] });
