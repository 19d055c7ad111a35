/** Logins to a real sshd: root and sudo, shared and new connections, and what is left of them. */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { CancelledError, NetworkError, SecretError } from "../../src/core/errors.ts";
import { readDestination } from "../../src/ssh/destination.ts";
import type { Server } from "../../src/ssh/server.ts";
import { openServer, type PasswordQuestion } from "../../src/ssh/session.ts";
import { makeRealPorts } from "../ssh/ports.ts";
import { denoCommand } from "../e2e/program.ts";
import { APPLY_TOOLS, type ApplyLab, createApplyLab, PASSWORD } from "./apply_lab.ts";
import { mustRun, stop } from "./exec.ts";
import { kernelTest } from "./lab.ts";
import { until } from "./until.ts";

const TIMEOUT = { timeoutMs: 30_000 };

interface Login {
  user?: "root" | "boss" | "joe" | "guest";
  ssh?: readonly string[];
  around?: readonly string[];
  answers?: readonly string[];
  signal?: AbortSignal;
  place?: string;
  /** Where the folder of the socket is made. */
  temporary?: string;
}

/** Logs in from the client; `asked` is what was asked for. */
async function logIn(
  apply: ApplyLab,
  {
    user = "root",
    ssh = apply.ssh,
    around = [],
    answers = [],
    signal,
    place,
    temporary = apply.home.path,
  }: Login = {},
): Promise<{ server: Server; asked: PasswordQuestion[] }> {
  const ports = makeRealPorts({
    around: [...apply.prefix, ...around],
    env: { TMPDIR: temporary },
    ...(signal === undefined ? {} : { signal }),
  });
  const destination = await readDestination(place ?? apply.place(user), { ssh, ports });
  const asked: PasswordQuestion[] = [];
  const askPassword = (question: PasswordQuestion) => {
    asked.push(question);
    const answer = answers[asked.length - 1];
    return answer === undefined
      ? Promise.reject(new SecretError("no terminal"))
      : Promise.resolve(answer);
  };
  return { server: await openServer(destination, { ports, askPassword }), asked };
}

/** Nothing of the login is left, neither here nor there. */
async function assertGone(
  apply: ApplyLab,
  { seconds = 15, temporary = apply.home.path }: { seconds?: number; temporary?: string } = {},
): Promise<void> {
  const look = async () => [...await apply.clients(), ...await apply.leftovers()];
  await until(async () => (await look()).length === 0, seconds * 1_000);
  assertEquals(await look(), []);
  const files = [temporary, apply.home.path].flatMap((folder) => [...Deno.readDirSync(folder)]);
  assertEquals(files.filter(({ name }) => name.startsWith("spknock-ssh.")), []);
}

await kernelTest("a login: root, sudo and commands", async (lab, context) => {
  await using apply = await createApplyLab(lab);

  for (const [user, way] of [["root", "root"], ["boss", "sudo"]] as const) {
    await context.step(`${user} is root by ${way}, over one login`, async () => {
      const start = await apply.count();
      {
        const { server } = await logIn(apply, { user });
        await using _end = server;
        assertEquals(server.rootWay, way);
        assertMatch(server.folder, /^\/tmp\/spknock\.\w{6}$/);
        const run = (line: string, options = {}) => server.run(line, { ...TIMEOUT, ...options });
        assertEquals((await run("id -u", { asRoot: true })).stdout, "0\n");
        assertEquals((await run("id -un")).stdout, `${user}\n`);
        assertEquals(await run("cat; echo why >&2; exit 7", { stdin: ["a\n", "b\n"] }), {
          code: 7,
          stdout: "a\nb\n",
          stderr: "why\n",
        });
        assertEquals((await run("cat", { asRoot: true, stdin: ["rules"] })).stdout, "rules");
        assertEquals((await run(`stat -c %a:%U ${server.folder}`)).stdout, `700:${user}\n`);
        assertEquals(await server.isAlive(5_000), true);
        assertEquals((await apply.count()).connections, start.connections + 1);
        assertEquals(await server.runFresh("id -un; exit 3", TIMEOUT), {
          code: 3,
          stdout: `${user}\n`,
          stderr: "",
        });
        assertEquals((await apply.count()).connections, start.connections + 2);
      }
      await assertGone(apply);
    });
  }

  await context.step("a command is given up at its time, and the login lives on", async () => {
    await using server = (await logIn(apply)).server;
    const { code, stdout } = await server.run("echo x; sleep 60", { timeoutMs: 1_000 });
    assertEquals([code, stdout], [undefined, "x\n"]);
    assertEquals(await server.isAlive(5_000), true);
  });

  await context.step("50 MB of input arrive, piece by piece", async () => {
    await using server = (await logIn(apply)).server;
    let pieces = 0;
    function* make() {
      for (; pieces < 500; pieces++) yield "x".repeat(100_000);
    }
    const { stdout } = await server.run("wc -c", { stdin: make(), timeoutMs: 60_000 });
    assertEquals(stdout.trim(), "50000000");
    pieces = 0;
    await server.run("head -c 1 >/dev/null", { stdin: make(), timeoutMs: 60_000 });
    assertEquals(pieces < 500, true);
  });

  await context.step("an output without an end is cut", async () => {
    await using server = (await logIn(apply)).server;
    const { stdout } = await server.run("head -c 20000000 /dev/zero | tr '\\0' x", TIMEOUT);
    assertEquals(stdout.length < 1_300_000, true);
  });

  await context.step("IPv6", async () => {
    await using server = (await logIn(apply, { place: apply.place("boss", "ipv6") })).server;
    assertStringIncludes((await server.run('echo "$SSH_CONNECTION"', TIMEOUT)).stdout, "fd77:");
  });

  await context.step("Ctrl-C ends commands; what takes back still runs", async () => {
    const cancel = new AbortController();
    const { server } = await logIn(apply, { signal: cancel.signal });
    {
      await using _end = server;
      const running = server.run("sleep 60", TIMEOUT);
      setTimeout(() => cancel.abort(new CancelledError()), 500);
      await assertRejects(() => running, CancelledError);
      await assertRejects(() => server.runFresh("true", TIMEOUT), CancelledError);
      const { stdout } = await server.run("echo undo", { ...TIMEOUT, survivesCancel: true });
      assertEquals(stdout, "undo\n");
    }
    await assertGone(apply, { seconds: 70 });
  });

  await context.step("Ctrl-C during the login", async () => {
    await apply.cut();
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(new CancelledError()), 700);
    await assertRejects(() => logIn(apply, { signal: cancel.signal }), CancelledError);
    await apply.mend();
    await assertGone(apply);
  });

  await context.step("an ordinary user at the client", async () => {
    const folder = await Deno.makeTempDir({ prefix: "spknock-user-" });
    for (const name of ["key", "ssh_config"]) {
      const text = await Deno.readTextFile(`${apply.home.path}/${name}`);
      await Deno.writeTextFile(
        `${folder}/${name}`,
        text.replaceAll(apply.home.path, folder),
        { mode: 0o600 },
      );
      await Deno.chown(`${folder}/${name}`, 65534, 65534);
    }
    await Deno.chown(folder, 65534, 65534);
    const around = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const start = await apply.count();
    {
      const ssh = ["ssh", "-F", `${folder}/ssh_config`];
      await using server =
        (await logIn(apply, { user: "boss", around, ssh, temporary: folder })).server;
      assertEquals((await server.run("id -u", { ...TIMEOUT, asRoot: true })).stdout, "0\n");
      assertEquals((await apply.count()).connections, start.connections + 1);
    }
    await assertGone(apply, { temporary: folder });
    await Deno.remove(folder, { recursive: true });
  });
}, { tools: APPLY_TOOLS });

await kernelTest("a login: sudo with a password", async (lab, context) => {
  await using apply = await createApplyLab(lab);
  const asRoot = { ...TIMEOUT, asRoot: true };

  await context.step(
    "it is asked for once, again where it is wrong, and stays secret",
    async () => {
      const { server, asked } = await logIn(apply, { user: "joe", answers: ["wrong", PASSWORD] });
      await using _end = server;
      assertEquals(server.rootWay, "sudo-password");
      assertEquals(asked, []);
      const watching = watchProcesses(apply);
      const first = await server.run("id -u; cat; sleep 1", asRoot);
      assertEquals([first.code, first.stdout], [0, "0\n"]);
      const second = await server.run("id -u; cat; exit 4", asRoot);
      assertEquals([second.code, second.stdout], [4, "0\n"]);
      const seen = await watching();
      assertEquals(asked.map(({ user, attempt }) => [user, attempt]), [["joe", 1], ["joe", 2]]);
      for (const text of [first.stderr, second.stderr, seen]) {
        assertEquals([text.includes(PASSWORD), text.includes("secret")], [false, false]);
      }
      assertStringIncludes(seen, "sudo -S -p");
    },
  );

  await context.step("three wrong ones are an error", async () => {
    const { server, asked } = await logIn(apply, { user: "joe", answers: ["a", "b", "c", "d"] });
    await using _end = server;
    const error = await assertRejects(() => server.run("touch /ran", asRoot), SecretError);
    assertMatch(error.message, /^sudo on "\S+" did not run the command as root: /);
    assertEquals(asked.length, 3);
    assertEquals((await server.run("test -e /ran", TIMEOUT)).code, 1);
  });

  await context.step("no terminal to ask on", async () => {
    await using server = (await logIn(apply, { user: "joe" })).server;
    await assertRejects(() => server.run("id", asRoot), SecretError, "no terminal");
  });

  await context.step("a user without the right", async () => {
    await apply.read("printf 'guest:pw\\n' | chpasswd");
    const { server, asked } = await logIn(apply, { user: "guest", answers: ["pw", "pw", "pw"] });
    await using _end = server;
    const error = await assertRejects(() => server.run("id", asRoot), SecretError);
    assertStringIncludes(error.message, "guest is not in the sudoers file");
    assertEquals(asked.length, 1);
  });

  await context.step("no sudo at all", async () => {
    const sudo = (await apply.read("command -v sudo")).trim();
    await apply.read(`mount --bind /dev/null ${sudo}`);
    await using server = (await logIn(apply, { user: "guest" })).server;
    await apply.read(`umount ${sudo}`);
    assertEquals(server.rootWay, "none");
    await assertRejects(() => server.run("id", asRoot), NetworkError, "there is no sudo");
  });

  await apply.read("echo 'Defaults timestamp_type=global' >/etc/sudoers.d/cache");
  const prime = `printf '%s\\n' ${`'${PASSWORD.replaceAll("'", "'\\''")}'`} | sudo -S -v`;

  await context.step("a cached password, which is forgotten later", async () => {
    const primed = (await logIn(apply, { user: "joe" })).server;
    assertEquals((await primed.run(prime, TIMEOUT)).code, 0);
    await primed[Symbol.asyncDispose]();
    const { server, asked } = await logIn(apply, { user: "joe", answers: [PASSWORD] });
    await using _end = server;
    assertEquals(server.rootWay, "sudo");
    assertEquals((await server.run("id -u", asRoot)).stdout, "0\n");
    await server.run("sudo -K", TIMEOUT);
    assertEquals((await server.run("id -u", asRoot)).stdout, "0\n");
    assertEquals([server.rootWay, asked.length], ["sudo-password", 1]);
  });

  await context.step("a password that sudo does not read is read by nothing else", async () => {
    await using _first = (await logIn(apply, { user: "joe" })).server;
    await _first.run("sudo -K", TIMEOUT);
    const { server } = await logIn(apply, { user: "joe", answers: ["echo leaked"] });
    await using _end = server;
    assertEquals(server.rootWay, "sudo-password");
    assertEquals((await server.run(prime, TIMEOUT)).code, 0);
    const { code, stdout, stderr } = await server.run("cat; read -r x; echo got $x", asRoot);
    assertEquals([code, stdout, stderr], [0, "got\n", ""]);
  });
  await context.step("nothing is left", () => assertGone(apply));
}, { tools: APPLY_TOOLS });

/** All command lines and environments of the server's and client's processes, until the call. */
function watchProcesses({ server, prefix }: ApplyLab): () => Promise<string> {
  const seen = new Set<string>();
  let isOver = false;
  const namespaces = [server.name, ...prefix.slice(-1)];
  const line = 'for pid in $(ip netns pids "$0"; ip netns pids "$1"); do ' +
    "cat /proc/$pid/cmdline /proc/$pid/environ 2>/dev/null | tr '\\0' ' '; echo; done";
  const watch = async () => {
    while (!isOver) {
      for (const text of (await mustRun(["sh", "-c", line, ...namespaces])).split("\n")) {
        seen.add(text);
      }
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  const done = watch();
  return async () => {
    isOver = true;
    await done;
    return [...seen].join("\n");
  };
}

await kernelTest(
  "a login: the user's own configuration, and servers' whims",
  async (lab, context) => {
    await using apply = await createApplyLab(lab);
    const withLines = async (...lines: readonly string[]) => {
      const file = `${apply.home.path}/config_${crypto.randomUUID()}`;
      const common = await Deno.readTextFile(`${apply.home.path}/ssh_config`);
      await Deno.writeTextFile(file, `${lines.join("\n")}\n${common}`);
      return ["ssh", "-F", file];
    };

    await context.step("a living master of the user's own is not used, and lives on", async () => {
      const socket = `${apply.home.path}/own`;
      const ssh = await withLines(
        "ControlMaster auto",
        `ControlPath ${socket}`,
        "ControlPersist 5m",
      );
      const own = (...args: string[]) =>
        lab.client.exec([...ssh, ...args, apply.place()], { env: apply.home.env });
      const master = lab.client.spawn([...ssh, "-N", "-M", apply.place()]);
      await until(async () => (await own("-O", "check")).code === 0, 15_000);
      const start = await apply.count();
      {
        await using server = (await logIn(apply, { ssh })).server;
        assertEquals((await apply.count()).connections, start.connections + 1);
        await server.run("true", TIMEOUT);
        assertEquals((await apply.count()).connections, start.connections + 1);
        await server.runFresh("true", TIMEOUT);
        await server.runFresh("true", TIMEOUT);
        assertEquals((await apply.count()).connections, start.connections + 3);
      }
      assertEquals((await own("-O", "check")).code, 0);
      await own("-O", "exit");
      await stop(master);
      await assertGone(apply);
    });

    for (
      const [name, lines] of Object.entries({
        "RemoteCommand and RequestTTY": ["RemoteCommand echo hello", "RequestTTY force"],
        "no session": ["SessionType none"],
        "in the background": ["ForkAfterAuthentication yes", "StdinNull yes"],
        "forwards that fail": ["LocalForward 1 localhost:1", "ExitOnForwardFailure yes"],
        "a LocalCommand": ["PermitLocalCommand yes", "LocalCommand echo spknock: dir /wrong"],
      })
    ) {
      await context.step(`its configuration: ${name}`, async () => {
        await using server = (await logIn(apply, { ssh: await withLines(...lines) })).server;
        assertEquals((await server.run("echo x", TIMEOUT)).stdout, "x\n");
        assertEquals((await server.runFresh("echo x", TIMEOUT)).stdout, "x\n");
      });
    }

    await context.step("options in the words of --ssh", async () => {
      const ssh = [...apply.ssh, "-t", "-o", "ControlPath=/nowhere/x", "-v"];
      await using server = (await logIn(apply, { ssh })).server;
      const start = await apply.count();
      assertEquals((await server.run("echo x", TIMEOUT)).stdout, "x\n");
      assertEquals((await apply.count()).connections, start.connections);
    });

    await context.step("words that make each ssh a master", async () => {
      await using server = (await logIn(apply, { ssh: [...apply.ssh, "-M"] })).server;
      assertEquals((await server.run("echo x", TIMEOUT)).stdout, "x\n");
      assertEquals((await server.runFresh("echo x", TIMEOUT)).stdout, "x\n");
    });

    await context.step("a program around ssh that takes our options away", async () => {
      const file = `${apply.home.path}/wrapper`;
      const script = "#!/bin/sh\nfor word; do shift\ncase $word in -S) skip=1; continue ;; " +
        "ControlMaster=*|ProxyCommand=*) word=LogLevel=ERROR ;; none) word=${F} ;; esac\n" +
        '[ -z "$skip" ] || { skip=; continue; }\nset -- "$@" "$word"; done\n' +
        'exec ssh "$@"\n';
      const text = script.replace("${F}", `${apply.home.path}/ssh_config`);
      await Deno.writeTextFile(file, text, { mode: 0o755 });
      const ssh = [file, "-F", `${apply.home.path}/ssh_config`];
      await using server = (await logIn(apply, { ssh })).server;
      assertEquals((await server.run("echo x", TIMEOUT)).stdout, "x\n");
    });

    await context.step("no folder for the socket", async () => {
      const ports = makeRealPorts({ around: apply.prefix, env: { TMPDIR: "/nowhere" } });
      const destination = await readDestination(apply.place(), { ssh: apply.ssh, ports });
      const askPassword = () => Promise.reject(new Error("no question was expected"));
      const start = await apply.count();
      {
        await using server = await openServer(destination, { ports, askPassword });
        assertEquals((await server.run("echo x", TIMEOUT)).stdout, "x\n");
        assertEquals((await apply.count()).connections, start.connections + 2);
        assertEquals(await server.isAlive(5_000), true);
      }
      await assertGone(apply);
    });

    await context.step("rc files that print, with and without a line feed", async () => {
      await apply.read("printf 'echo hello; printf there\\n' >/etc/ssh/sshrc");
      {
        await using server = (await logIn(apply)).server;
        assertEquals((await server.run("echo x", TIMEOUT)).stdout, "x\n");
        assertEquals((await server.runFresh("echo x", TIMEOUT)).stdout, "x\n");
      }
      await apply.read("rm /etc/ssh/sshrc");
    });
  },
  { tools: APPLY_TOOLS },
);

await kernelTest("a login: one command at a time, a banner, NAT", async (lab) => {
  const sshd = ["MaxSessions 1", "Banner /etc/os-release"];
  await using apply = await createApplyLab(lab, { isBehindNat: true, sshd });
  {
    await using server = (await logIn(apply, { user: "boss" })).server;
    const start = await apply.count();
    const { stdout, stderr } = await server.run('echo "$SSH_CONNECTION"', TIMEOUT);
    assertMatch(stdout, /^10\.78\.1\.1 \d+ 10\.78\.1\.2 22\n$/);
    assertEquals(stderr, "");
    assertEquals((await server.run("id -u", { ...TIMEOUT, asRoot: true })).stdout, "0\n");
    assertEquals((await apply.count()).connections, start.connections + 2);
    assertEquals(await server.isAlive(5_000), true);
  }
  await assertGone(apply);
}, { tools: APPLY_TOOLS });

for (const shell of ["/usr/bin/fish", "/usr/bin/tcsh", "/usr/bin/zsh", "/bin/bash"]) {
  const tools = [...APPLY_TOOLS, shell.replace(/.*\//, "")];
  await kernelTest(`a login: ${shell} as the login shell`, async (lab) => {
    await using apply = await createApplyLab(lab, { shell });
    const { server } = await logIn(apply, { user: "joe", answers: [PASSWORD] });
    {
      await using _end = server;
      const line = "cat; echo 'a!b' \"$0\" '!!'; exit 3";
      const { code, stdout, stderr } = await server.run(line, { ...TIMEOUT, stdin: ["in\n"] });
      assertEquals([code, stdout, stderr], [3, "in\na!b sh !!\n", ""]);
      assertEquals((await server.run("id -u", { ...TIMEOUT, asRoot: true })).stdout, "0\n");
      assertEquals((await server.runFresh("echo x", TIMEOUT)).stdout, "x\n");
    }
    await assertGone(apply);
  }, { tools });
}

await kernelTest("a login that fails", async (lab, context) => {
  await using apply = await createApplyLab(lab);
  const fail = async (options: Login) => {
    const error = await assertRejects(() => logIn(apply, options), NetworkError);
    assertEquals(error.code, "ssh");
    return `${error.message}\n${error.hint ?? ""}`;
  };
  await context.step("no sshd", async () => {
    const text = await fail({ ssh: [...apply.ssh, "-p", "2222"] });
    assertStringIncludes(text, "port 2222: Connection refused\na port that is closed until");
  });
  await context.step("no such name", async () => {
    assertStringIncludes(
      await fail({ place: "x.invalid" }),
      "Could not resolve hostname x.invalid",
    );
  });
  await context.step("no key", async () => {
    const text = await fail({ ssh: [...apply.ssh, "-o", "PubkeyAuthentication=no"] });
    assertStringIncludes(text, "Permission denied (publickey");
    assertStringIncludes(text, "has to work with ssh by hand");
  });
  await context.step("another host key", async () => {
    const known = `${apply.home.path}/known`;
    const key = (await Deno.readTextFile(`${apply.home.path}/key.pub`)).split(" ");
    await Deno.writeTextFile(known, `${apply.server.ipv4} ${key[0]} ${key[1]}\n`);
    const options = ["-o", `UserKnownHostsFile=${known}`, "-o", "StrictHostKeyChecking=yes"];
    const text = await fail({ ssh: [...apply.ssh, ...options] });
    assertStringIncludes(text, "Host key verification failed.\ncompare the server's new key");
  });
  await context.step("no login shell", async () => {
    await apply.read(
      "sed -i 's,^guest:.*,guest:x:4203:4203::/home/guest:/usr/sbin/nologin,' /etc/passwd",
    );
    assertStringIncludes(await fail({ user: "guest" }), "This account is currently not available.");
  });
  await context.step("no room for a folder", async () => {
    await apply.read(
      "mount -o remount,ro /tmp && mount -o remount,ro /var/tmp && mount -o remount,ro /home",
    );
    assertStringIncludes(await fail({ user: "boss" }), "cannot make a private folder: mktemp: ");
    await apply.read(
      "mount -o remount,rw /tmp && mount -o remount,rw /var/tmp && mount -o remount,rw /home",
    );
  });
  await context.step("nothing is left", () => assertGone(apply));
}, { tools: APPLY_TOOLS });

await kernelTest("a login that is broken", async (lab, context) => {
  await using apply = await createApplyLab(lab);

  await context.step("ssh is killed", async () => {
    {
      await using server = (await logIn(apply)).server;
      const running = server.run("sleep 30", TIMEOUT);
      await new Promise((done) => setTimeout(done, 500));
      await lab.client.exec([
        "sh",
        "-c",
        `kill -9 $(ip netns pids ${lab.client.name} | xargs -r -n1 sh -c 'grep -qz ControlMaster=yes /proc/$0/cmdline && grep -qx ssh /proc/$0/comm && echo $0')`,
      ]);
      assertEquals((await running).code, 255);
      assertEquals(await server.isAlive(3_000), false);
      const start = await apply.count();
      assertEquals((await server.run("echo x", TIMEOUT)).code, 255);
      assertEquals((await apply.count()).connections, start.connections);
      assertEquals((await server.runFresh("echo x", TIMEOUT)).stdout, "x\n");
    }
    await assertGone(apply, { seconds: 35 });
  });

  await context.step("sshd is killed", async () => {
    {
      await using server = (await logIn(apply)).server;
      await apply.killSshd();
      assertEquals(await server.isAlive(3_000), false);
      assertEquals((await server.run("echo x", TIMEOUT)).code, 255);
      assertEquals((await server.runFresh("echo x", TIMEOUT)).code, 255);
      await apply.startSshd();
      assertEquals((await server.runFresh("echo x", TIMEOUT)).stdout, "x\n");
    }
    await assertGone(apply);
  });

  await context.step("the network is cut, and mended", async () => {
    {
      await using server = (await logIn(apply)).server;
      await apply.cut();
      assertEquals(await server.isAlive(1_000), false);
      assertEquals((await server.run("echo x", { timeoutMs: 1_000 })).code, undefined);
      await apply.mend();
      assertEquals(await server.isAlive(10_000), true);
    }
    await assertGone(apply);
  });

  await context.step("spknock is killed at any moment", async () => {
    const driver = new URL("./ssh_driver.ts", import.meta.url).pathname;
    const args = denoCommand(["--no-check", "-A", driver, apply.place("boss"), ...apply.ssh]);
    for (let round = 0; round < 8; round++) {
      const [program = "", ...rest] = [...apply.prefix, ...args];
      const child = new Deno.Command(program, {
        args: rest,
        env: { TMPDIR: apply.home.path },
        stdin: "piped",
        stdout: "piped",
      })
        .spawn();
      // Half of them during the login, half during commands.
      if (round % 2 === 0) {
        await until(async () => (await apply.clients()).length > 0, 15_000);
        await new Promise((done) => setTimeout(done, round * 60));
      } else {
        const reader = child.stdout.getReader();
        await reader.read();
        reader.releaseLock();
        await new Promise((done) => setTimeout(done, Math.random() * 2_000));
      }
      child.kill("SIGKILL");
      await child.stdout.cancel();
      await child.stdin.close().catch(() => {});
      await child.status;
      await assertGone(apply);
    }
  });
}, { tools: APPLY_TOOLS });
