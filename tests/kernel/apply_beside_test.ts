/** `apply` beside what a server and its users do at the same time: sessions, open doors, other applies, a boot. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HAS_SCRIPT, Session } from "../e2e/terminal.ts";
import { APPLY_TOOLS, type ApplyLab, createApplyLab, PASSWORD } from "./apply_lab.ts";
import {
  applyHome,
  assertDoorWorks,
  assertLogin,
  listOpened,
  login,
  PATIENCE_MS,
  readApplied,
  readRules,
  renderHome,
  waitForEnd,
  waitUntil,
} from "./apply_play.ts";
import { commandOf } from "./exec.ts";
import { kernelTest, type Lab } from "./lab.ts";

const ROLLBACK = ["--rollback", "60s"];

/** A lab with the target "home". */
async function makeLab(
  lab: Lab,
  options: Parameters<typeof createApplyLab>[1] = {},
): Promise<ApplyLab> {
  const apply = await createApplyLab(lab, options);
  await apply.home.write(renderHome(apply.server.ipv4));
  return apply;
}

/** A session of a user, who types lines and reads their echo. */
function openSession(
  { client }: Lab,
  { ssh, place }: ApplyLab,
): AsyncDisposable & { say(word: string): Promise<string> } {
  const words = [...ssh, "-S", "none", place("guest"), "while read -r line; do echo $line; done"];
  const child = commandOf(["ip", "netns", "exec", client.name, ...words], {
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const [keyboard, screen] = [child.stdin.getWriter(), child.stdout.getReader()];
  return {
    async say(word) {
      await keyboard.write(new TextEncoder().encode(`${word}\n`));
      const { promise: silence, resolve } = Promise.withResolvers<string>();
      const timer = setTimeout(() => resolve("nothing"), PATIENCE_MS);
      const echo = screen.read().then(({ value }) => new TextDecoder().decode(value).trim());
      const heard = await Promise.race([echo, silence]);
      clearTimeout(timer);
      return heard;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await screen.cancel();
      await child.status;
    },
  };
}

await kernelTest(
  "apply: other sessions live through it, and open doors stay open",
  async (lab, t) => {
    await using apply = await makeLab(lab);
    // Of another machine: those of this one are shut for the proof.
    const friend = lab.client.ipv4.replace(/\d+$/, "99");
    await using session = openSession(lab, apply);
    assertEquals(await session.say("before"), "before");
    // No systemd is booted here: an administrator who loads the file in another way has one already.
    await apply.read("mkdir -p -m 700 /etc/spknock && : >/etc/spknock/home.nft");
    await t.step("another user's session", async () => {
      const { status, stderr } = await applyHome(apply, ROLLBACK);
      assertEquals(status, "applied", stderr);
      assertEquals(await session.say("after"), "after");
    });
    await t.step("a door that is open for another source, with its clock", async () => {
      await apply.read(
        `nft add element inet spknock_home home.open.4 '{ ${friend} timeout 40m expires 20m }'`,
      );
      const { status, stderr } = await applyHome(apply, [...ROLLBACK, "--open-for", "7m"]);
      assertEquals(status, "applied", stderr);
      assertEquals((await listOpened(apply)).toSorted(), [lab.client.ipv4, friend].toSorted());
      const set = await apply.read("nft list set inet spknock_home home.open.4");
      assertMatch(set, new RegExp(`${friend.replaceAll(".", "\\.")} timeout 40m expires 1\\dm`));
      await lab.client.run(["ip", "addr", "add", `${friend}/24`, "dev", "knock0"]);
      const { code } = await lab.client.exec([
        ...apply.ssh,
        ...["-S", "none", "-b", friend, "-o", "ConnectTimeout=30", apply.place(), "true"],
      ]);
      assertEquals(code, 0);
      assertEquals(await session.say("again"), "again");
    });
    await t.step("a boot: the file gives the same rules to an empty machine", async () => {
      const booted = "nft -f /etc/spknock/home.nft && nft -s -t list ruleset";
      assertEquals(await apply.read(`unshare -n sh -c '${booted}'`), await readRules(apply));
    });
    await assertDoorWorks(lab, apply);
  },
  { tools: APPLY_TOOLS },
);

/** What Docker loads for a container whose port 8080 is published. */
const DOCKER = `*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`;

await kernelTest("apply: beside Docker's chains, which stay as they are", async (lab) => {
  await using apply = await makeLab(lab);
  await lab.server.run(["iptables-restore"], { stdin: DOCKER });
  const before = await readRules(apply);
  const chains = await readTables(apply);
  const { status, stderr } = await applyHome(apply, ROLLBACK);
  assertEquals(status, "applied", stderr);
  assertEquals(await readTables(apply), chains);
  await assertDoorWorks(lab, apply);
  const removed = await applyHome(apply, ["--remove"]);
  assertEquals(removed.status, "removed", removed.stderr);
  assertEquals(await readRules(apply), before);
}, { tools: [...APPLY_TOOLS, "iptables-restore"] });

await kernelTest("apply: ufw drops the port, until its command is run", async (lab) => {
  await using apply = await makeLab(lab, { sshd: ["Port 2222"] });
  await apply.read("ufw --force reset && ufw allow 2222/tcp && ufw --force enable");
  const before = await readRules(apply);
  const ssh = `${apply.sshText} -p 2222`;
  const refused = await applyHome(apply, ROLLBACK, { ssh });
  assertEquals([refused.status, refused.code], ["refused", 1], refused.stderr);
  assertMatch(refused.problem, /^ufw drops 22\/tcp/);
  assertEquals(refused.hint, "run there: ufw allow 22/tcp");
  assertEquals(await readRules(apply), before);
  await apply.read("ufw allow 22/tcp");
  const { status, stderr } = await applyHome(apply, ROLLBACK, { ssh });
  assertEquals(status, "applied", stderr);
  await apply.read("ufw reload");
  await assertDoorWorks(lab, apply);
}, { tools: [...APPLY_TOOLS, "ufw", "iptables"] });

await kernelTest("apply: beside firewalld, and its reload", async (lab) => {
  await using apply = await makeLab(lab);
  await apply.read(
    "mkdir -p /run/dbus && mount -t tmpfs spknock /var/log && dbus-daemon --system --fork --nopidfile",
  );
  await apply.read("firewalld --nofork --nopid >/run/firewalld.log 2>&1 </dev/null &");
  await waitUntil(async () => (await apply.sh("firewall-cmd --state")).code === 0, {
    what: () => apply.read("cat /run/firewalld.log"),
  });
  const { status, stderr } = await applyHome(apply, ROLLBACK);
  assertEquals(status, "applied", stderr);
  await apply.read("firewall-cmd --reload");
  await assertDoorWorks(lab, apply);
  const removed = await applyHome(apply, ["--remove"]);
  assertEquals(removed.status, "removed", removed.stderr);
  await assertLogin(lab, apply);
}, { tools: [...APPLY_TOOLS, "firewalld", "firewall-cmd", "dbus-daemon"] });

await kernelTest("apply: two at once are never both half", async (lab) => {
  await using apply = await makeLab(lab);
  const [first, second] = await Promise.all(
    ["6m", "7m"].map((time) => applyHome(apply, [...ROLLBACK, "--open-for", time])),
  );
  const ends = [first, second].map((each) => each?.status);
  const text = `${first?.stderr}${second?.stderr}`;
  assertEquals(ends.includes("applied"), true, text);
  for (const each of [first, second]) {
    if (each?.status === "applied") continue;
    assertEquals([each?.status, each?.code], ["refused", 1], text);
    assertMatch(each?.problem ?? "", /another apply .* is under way/);
  }
  const rules = await readRules(apply);
  const times = new Set([...rules.matchAll(/saddr timeout (\dm) \}/g)].map(([, time]) => time));
  assertEquals(times.size, 1, rules);
  if (ends[1] !== "applied") assertEquals([...times], ["6m"]);
  if (ends[0] !== "applied") assertEquals([...times], ["7m"]);
  await waitForEnd(apply);
  await assertDoorWorks(lab, apply);
}, { tools: APPLY_TOOLS });

await kernelTest("apply: an old one that wakes up does nothing to a later one", async (lab) => {
  await using apply = await makeLab(lab);
  const words = ["apply", "home", apply.place(), "--ssh", apply.sshText, "--yes", "--json"];
  const old = apply.start([...words, "--rollback", "20s", "--open-for", "6m"]);
  await old.stdin.close();
  const isThere = async (file: string) => (await apply.sh(`[ -e ${file} ]`)).code === 0;
  await waitUntil(() => isThere("/run/spknock.home/armed"), {
    what: () => Promise.resolve("it loads nothing"),
  });
  old.kill("SIGSTOP");
  const during = await applyHome(apply, [...ROLLBACK, "--open-for", "7m"]);
  assertEquals(during.status === "refused" || during.status === "applied", true, during.stderr);
  await waitUntil(async () => !await isThere("/run/spknock.home"), {
    what: () => Promise.resolve("its way back does not fire"),
  });
  const later = await applyHome(apply, [...ROLLBACK, "--open-for", "8m"]);
  assertEquals(later.status, "applied", later.stderr);
  const rules = await readRules(apply);
  old.kill("SIGCONT");
  const { code, stdout, stderr } = await old.output();
  const decoder = new TextDecoder();
  const end = readApplied({ code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) });
  assertEquals(end.status === "applied", false, end.stdout);
  assertEquals(await readRules(apply), rules);
  await waitForEnd(apply);
  await assertDoorWorks(lab, apply);
}, { tools: APPLY_TOOLS });

await kernelTest("apply: what is on the way is noticed, and said", async (lab, t) => {
  await using apply = await makeLab(lab);
  const config = async (name: string, lines: readonly string[]) => {
    const common = await Deno.readTextFile(`${apply.home.path}/ssh_config`);
    const text = `Host *\n${lines.map((line) => `  ${line}\n`).join("")}${common}`;
    await Deno.writeTextFile(`${apply.home.path}/${name}`, text);
    return `ssh -F ${apply.home.path}/${name}`;
  };
  const before = await readRules(apply);
  await t.step("a jump host: refused", async () => {
    // The address of the server itself, by itself: the inner ssh reads another file.
    const jump = [...apply.ssh, "-W", "%h:%p", apply.place()].join(" ");
    const ssh = await config("jumping", [`ProxyCommand ${jump}`]);
    const ended = await applyHome(apply, ROLLBACK, { ssh });
    assertEquals([ended.status, ended.code], ["refused", 1], ended.stderr);
    assertMatch(ended.problem, /^ssh goes through .*: port 22 would stay closed for ssh$/);
    assertEquals(await readRules(apply), before);
  });
  await t.step("a shared connection that lives: every check has its own", async () => {
    const path = `${apply.home.path}/cm`;
    const ssh = await config("sharing", [
      "ControlMaster auto",
      `ControlPath ${path}`,
      "ControlPersist 10m",
    ]);
    const run = (...words: string[]) =>
      lab.client.exec(["sh", "-c", `${ssh} "$@" 2>/dev/null`, "", ...words]);
    assertEquals((await run(apply.place(), "true")).code, 0);
    try {
      const ended = await applyHome(apply, ROLLBACK, { ssh });
      assertEquals(ended.status, "applied", ended.stderr);
      assertEquals(ended.concerns.includes("shared_connection"), true);
      assertEquals(ended.steps.slice(2, 5), ["load ok", "shut ok", "knock ok"]);
      assertEquals((await run(apply.place(), "true")).code, 0);
      await assertDoorWorks(lab, apply);
    } finally {
      await run("-O", "exit", apply.place());
    }
  });
  await t.step("IPv4 only, on a host with IPv6", async () => {
    const ended = await applyHome(apply, [...ROLLBACK, "--ipv4"]);
    assertEquals(ended.status, "applied", ended.stderr);
    assertEquals(ended.concerns.includes("open_over_ipv6"), true, ended.concerns.join());
    const brackets = `root@${apply.server.ipv6}`;
    await assertLogin(lab, apply, brackets);
    await assertDoorWorks(lab, apply);
  });
}, { tools: APPLY_TOOLS });

await kernelTest("apply: through NAT, which is said", async (lab) => {
  await using apply = await makeLab(lab, { isBehindNat: true });
  const { status, concerns, stderr } = await applyHome(apply, ROLLBACK);
  assertEquals(status, "applied", stderr);
  assertEquals(concerns.includes("nat"), true, concerns.join());
  assertEquals(await listOpened(apply), ["10.78.1.1"]);
  await assertDoorWorks(lab, apply);
}, { tools: APPLY_TOOLS });

/** iptables' rules and sets of ours, without counters and sources. */
async function readTables(apply: ApplyLab, enter = ""): Promise<string> {
  const saves = "for each in iptables ip6tables; do $each-save; done; ipset list -n 2>/dev/null; :";
  const text = await apply.read(`${enter} sh -c '${saves}'`);
  return text.replace(/^#.*\n/gm, "").replace(/\[\d+:\d+\]/g, "");
}

for (const variant of ["ipset", "recent"] as const) {
  await kernelTest(`apply: no nft there, iptables with ${variant}`, async (lab) => {
    await using apply = await makeLab(lab);
    const hidden = variant === "ipset" ? ["nft"] : ["nft", "ipset"];
    const before = await readTables(apply);
    for (const name of hidden) {
      await apply.read(`mount --bind /dev/null "$(command -v ${name})"`);
    }
    const { status, concerns, stdout, stderr } = await applyHome(apply, ROLLBACK);
    assertEquals(status, "applied", stderr + stdout);
    assertMatch(stdout, /"backend":\s*"iptables"/, concerns.join());
    const running = await readTables(apply);
    assertStringIncludes(running, "spk.home.");
    const again = await applyHome(apply, ROLLBACK);
    assertEquals(again.status, "unchanged", again.stderr);
    const booted = await readTables(
      apply,
      "unshare -n sh -c 'sh /etc/spknock/home.sh && exec \"$@\"' ''",
    );
    assertEquals(booted, running);
    const removed = await applyHome(apply, ["--remove"]);
    assertEquals(removed.status, "removed", removed.stderr);
    await waitForEnd(apply);
    assertEquals(await apply.leftovers(), []);
    const after = await readTables(apply);
    assertEquals(after.includes("spk."), false, after);
    assertEquals(before.includes("spk."), false);
    assertEquals(await apply.read("ls -d /etc/cron.d/*spknock* 2>/dev/null || :"), "");
    await assertLogin(lab, apply);
  }, { tools: [...APPLY_TOOLS, "iptables", "ip6tables", "ipset"] });
}

await kernelTest("apply: full disks, and a read-only /etc", async (lab, t) => {
  await using apply = await makeLab(lab);
  const before = await readRules(apply);
  const fill = (folder: string) =>
    apply.read(
      `mkdir -p ${folder} && mount -t tmpfs -o size=64k spknock ${folder} && ` +
        // sshd asks for its folder.
        `{ [ ${folder} != /run ] || mkdir /run/sshd; } && ` +
        `{ cat /dev/zero >${folder}/full 2>/dev/null || :; }`,
    );
  for (const folder of ["/run", "/tmp"]) {
    await t.step(`${folder} is full: nothing is changed`, async () => {
      await fill(folder);
      const { status, code, problem, stderr } = await applyHome(apply, ROLLBACK);
      await apply.read(`umount ${folder}`);
      assertEquals(["refused", "error"].includes(status), true, `${status} ${problem} ${stderr}`);
      assertEquals(code === 0, false);
      assertMatch(problem + stderr, /room|full|space/);
      assertEquals(await readRules(apply), before);
      await waitForEnd(apply);
      assertEquals(await apply.leftovers(), []);
    });
  }
  for (
    const [title, spoil, mend] of [
      ["/etc/spknock is full", () => fill("/etc/spknock"), "umount /etc/spknock"],
      [
        "/etc is read-only",
        () => apply.read("mount -o remount,bind,ro /etc"),
        "mount -o remount,bind,rw /etc",
      ],
    ] as const
  ) {
    await t.step(`${title}: in force, and that they do not stay is said`, async () => {
      await spoil();
      const { status, problem, steps, files, stderr } = await applyHome(apply, ROLLBACK);
      await apply.read(mend);
      assertEquals(status, "applied", stderr);
      assertEquals(steps.at(-1), "persist failed");
      assertMatch(problem, /^the rules do not stay after a reboot: .*cannot be written/);
      assertEquals(files, []);
      await assertDoorWorks(lab, apply);
      const removed = await applyHome(apply, ["--remove"]);
      assertEquals(removed.status, "removed", removed.stderr);
      await waitForEnd(apply);
      assertEquals(await readRules(apply), before);
    });
  }
}, { tools: APPLY_TOOLS });

await kernelTest("apply: sudo's password at a terminal", async (lab) => {
  if (!HAS_SCRIPT) return;
  await using apply = await makeLab(lab);
  const place = apply.place("joe");
  const session = Session.start(
    apply.home,
    ["apply", "home", place, "--ssh", apply.sshText, "--yes", ...ROLLBACK],
    { wrap: (command) => `${apply.prefix.join(" ")} ${command}` },
  );
  await session.answer(["Password of joe", "wrong\n"], ["Sorry, try again", `${PASSWORD}\n`]);
  await waitUntil(() => Promise.resolve(session.screen.includes("code=")), {
    what: () => Promise.resolve(session.screen),
  });
  assertStringIncludes(session.screen, "a new login works");
  const { code, isRestored } = await session.end();
  assertEquals([code, isRestored], [0, true], session.screen);
  assertEquals(session.screen.includes(PASSWORD), false);
  await waitForEnd(apply);
  await assertDoorWorks(lab, apply, place);
  assertEquals((await login(lab, apply, { place })).code, 0);
}, { tools: APPLY_TOOLS });
