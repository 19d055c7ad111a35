/** `connect`, `knock -- COMMAND`, `keep` and `close` with a real OpenSSH behind a real firewall. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { needs } from "../e2e/old_runtime.ts";
import { commandOf } from "../e2e/program.ts";
import { HAS_SCRIPT, Session } from "../e2e/terminal.ts";
import { kernelTest } from "./lab.ts";
import { copyBothWays, createSshLab, KNOCK_PORTS, SSH_TOOLS, typePassphrases } from "./ssh_lab.ts";

const MEBIBYTE = 1_048_576;
const SIZE_MB = 100;

await kernelTest("ssh through spknock connect", async (lab, t) => {
  await using ssh = await createSshLab(lab);
  const login = (host: string, ...command: string[]) =>
    ssh.run(["ssh", ...ssh.sshOptions, host, ...command]);

  for (const host of ["home", "home6"]) {
    await t.step(`logs in: ${host}`, async () => {
      await ssh.shut();
      assertEquals(await login(host, "echo", "in"), { code: 0, stdout: "in\n", stderr: "" });
      assertEquals((await ssh.counters()).knock, KNOCK_PORTS.length * 2);
    });
    await t.step(`the door is open, and the first answer ends the knocks: ${host}`, async () => {
      const before = await ssh.counters();
      assertEquals((await login(host, "echo", "in")).stdout, "in\n");
      const after = await ssh.counters();
      assert(after.knock < before.knock + KNOCK_PORTS.length * 2, `${after.knock} knocks`);
    });
    await t.step(`sshd sees one connection a login: ${host}`, async () => {
      const LOGINS = 6;
      const before = await ssh.countAccepted();
      for (let count = 0; count < LOGINS; count++) {
        if (count % 2 === 0) await ssh.shut();
        assertEquals((await login(host, "true")).code, 0);
      }
      const surplus = await ssh.countAccepted() - before - LOGINS;
      // Two SYNs can be answered at the same moment, but hardly ever are.
      assert(surplus >= 0 && surplus <= 1, `${surplus} surplus connections`);
    });
  }
  await t.step("an open door that would ask: one look, and nothing knocked", async () => {
    await login("home", "true");
    const before = await ssh.counters();
    assertEquals((await login("typed", "echo", "in")).stdout, "in\n");
    const after = await ssh.counters();
    assertEquals(after, { knock: before.knock, syn: before.syn + 1 });
  });
  await t.step("--grace looks first", async () => {
    const before = await ssh.counters();
    const { code } = await ssh.run([...commandOf(["connect", "home", "22", "--grace", "5s"])]);
    const after = await ssh.counters();
    assertEquals([code, after], [0, { knock: before.knock, syn: before.syn + 1 }]);
  });
  await t.step("an open door needs no passphrase, a shut one does", async () => {
    await login("home", "true");
    assertEquals((await login("typed", "echo", "in")).stdout, "in\n");
    await ssh.shut();
    const { code, stderr } = await ssh.run([...commandOf(["connect", "typed", "22"])]);
    assertEquals(code, 4);
    assertStringIncludes(stderr, "no terminal to ask on");
    assertEquals((await ssh.counters()).knock, 0);
  });
  await t.step("a wrong passphrase", async () => {
    await ssh.shut();
    const { code, stdout, stderr } = await ssh.run(commandOf(["connect", "wrong", "22"]));
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, `error: port 22 of "${lab.server.ipv4}"`);
    assertStringIncludes(stderr, "did not open after 2 tries");
    assertEquals((await login("wrong", "echo", "in")).code, 255);
  });
  await t.step("a session outlives the door's time and loading the rules again", async () => {
    await ssh.shut();
    const [program = "", ...args] = [...ssh.prefix, "ssh", ...ssh.sshOptions, "home"];
    const session = new Deno.Command(program, {
      args: [...args, "echo ready; read line; echo got $line"],
      env: ssh.home.env,
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const said = session.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertEquals((await said.read()).value, "ready\n");
    await ssh.reload();
    await ssh.reload();
    await ssh.shut();
    const typed = session.stdin.getWriter();
    await typed.write(new TextEncoder().encode("it\n"));
    assertEquals((await said.read()).value, "got it\n");
    await typed.close();
    assertEquals((await said.read()).done, true);
    assertEquals((await session.status).code, 0);
  });
  await t.step(
    `scp of ${SIZE_MB} MB, both ways`,
    () => copyBothWays(ssh, { options: ssh.sshOptions, bytes: SIZE_MB * MEBIBYTE }),
  );
}, { tools: SSH_TOOLS });

await kernelTest("ssh asks for the passphrases on its terminal", async (lab, t) => {
  await using ssh = await createSshLab(lab);
  const line = [...ssh.prefix, "ssh", ...ssh.sshOptions, "typed", "echo logged-in-$((40 + 2))"];
  const wrap = () => line.map((word) => `'${word}'`).join(" ");
  await t.step({
    name: HAS_SCRIPT ? "in a pseudo-terminal" : "in a pseudo-terminal (skipped: no script)",
    ignore: !HAS_SCRIPT,
    async fn() {
      const session = Session.start(ssh.home, [], { wrap });
      await typePassphrases(session);
      await session.until("logged-in-42");
      assertEquals(await session.end(), { code: 0, isRestored: true });
      assert(!/MikroTik|awesome/.test(session.screen), session.screen);
    },
  });
}, { tools: SSH_TOOLS, needs: needs("terminal") });

await kernelTest(
  "ssh with ControlPersist, which gives its proxy a stderr of /dev/null",
  async (lab, t) => {
    await using ssh = await createSshLab(lab);
    const sharing = [
      "ControlMaster=auto",
      `ControlPath=${ssh.home.path}/control`,
      "ControlPersist=5",
    ];
    const options = [...ssh.sshOptions, ...sharing.flatMap((each) => ["-o", each])];
    const render = (...words: string[]) =>
      [...ssh.prefix, "ssh", ...options, ...words].map((word) => `'${word}'`).join(" ");
    const start = (...words: string[]) =>
      Session.start(ssh.home, [], { wrap: () => render(...words) });
    const ignore = !HAS_SCRIPT;
    await t.step({
      name: "asks on the terminal, and gives it back while the master lives",
      ignore,
      async fn() {
        const login = render("typed", "echo logged-in-$((40 + 2))");
        const held = 'ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c "$(tty)$"';
        const wrap = () =>
          `before=$(${held}); ${login}; ${render("-O", "check", "typed")}; ` +
          `echo "held $(( $(${held}) - before ))"; ${render("-O", "exit", "typed")}`;
        const session = Session.start(ssh.home, [], { wrap });
        await typePassphrases(session);
        await session.until("logged-in-42");
        await session.until("Master running");
        await session.until("held 0");
        assertEquals(await session.end(), { code: 0, isRestored: true });
        assert(!/MikroTik|awesome/.test(session.screen), session.screen);
      },
    });
    await t.step({
      name: "reports on the terminal",
      ignore,
      async fn() {
        await ssh.shut();
        const session = start("wrong", "true");
        await session.until(`error: port 22 of "${lab.server.ipv4}"`);
        assertEquals(await session.end(), { code: 255, isRestored: true });
      },
    });
    await t.step({
      name: "Ctrl-C at the question ends both",
      ignore,
      async fn() {
        const session = start("typed", "true");
        await session.answer(["Passphrase for typed", "Mikro\x03"]);
        assertEquals(await session.end(), { code: 255, isRestored: true });
        assert(!session.screen.includes("Mikro"), session.screen);
      },
    });
  },
  { tools: SSH_TOOLS, needs: needs("terminal") },
);

await kernelTest("connect under random loss opens every time with --tries 8", async (lab, t) => {
  await using ssh = await createSshLab(lab);
  const { ipv4, ipv6 } = lab.sources;
  for (const percent of [20, 30]) {
    await t.step(`${percent} % of the client's packets are lost`, async () => {
      await ssh.shut();
      await ssh.lose(percent);
      const connect = async (host: string, source: string) => {
        const args = ["connect", host, "22", "--tries", "8", "--source", source];
        const { code, stdout, stderr } = await ssh.run(commandOf(args));
        return code === 0 && stdout.startsWith("SSH-2.0-") ? "open" : `${source}: ${stderr}`;
      };
      const runs = [
        ...ipv4.map((source) => ["home", source] as const),
        ...ipv6.map((source) => ["home6", source] as const),
      ];
      for (const [host, source] of runs) assertEquals(await connect(host, source), "open");
    });
  }
}, { tools: SSH_TOOLS, sources: 5, needs: needs("source") });

await kernelTest("a door is held open, and shut again", async (lab, t) => {
  await using ssh = await createSshLab(lab);
  const spknock = (...args: string[]) => ssh.run(commandOf(args));
  await t.step("close", async () => {
    await ssh.shut();
    assertEquals((await spknock("knock", "closing")).code, 0);
    const { code, stdout } = await spknock("close", "closing");
    assertStringIncludes(stdout, "closing: the door is closed");
    assertEquals(code, 0);
    assertEquals((await spknock("probe", "closing", "--timeout", "500ms")).code, 1);
  });
  await t.step("close says so when it stays open", async () => {
    assertEquals((await spknock("knock", "home6")).code, 0);
    await ssh.home.write(
      (await Deno.readTextFile(ssh.home.config)) +
        `\n[targets.stuck]\nhost = "${lab.server.ipv6}"\nknocks = ["1/tcp"]\nprobes = ["tcp:22"]\n` +
        `tries = 1\ntimeout = "500ms"\n[targets.stuck.close]\nknocks = ["7777/tcp"]\n`,
    );
    const { code, stdout } = await spknock("close", "stuck");
    assertEquals(code, 1);
    assertStringIncludes(stdout, "still open");
  });
  await t.step("keep holds it while a command runs, and shuts it", async () => {
    await ssh.shut();
    // The door forgets after two seconds here, and is told so.
    await lab.server.nft(
      "insert rule inet spknock_home knock.4 udp dport 5555 counter\n" +
        "flush set inet spknock_home home.open.4\n",
    );
    const script =
      'for i in 1 2 3 4 5 6; do sleep 0.5; nc -z "$SPKNOCK_ADDRESS" 22 || echo shut; done';
    const kept = await spknock("keep", "closing", "--open-for", "1s", "--", "sh", "-c", script);
    assertEquals([kept.code, kept.stdout], [0, ""]);
    assertStringIncludes(kept.stderr, "closing: closed again");
    // Three seconds, renewed each half second: at least twice more, each packet twice.
    const { knock } = await ssh.counters();
    assert(knock >= KNOCK_PORTS.length * 5, `${knock} knocks`);
    assertEquals((await spknock("probe", "closing", "--timeout", "500ms")).code, 1);
  });
  await t.step("knock -- COMMAND ends as the command does", async () => {
    await ssh.shut();
    const command = ["ssh", ...ssh.sshOptions, "-o", "ProxyCommand=none", "$SPKNOCK_ADDRESS"];
    const line = `exec ${command.join(" ")} exit 7`;
    const { code } = await spknock("knock", "home", "--", "sh", "-c", line);
    assertEquals(code, 7);
  });
}, { tools: SSH_TOOLS });
