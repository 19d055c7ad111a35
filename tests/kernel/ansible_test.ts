/** The playbook of docs/fleets.md, by the real ansible-playbook over a real sshd to a real firewall. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { commandOf } from "../e2e/program.ts";
import { quoteShell } from "../../src/core/text.ts";
import { kernelTest, type Lab } from "./lab.ts";
import { createSshLab, SSH_TOOLS, type SshLab } from "./ssh_lab.ts";

const PLAYBOOK = new URL("../../docs/examples/ansible/doors.yml", import.meta.url).pathname;
const KEPT = "/etc/spknock/home.nft";
const TOOLS = [...SSH_TOOLS, "ansible-playbook", "setsid", "systemctl"];
/** Longer than a whole run takes on a busy machine; the way back fires by itself only where it has to. */
const ROLLBACK_S = 300;
/** Ansible refuses to run without UTF-8; with pipelining a task takes one command over ssh. */
const LOCALE = ["env", "LC_ALL=C.UTF-8", "ANSIBLE_PIPELINING=1"];

interface Played {
  code: number;
  text: string;
  /** Of the recap: `ok=9 changed=3 ...`. */
  counts: Record<string, number>;
}

/** The controller: a folder with the playbook, its inventory and the rules. */
interface Controller {
  rules: string;
  play(
    options?: { variables?: Record<string, unknown>; prefix?: readonly string[] },
  ): Promise<Played>;
}

async function createController(ssh: SshLab): Promise<Controller> {
  const { home } = ssh;
  const program = `${home.path}/spknock`;
  const words = commandOf([]).map(quoteShell).join(" ");
  await Deno.writeTextFile(program, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  await Deno.copyFile(PLAYBOOK, `${home.path}/doors.yml`);
  const ini = `[doors]\nhome ansible_ssh_common_args="${ssh.sshOptions.join(" ")}"\n`;
  await Deno.writeTextFile(`${home.path}/inventory.ini`, ini);
  const folder = `${home.path}/rules`;
  const argv = ["rules", "home", "--for", "nftables", "--output-dir", folder];
  const written = await home.run(argv);
  assertEquals(written.code, 0, written.stderr);
  return {
    rules: `${folder}/home.nft`,
    async play({ variables = {}, prefix = [] } = {}) {
      const values = { door_spknock: program, door_rollback: ROLLBACK_S, ...variables };
      const extra = ["-e", JSON.stringify(values)];
      const files = ["-i", `${home.path}/inventory.ini`, `${home.path}/doors.yml`];
      const command = [...LOCALE, ...prefix, "ansible-playbook", ...files, ...extra];
      const { code, stdout, stderr } = await ssh.run(command, { timeoutMs: 400_000 });
      const recap = /^home .*: (.*)$/m.exec(stdout)?.[1] ?? "";
      const pairs = [...recap.matchAll(/(\w+)=(\d+)/g)];
      const counts = Object.fromEntries(pairs.map(([, name, count]) => [name, Number(count)]));
      return { code, text: stdout + stderr, counts };
    },
  };
}

/** Ansible's ssh goes on in the background for a minute. */
async function endMasters(ssh: SshLab): Promise<void> {
  const line =
    `for path in ${ssh.home.path}/.ansible/cp/*; do ssh -o ControlPath="$path" -O exit x; done`;
  await ssh.run(["sh", "-c", line]);
}

/** What the server has: its rules without counters and times, and what is kept. */
async function lookAtServer(
  { server }: Lab,
  ssh: SshLab,
): Promise<{ rules: string; files: string }> {
  const listed = await server.exec(["nft", "-s", "-t", "list", "ruleset"]);
  const look = "cat /etc/spknock/* 2>/dev/null; ls -A /etc/spknock /etc/systemd/system; ls /run";
  const { code, stdout, stderr } = await ssh.run(["ssh", ...ssh.sshOptions, "home", look]);
  assertEquals(code, 0, stderr);
  return { rules: listed.stdout, files: stdout };
}

async function untilQuiet(ssh: SshLab): Promise<void> {
  const wait = "while [ -d /run/spknock-way-back.home ]; do sleep 0.2; done";
  const end = Date.now() + 120_000;
  for (;;) {
    const login = await ssh.run(["ssh", ...ssh.sshOptions, "home", wait], { timeoutMs: 60_000 });
    if (login.code === 0) return;
    // The rules of a killed run can be in force still, and take another knock.
    assert(Date.now() < end, login.stderr);
  }
}

await kernelTest(
  "ansible brings the rules of a folder, and keeps what is proven",
  async (lab, t) => {
    await using ssh = await createSshLab(lab, { isPrivate: true });
    await lab.server.nft("delete table inet spknock_home");
    await using _ = { [Symbol.asyncDispose]: () => endMasters(ssh) };
    const controller = await createController(ssh);
    const good = await Deno.readTextFile(controller.rules);
    const probe = async () => (await ssh.run([`${ssh.home.path}/spknock`, "probe", "home"])).code;
    assertEquals(await probe(), 0);

    await t.step("rules that a knock does not open leave nothing behind", async () => {
      const before = await lookAtServer(lab, ssh);
      const { code, text } = await controller.play({ variables: { door_targets: ["wrong"] } });
      assertEquals(code, 2, text);
      assertStringIncludes(text, "A knock opens it: failed, and the former rules are back");
      await untilQuiet(ssh);
      assertEquals(await lookAtServer(lab, ssh), before);
      assertEquals(await probe(), 0);
    });
    await t.step("applied, proven, kept", async () => {
      const { code, text, counts } = await controller.play();
      assertEquals([code, counts["failed"], counts["unreachable"]], [0, 0, 0], text);
      const { rules, files } = await lookAtServer(lab, ssh);
      assertStringIncludes(rules, "table inet spknock_home");
      assert(files.includes(good), files);
      assertMatch(files, /spknock-home\.service\nsysinit\.target\.wants/);
      assert(!files.includes("way-back"), files);
      await ssh.shut();
      assertEquals(await probe(), 1);
    });
    await t.step("what is kept gives the same rules at boot", async () => {
      const { rules } = await lookAtServer(lab, ssh);
      const unit =
        "sed -n 's/^ExecStart=//p' /etc/systemd/system/sysinit.target.wants/spknock-home.service";
      const boot = await ssh.run(["ssh", ...ssh.sshOptions, "home", unit]);
      assertEquals(boot.stdout, `/usr/sbin/nft -f ${KEPT}\n`);
      const run = `nft flush ruleset && ${boot.stdout}`;
      assertEquals((await ssh.run(["ssh", ...ssh.sshOptions, "home", run])).code, 0);
      const { rules: again } = await lookAtServer(lab, ssh);
      const own = (text: string) => text.slice(text.indexOf("table inet spknock_home"));
      assertEquals(own(again), own(rules));
    });
    await t.step("the second run changes nothing", async () => {
      const before = await lookAtServer(lab, ssh);
      const { code, text, counts } = await controller.play();
      assertEquals([code, counts["changed"], counts["failed"]], [0, 0, 0], text);
      assertEquals(await lookAtServer(lab, ssh), before);
    });
    await t.step("a file with a syntax error changes nothing", async () => {
      const before = await lookAtServer(lab, ssh);
      await Deno.writeTextFile(controller.rules, `${good}nonsense\n`);
      const { code, text, counts } = await controller.play();
      assertEquals([code, counts["changed"]], [2, 0], text);
      assertStringIncludes(text, "failed to validate");
      assertEquals(await lookAtServer(lab, ssh), before);
    });
    await t.step("a killed run: the way back fires", async () => {
      const before = await lookAtServer(lab, ssh);
      const other = good.replaceAll("udp dport 5555", "udp dport 5556");
      assert(other !== good);
      await Deno.writeTextFile(controller.rules, other);
      const dead = `${ssh.home.path}/dead`;
      const seen = `${ssh.home.path}/during`;
      // It looks at the rules that it is to prove, and kills what has started it: ansible-playbook with all of its
      // processes.
      const look = `ip netns exec ${lab.server.name} nft list table inet spknock_home >${seen}`;
      const kill = `#!/bin/sh\n${look}\n` +
        "kill -9 -$(ps -o pgid= -p $PPID | tr -d ' ')\nsleep 60\n";
      await Deno.writeTextFile(dead, kill, { mode: 0o755 });
      const { code } = await controller.play({
        variables: { door_spknock: dead, door_rollback: 20 },
        prefix: ["setsid", "--wait"],
      });
      assert(code !== 0);
      assertStringIncludes(await Deno.readTextFile(seen), "udp dport 5556");
      await untilQuiet(ssh);
      assertEquals(await lookAtServer(lab, ssh), before);
      await Deno.writeTextFile(controller.rules, good);
      const { counts, text } = await controller.play();
      assertEquals([counts["changed"], counts["failed"]], [0, 0], text);
    });
  },
  { tools: TOOLS },
);
