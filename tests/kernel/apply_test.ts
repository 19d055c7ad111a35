/** `apply` from end to end: spknock at a client, and real ssh, sudo and nftables at a server. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Ended } from "../e2e/program.ts";
import { HASHES } from "../e2e/vectors.ts";
import { APPLY_TOOLS, type ApplyLab, createApplyLab } from "./apply_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";

/** The doors of the lab's server, which has the name `dual.test` with both of its addresses. */
function renderTargets({ server }: Lab): string {
  const [first, second, third] = HASHES;
  const knock = (port: number, hash: string | undefined) =>
    `{ port = ${port}, protocol = "udp", secret = { hash = "${hash}" } }`;
  const knocks = `knocks = [${knock(1234, first)}, ${knock(9876, second)}]\n`;
  const target = (name: string, rest: string, host: string = server.ipv4) =>
    `\n[targets.${name}]\nhost = "${host}"\nopens = ["22/tcp"]\n${rest}`;
  return "version = 1\n" + target("home", knocks) +
    target("closing", `${knocks}[targets.closing.close]\nknocks = [${knock(9500, third)}]\n`) +
    target("dual", knocks, DUAL_NAME) +
    target("regular", 'knocks = ["7001/tcp", "7103/tcp"]\n');
}

const DUAL_NAME = "dual.test";

/** Lets the client's namespace resolve the name (ip-netns(8)). */
async function writeHosts({ client, server }: Lab): Promise<AsyncDisposable> {
  const folder = `/etc/netns/${client.name}`;
  await Deno.mkdir(folder, { recursive: true });
  const lines = [server.ipv4, server.ipv6].map((address) => `${address} ${DUAL_NAME}\n`);
  await Deno.writeTextFile(`${folder}/hosts`, lines.join(""));
  return { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

interface Applied extends Ended {
  value: {
    status: string;
    persistent?: boolean;
    problem: { text: string; hint?: string } | null;
    files: string[];
  };
  /** The steps that ended, as `name status`. */
  steps: string[];
}

/** Runs `apply` in the lab, without a question. */
async function runApply(apply: ApplyLab, args: readonly string[]): Promise<Applied> {
  const ended = await apply.spknock(["apply", ...args, "--ssh", apply.sshText, "--yes", "--json"]);
  const value = ended.stdout === "" ? { status: "error", steps: [] } : JSON.parse(ended.stdout);
  const steps = (value.steps ?? []).map((step: { name: string; status: string }) =>
    `${step.name} ${step.status}`
  );
  return { ...ended, value, steps };
}

/** Waits until nothing of a login or an apply is left there. */
async function assertClean(apply: ApplyLab): Promise<void> {
  const end = Date.now() + 90_000;
  for (;;) {
    const left = await apply.leftovers();
    const foreign = left.filter((each) => !/^\/(?:run|etc)\/spknock/.test(each));
    if (foreign.length === 0) return;
    if (Date.now() > end) assertEquals(foreign, []);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Puts a program of the same name before the server's nft. */
async function wrapNft(apply: ApplyLab, script: string): Promise<void> {
  await apply.read("mount -t tmpfs spknock /usr/local/bin");
  await apply.sh(`cat >/usr/local/bin/nft && chmod 755 /usr/local/bin/nft`, { stdin: script });
}

const unwrapNft = (apply: ApplyLab) => apply.read("umount /usr/local/bin");

const GOOD = ["login ok", "look ok", "load ok", "shut ok", "knock ok"];

await kernelTest("apply: loads, proves, keeps, compares and removes", async (lab, t) => {
  await using _ = await writeHosts(lab);
  await using apply = await createApplyLab(lab);
  await apply.home.write(renderTargets(lab));
  // Where systemd looks after services, a unit makes the rules stay.
  await apply.read("mkdir -p /etc/network/if-pre-up.d");
  const before = await apply.ruleset();
  const place = apply.place();

  await t.step("loads, and proves over each family of the name", async () => {
    const { code, steps, value, stderr } = await runApply(apply, ["dual", place]);
    assertEquals([code, value.status], [0, "applied"], stderr);
    assertEquals(steps.slice(0, 7), [...GOOD, "knock ok", "keep ok"]);
    assertStringIncludes(await apply.ruleset(), "table inet spknock_dual");
    await assertClean(apply);
  });
  await t.step("a second time nothing is changed", async () => {
    // A stage forgets its sources by itself.
    const read = async () => (await apply.ruleset()).replace(/\n\s*elements = \{[^}]*\}/g, "");
    const rules = await read();
    const { code, value, stderr } = await runApply(apply, ["dual", place]);
    assertEquals([code, value.status], [0, "unchanged"], stderr);
    assertEquals(await read(), rules);
  });
  await t.step("--status knows these rules, and a change by hand", async () => {
    const status = async () => {
      const { code, value } = await runApply(apply, ["dual", place, "--status"]);
      return [code, value.status, value.persistent];
    };
    // Nothing there would load them at boot.
    assertEquals(await status(), [0, "same", false]);
    await apply.read("nft add rule inet spknock_dual door tcp dport 22 accept");
    assertEquals(await status(), [1, "changed", false]);
    const other = await runApply(apply, ["dual", place, "--status", "--open-for", "7m"]);
    assertEquals([other.code, other.value.status], [1, "other"]);
  });
  await t.step("rules that were changed by hand are put right", async () => {
    const { value, stderr } = await runApply(apply, ["dual", place]);
    assertEquals(value.status, "applied", stderr);
    const { value: again } = await runApply(apply, ["dual", place, "--status"]);
    assertEquals(again.status, "same");
  });
  await t.step("--remove leaves nothing", async () => {
    const { code, value, stderr } = await runApply(apply, ["dual", place, "--remove"]);
    assertEquals([code, value.status], [0, "removed"], stderr);
    assertEquals(await apply.ruleset(), before);
    await assertClean(apply);
    assertEquals(await apply.leftovers(), []);
    const { value: again } = await runApply(apply, ["dual", place, "--remove"]);
    assertEquals(again.status, "unchanged");
  });
  await t.step("--dry-run changes nothing", async () => {
    const { code, value } = await runApply(apply, ["home", place, "--dry-run"]);
    assertEquals([code, value.status], [0, "dry-run"]);
    assertEquals(await apply.ruleset(), before);
    await assertClean(apply);
  });
  for (
    const [user, name] of [["boss", "home"], ["root", "closing"], ["root", "regular"]] as const
  ) {
    await t.step(`${name}, as ${user}`, async () => {
      const there = apply.place(user);
      const { code, steps, stderr } = await runApply(apply, [name, there, "--no-persist"]);
      assertEquals(code, 0, stderr);
      const closing = name === "closing" ? ["close ok", "knock ok"] : [];
      assertEquals(steps, [...GOOD, ...closing, "keep ok", "persist skipped"]);
      const removed = await runApply(apply, [name, there, "--remove"]);
      assertEquals(removed.value.status, "removed", removed.stderr);
      assertEquals(await apply.ruleset(), before);
    });
  }
}, { tools: APPLY_TOOLS });

/** Rules that are wrong on their way to the kernel, or a server where they cannot work. */
const WRONG: readonly {
  title: string;
  /** What stands between the server and its nft. */
  nft: string;
  problem: RegExp;
  status: string;
}[] = [
  {
    title: "a payload that no knock has",
    nft: "sed -i 's/0x[0-9a-f]\\{32\\}/0x00000000000000000000000000000000/g' \"$last\"",
    problem: /^the knock did not open port 22 over IPv4/,
    status: "undone",
  },
  {
    title: "another knock port",
    nft: "sed -i 's/dport 9876/dport 9877/g' \"$last\"",
    problem: /^the knock did not open port 22 over IPv4/,
    status: "undone",
  },
  {
    title: "nothing is closed",
    nft: "sed -i 's/} drop/} accept/' \"$last\"",
    problem: /^port 22 over IPv4 .* still answers without a knock/,
    status: "undone",
  },
  {
    title: "everything is closed, the login too",
    nft: 'sed -i "s/ct state established,related accept/drop/" "$last"',
    problem: /./,
    status: "undone",
  },
  {
    title: "a syntax error",
    nft: 'echo "add rule inet nowhere" >>"$last"',
    problem: /^the server refused the rules: /,
    status: "refused",
  },
];

await kernelTest("apply: bad rules are undone, and why is said", async (lab, t) => {
  await using apply = await createApplyLab(lab);
  await apply.home.write(renderTargets(lab));
  const before = await apply.ruleset();
  for (const { title, nft, problem, status } of WRONG) {
    await t.step(title, async () => {
      // Only the new rules are changed, in the file that is checked and loaded.
      await wrapNft(
        apply,
        `#!/bin/sh\nfor last; do :; done\ncase $last in */spknock.home/rules) ` +
          `[ -e "$last.done" ] || { ${nft}; : >"$last.done"; } ;; esac\nexec /usr/sbin/nft "$@"\n`,
      );
      try {
        const ended = await runApply(apply, ["home", apply.place(), "--rollback", "25s"]);
        assertEquals(ended.value.status, status, ended.stdout + ended.stderr);
        assertEquals(ended.code, 1);
        assertMatch(ended.value.problem?.text ?? "", problem);
        assertEquals(await apply.ruleset(), before);
        await assertClean(apply);
      } finally {
        await unwrapNft(apply);
      }
      const login = await apply.home.run(["--version"], { prefix: apply.prefix });
      assertEquals(login.code, 0);
      await apply.read("true");
    });
  }
}, { tools: APPLY_TOOLS });
