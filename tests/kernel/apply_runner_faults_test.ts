/** The script that runs on a server where something fails: full disks, a read-only /etc; and beside systemd. */
import { assertEquals, assertMatch } from "@std/assert";
import {
  parseReport,
  parseStatus,
  renderRemove,
  renderStart,
  renderStatus,
  renderUpload,
} from "../../src/apply/runner.ts";
import { kernelTest } from "./lab.ts";
import { type Box, createBox } from "./runner_lab.ts";

const TARGET = { kind: "nftables", name: "home", table: "spknock_home" } as const;
const RULES = await Deno.readTextFile(
  new URL("../golden/rules/banned.nftables.nft", import.meta.url),
);

async function isLoaded(box: Box): Promise<boolean> {
  return (await box.must("nft list tables")).includes("spknock_home");
}

async function test(name: string, run: (box: Box) => Promise<void>): Promise<void> {
  await kernelTest(`runner, ${name}`, async (lab) => {
    await using box = await createBox(lab);
    await run(box);
  }, { tools: ["unshare", "nsenter"] });
}

const FILL = (folder: string) => `cat /dev/zero >${folder}/fill 2>/dev/null; :`;

await test("full disks: nothing is changed, or the way back works", async (box) => {
  await box.must("mount -o remount,size=1m /run; mount -o remount,size=1m /tmp");
  await box.must(renderUpload(box.folder, "rules"), RULES);
  for (
    const [folder, reason] of [["/run", /is \/run full|has \/run room|no room/], [
      "/tmp",
      /no room/,
    ]] as const
  ) {
    await box.must(FILL(folder));
    const full = await box.start(TARGET, RULES);
    assertEquals([full.state, await isLoaded(box)], ["failed", false]);
    assertMatch(full.detail ?? "", reason);
    await box.must(`rm ${folder}/fill`);
  }
  // Full once the rules are loaded.
  for (const verb of ["undo", "keep"] as const) {
    assertEquals((await box.start(TARGET, RULES)).state, "loaded");
    await box.must(`${FILL("/run")}; ${FILL("/tmp")}`);
    const end = await box.say(verb);
    assertEquals([end.state, await isLoaded(box)], [
      verb === "undo" ? "undone" : "kept",
      verb === "keep",
    ]);
    await box.must("rm /run/fill /tmp/fill");
  }
  assertEquals((await box.must("ls -d /run/spknock.* || :")).trim(), "");
});

await test("a read-only /etc, and a full one: in force, not persisted, nothing half-written", async (box) => {
  await box.must("mount -o remount,bind,ro /etc");
  await box.load(TARGET, RULES);
  const kept = await box.say("keep");
  assertEquals([kept.state, kept.persist?.status, await isLoaded(box)], ["kept", "failed", true]);
  assertMatch(kept.persist?.reason ?? "", /cannot be written/);
  await box.must(
    "mount -o remount,bind,rw /etc; mkdir /etc/spknock; mount -t tmpfs -o size=4k tmpfs /etc/spknock",
  );
  await box.load(TARGET, RULES);
  assertEquals((await box.say("keep")).persist?.status, "failed");
  assertEquals(await box.must("ls -A /etc/spknock"), "");
  await box.must("umount /etc/spknock; touch /etc/spknock/home.nft");
  await box.load(TARGET, RULES);
  assertEquals((await box.say("keep")).files, ["/etc/spknock/home.nft"]);
  await box.must("mount -o remount,bind,ro /etc");
  const removed = parseReport(await box.must(renderRemove(box.folder, TARGET)));
  assertEquals([removed.state, removed.persist?.status, removed.files, await isLoaded(box)], [
    "removed",
    "failed",
    ["/etc/spknock/home.nft"],
    false,
  ]);
});

/** What stands for systemd, which is not booted here: a service runs, then its ExecStopPost, also when it was killed. */
const STUBS = {
  "systemd-run": `post=
while :; do case $1 in --property=ExecStopPost=-*) post=\${1#*=-} ;; --*) ;; *) break ;; esac; shift; done
echo "$*" >>/mnt/services
setsid sh -c '"$@"; $0' "$post" "$@" </dev/null >/dev/null 2>&1 &`,
  systemctl: `echo "$*" >>/mnt/systemctl
case "$*" in
  "is-enabled --quiet nftables.service") [ -e /mnt/enabled ] ;;
  "is-enabled --quiet spknock-"*) [ -e /mnt/unit ] ;;
  "show -p ExecStart nftables.service")
    echo 'ExecStart={ path=/usr/sbin/nft ; argv[]=/usr/sbin/nft -f /etc/nftables.conf ; ignore_errors=no }' ;;
  "--quiet disable "*) rm /mnt/unit ;;
  "--quiet enable --now "*)
    [ ! -e /mnt/broken ] || exit 1
    touch /mnt/unit
    sh -c "$(sed -n 's/^ExecStart=//p' "/etc/systemd/system/$4")" ;;
esac`,
};

async function addSystemd(box: Box): Promise<void> {
  await box.must("mkdir -p /run/systemd/system /etc/systemd/system");
  for (const [name, text] of Object.entries(STUBS)) {
    await box.must(`cat >/mnt/tools/${name}; chmod 755 /mnt/tools/${name}`, `#!/bin/sh\n${text}\n`);
  }
}

await test("beside systemd: a service with ExecStopPost, which restores after a kill", async (box) => {
  await addSystemd(box);
  assertEquals((await box.load(TARGET, RULES)).state, "loaded");
  assertMatch(
    await box.must("cat /mnt/services"),
    /^\/bin\/sh \/run\/spknock\.home\/run\.sh run home \S+ service\n$/,
  );
  assertEquals((await box.processes()).filter((line) => line.includes(" watch ")), []);
  await box.must(
    "for each in /run/spknock.home/owner.*; do each=${each##*owner.}; kill -9 ${each%.*}; done",
  );
  while ((await box.say("state")).state === "loaded") {
    await new Promise((go) => setTimeout(go, 100));
  }
  assertEquals([(await box.say("state")).state, await isLoaded(box)], ["late", false]);
  assertEquals((await box.must("ls -d /run/spknock.* || :")).trim(), "");
});

await test("beside systemd: a unit where nothing flushes, a line in the file that does", async (box) => {
  await addSystemd(box);
  const conf = await box.must("cat /etc/nftables.conf");
  const status = async () => parseStatus(await box.must(renderStatus(box.folder, TARGET)))?.persist;
  await box.must("touch /mnt/broken");
  await box.load(TARGET, RULES);
  const broken = await box.say("keep");
  assertEquals([broken.persist?.status, broken.files, await status()], ["failed", [], "none"]);
  assertEquals(
    await box.must("ls -A /etc/systemd/system; ls -d /etc/spknock 2>&1 || :"),
    "ls: cannot access '/etc/spknock': No such file or directory\n",
  );
  await box.must("rm /mnt/broken");
  await box.load(TARGET, RULES);
  const unit = await box.say("keep");
  assertEquals([unit.persist?.status, unit.files], ["done", [
    "/etc/spknock/home.nft",
    "/etc/systemd/system/spknock-home.service",
  ]]);
  assertMatch(
    await box.must("cat /etc/systemd/system/spknock-home.service"),
    /^StartLimitIntervalSec=0$/m,
  );
  assertEquals(await status(), "done");
  assertMatch(
    await box.must("cat /mnt/systemctl"),
    /^--quiet enable --now spknock-home\.service$/m,
  );
  await box.must("touch /mnt/enabled");
  await box.load(TARGET, RULES);
  const line = await box.say("keep");
  assertEquals([line.persist?.status, line.files], ["done", [
    "/etc/spknock/home.nft",
    "/etc/nftables.conf",
  ]]);
  assertEquals(await box.must("ls /etc/systemd/system"), "");
  assertEquals(
    await box.must("cat /etc/nftables.conf"),
    `${conf}include "/etc/spknock/*.nft" # added by spknock apply\n`,
  );
  assertEquals(await status(), "done");
  // As a boot, and as a reload by hand.
  await box.must("nft -f /etc/nftables.conf");
  assertEquals(await isLoaded(box), true);
  await box.load(TARGET, RULES);
  assertEquals((await box.say("keep")).persist?.status, "done");
  assertEquals(
    parseReport(await box.must(renderRemove(box.folder, TARGET))).persist?.status,
    "none",
  );
  assertEquals(await box.must("cat /etc/nftables.conf; ls /etc/spknock 2>/dev/null || :"), conf);
  // A file that nft refuses, after our line too: it stays as it was.
  await box.must("echo nonsense >>/etc/nftables.conf");
  await box.load(TARGET, RULES);
  assertMatch((await box.say("keep")).persist?.reason ?? "", /could not be added/);
  assertEquals(
    await box.must("cat /etc/nftables.conf; ls -d /etc/*.spknock /etc/spknock 2>/dev/null || :"),
    `${conf}nonsense\n`,
  );
});

await test("a refusal that nothing reads any more releases the lock", async (box) => {
  await box.must(renderUpload(box.folder, "rules"), RULES);
  const wrong = { ...TARGET, seconds: 60, size: 1, digest: "abcd", persists: false };
  // The reader has gone before the script prints.
  await box.run(`{ sleep 0.5; ${renderStart(box.folder, wrong)}; } | :`);
  assertEquals((await box.must("ls /run")).match(/spknock/g), null);
});
