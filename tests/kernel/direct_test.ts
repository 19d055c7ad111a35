/** What `ssh-config --direct` writes, with a real OpenSSH behind a real firewall: ssh connects by itself. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { needs } from "../e2e/old_runtime.ts";
import { HAS_SCRIPT, Session } from "../e2e/terminal.ts";
import { HASHES } from "../e2e/vectors.ts";
import { kernelTest, type Lab } from "./lab.ts";
import {
  copyBothWays,
  createSshLab,
  KNOCK_PORTS,
  SSH_TOOLS,
  type SshLab,
  typePassphrases,
  writeDirectConfig,
} from "./ssh_lab.ts";

const SIZE = 20 * 1_048_576;
/** Far below the two minutes of the kernel's own SYNs: three tries end after 0.5 s, 1 s and 10 s. */
const SOON_MS = 30_000;

/** Where the name of the target `dual` leads. */
const DUAL_NAME = "dual.test";

/** A name with two addresses in the client's namespace (ip-netns(8)), and the blocks, above the lab's own. */
async function writeBlocks(lab: Lab, ssh: SshLab): Promise<AsyncDisposable & { config: string }> {
  const folder = `/etc/netns/${lab.client.name}`;
  await Deno.mkdir(folder, { recursive: true });
  const addresses = [lab.server.ipv6, lab.server.ipv4];
  const lines = addresses.map((address) => `${address} ${DUAL_NAME}\n`);
  await Deno.writeTextFile(`${folder}/hosts`, lines.join(""));
  const { home } = ssh;
  const knocks = KNOCK_PORTS.map((port, index) =>
    `{ port = ${port}, protocol = "udp", secret = { hash = "${HASHES[index]}" } }`
  );
  const dual = (name: string, rest: string) =>
    `[targets.${name}]\nhost = "${DUAL_NAME}"\nknocks = [${knocks.join(", ")}]\n${rest}`;
  const more = dual("dual4", 'family = "ipv4"\n') + dual("dual6", 'family = "ipv6"\n') +
    dual("dual", "") + dual("dual2", 'family = "both"\n') +
    dual("from", `family = "ipv4"\nsource = "${lab.client.device}"\n`) +
    dual("from11", `source = "${lab.sources.ipv4[0]}"\n`);
  await home.write(await Deno.readTextFile(home.config) + more);
  const config = await writeDirectConfig(home);
  return { config, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

await kernelTest("ssh opens its own connection (ssh-config --direct)", async (lab, t) => {
  await using ssh = await createSshLab(lab);
  await using blocks = await writeBlocks(lab, ssh);
  const options = ["-F", blocks.config];
  const login = (...words: string[]) => ssh.run(["ssh", ...options, ...words]);
  const countKnocks = async () => (await ssh.counters()).knock;

  const { ipv4, ipv6 } = lab.server;
  const ends = { home: ipv4, home6: ipv6, dual4: ipv4, dual6: ipv6, dual: ipv6, dual2: ipv6 };
  for (const [host, address] of Object.entries({ ...ends, from: ipv4, from11: ipv4 })) {
    // It is let in from another address than the one that the system would choose.
    const { ignore, reason } = host === "from11" ? needs("source") : { ignore: false, reason: "" };
    await t.step({
      name: `logs in at the address that was knocked on: ${host}${reason}`,
      ignore,
      async fn() {
        await ssh.shut();
        const { code, stdout, stderr } = await login("-v", host, "echo in $SSH_CONNECTION");
        assertEquals([code, stdout.split(" ")[0]], [0, "in"], stderr);
        assertStringIncludes(stderr, `[${address}] port 22.`);
        // The first address that it tried, and no relay.
        assertEquals(stderr.match(/Connecting to/g)?.length, 1, stderr);
        assert(!stderr.includes("proxy command"), stderr);
        if (host === "from11") assertStringIncludes(stdout, `in ${lab.sources.ipv4[0]} `);
      },
    });
  }
  await t.step("one knock where ssh reads its files twice", async () => {
    await ssh.shut();
    assertEquals((await login("home", "true")).code, 0);
    const once = await countKnocks();
    await ssh.shut();
    const twice = await login("-v", "-o", "CanonicalizeHostname=always", "home", "true");
    assertStringIncludes(twice.stderr, "re-parsing configuration");
    assertEquals([twice.code, await countKnocks()], [0, once]);
  });
  await t.step("a jump host", async () => {
    await ssh.shut();
    const { code, stdout, stderr } = await login("-J", "home", "inner", "echo in");
    assertEquals([code, stdout], [0, "in\n"], stderr);
  });
  for (const host of ["wrong", "nobody", "typed"]) {
    await t.step(`ends soon, and says why: ${host}`, async () => {
      await ssh.shut();
      const start = performance.now();
      const { code, stdout, stderr } = await login(host, "echo in");
      assertEquals([code, stdout], [255, ""]);
      assert(performance.now() - start < SOON_MS, `${performance.now() - start} ms`);
      assertStringIncludes(stderr, REASONS[host] ?? "");
      assert(!stderr.includes("ssh: connect to"), stderr);
    });
  }
  await t.step("a session through a living master does not depend on the knock", async () => {
    await ssh.shut();
    const sharing = ["-o", `ControlPath=${ssh.home.path}/%C`];
    const master = ["-o", "ControlMaster=yes", "-o", "ControlPersist=30", ...sharing];
    // Its stderr is the master's for good.
    const started = await ssh.run([
      "sh",
      "-c",
      'exec "$@" 2>/dev/null',
      "sh",
      "ssh",
      ...options,
      ...master,
      "home",
      "true",
    ]);
    assertEquals(started.code, 0);
    const broken = ["env", "SPKNOCK_CONFIG=/nonexistent", "ssh", ...options, ...sharing];
    const { code, stdout, stderr } = await ssh.run([...broken, "home", "echo in"]);
    assertEquals([code, stdout], [0, "in\n"]);
    assertStringIncludes(stderr, "error: ");
    await login(...sharing, "-O", "exit", "home");
  });
  await t.step("scp, both ways", () => copyBothWays(ssh, { options, bytes: SIZE }));
}, { tools: SSH_TOOLS });

const REASONS: Record<string, string> = {
  wrong: "error: wrong: the door is not open",
  nobody: "error: ",
  typed: "there is no terminal to ask on",
};

await kernelTest("ssh --direct asks for the passphrases on its terminal", async (lab, t) => {
  await using ssh = await createSshLab(lab);
  await using blocks = await writeBlocks(lab, ssh);
  const line = [...ssh.prefix, "ssh", "-F", blocks.config, "typed", "echo logged-in-$((40 + 2))"];
  const wrap = () => line.map((word) => `'${word}'`).join(" ");
  const ignore = !HAS_SCRIPT;
  await t.step({
    name: "once, while the door is shut",
    ignore,
    async fn() {
      const session = Session.start(ssh.home, [], { wrap });
      await typePassphrases(session);
      await session.until("logged-in-42");
      assertEquals(await session.end(), { code: 0, isRestored: true });
      assert(!/MikroTik|awesome|error/.test(session.screen), session.screen);
    },
  });
  await t.step({
    name: "not while it is open",
    ignore,
    async fn() {
      const { knock } = await ssh.counters();
      const session = Session.start(ssh.home, [], { wrap });
      await session.until("logged-in-42");
      assertEquals(await session.end(), { code: 0, isRestored: true });
      assertEquals((await ssh.counters()).knock, knock);
    },
  });
  await t.step({
    name: "Ctrl-C at the question ends ssh",
    ignore,
    async fn() {
      await ssh.shut();
      const session = Session.start(ssh.home, [], { wrap });
      await session.answer(["Passphrase for typed", "Mikro\x03"]);
      assertEquals(await session.end(), { code: 255, isRestored: true });
      assert(!session.screen.includes("Mikro"), session.screen);
    },
  });
}, { tools: SSH_TOOLS, needs: needs("terminal") });

await kernelTest("ssh --direct with one-time codes", async (lab) => {
  await using ssh = await createSshLab(lab);
  const { home } = ssh;
  const spknock = async (...argv: string[]) => {
    const { code, stdout, stderr } = await home.run(argv);
    assertEquals(code, 0, stderr);
    return stdout;
  };
  const knock = ["--host", lab.server.ipv4, "--port", "62201"];
  await spknock("rolling", "new", "code", ...knock, "--open", "22/tcp");
  const until = new Date(Date.now() + 86_400_000).toISOString().slice(0, 19);
  const text = await Deno.readTextFile(home.config);
  await Deno.writeTextFile(home.config, text.replace("slots = 4", `slots = 4, until = ${until}Z`));
  await lab.server.nft("delete table inet spknock_home");
  await lab.server.nft(await spknock("rules", "code", "--for", "nftables"));
  const options = ["-F", await writeDirectConfig(home)];
  // A code opens for its first source as often as it is sent.
  for (const time of ["first", "second"]) {
    const { code, stdout, stderr } = await ssh.run(["ssh", ...options, "code", "echo in"]);
    assertEquals([code, stdout], [0, "in\n"], `${time}: ${stderr}`);
  }
}, { tools: SSH_TOOLS });
