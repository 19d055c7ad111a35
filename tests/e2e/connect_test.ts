/** `connect` as a ProxyCommand sees it: real processes, pipes and sockets on loopback. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freeTcpPort } from "../ports.ts";
import { lacks, testWith } from "../systems.ts";
import { table } from "../table.ts";
import { needs } from "./old_runtime.ts";
import { Home } from "./program.ts";

const MEBIBYTE = 1_048_576;

const targets = (more = "") =>
  `version = 1
[targets.home]
host = "127.0.0.1"
knocks = ["${freeTcpPort()}/tcp"]
tries = 1
timeout = "500ms"
${more}`;

/** A server that does one thing with its first connection. */
function serve(work: (connection: Deno.TcpConn) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const done = (async () => {
    const connection = await listener.accept();
    await work(connection);
  })();
  return {
    port: `${listener.addr.port}`,
    done,
    async [Symbol.asyncDispose]() {
      listener.close();
      await done;
    },
  };
}

async function readAll(source: { read(buffer: Uint8Array): Promise<number | null> }) {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const buffer = new Uint8Array(65_536);
    const count = await source.read(buffer);
    if (count === null) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    chunks.push(buffer.subarray(0, count));
  }
}

/** Bytes of every value, which no text survives. */
function noise(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65_536)));
  }
  return bytes;
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function homeWithTargets(more?: string): Promise<Home> {
  const home = new Home();
  await home.write(targets(more));
  return home;
}

/** Starts with nothing at stdin yet; kills it at the end of the test, whatever happens. */
function startConnect(home: Home, argv: readonly string[]) {
  const child = home.start(["connect", ...argv]);
  return {
    child,
    stdin: child.stdin.getWriter(),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // As it should be.
      }
      await child.status;
    },
  };
}

Deno.test("connect: large data goes both ways at the same time, unchanged", async () => {
  await using home = await homeWithTargets();
  const [up, down] = [noise(24 * MEBIBYTE + 7), noise(24 * MEBIBYTE + 3)];
  let received: Uint8Array<ArrayBuffer> = new Uint8Array();
  await using server = serve(async (connection) => {
    const writing = (async () => {
      for (let at = 0; at < down.length;) at += await connection.write(down.subarray(at));
      await connection.closeWrite();
    })();
    received = await readAll(connection);
    await writing;
    connection.close();
  });
  await using program = startConnect(home, ["home", server.port]);
  const { child, stdin } = program;
  const output = new Response(child.stdout).bytes();
  for (let at = 0; at < up.length; at += MEBIBYTE) {
    await stdin.write(up.subarray(at, at + MEBIBYTE));
  }
  await stdin.close();
  assertEquals(await digest(await output), await digest(down));
  assertEquals((await child.status).code, 0);
  assertEquals(await new Response(child.stderr).text(), "");
  await server.done;
  assertEquals(await digest(received), await digest(up));
});

Deno.test("connect: the end of stdin is passed on, and the answer still comes", async () => {
  await using home = await homeWithTargets();
  await using server = serve(async (connection) => {
    const question = await readAll(connection);
    await connection.write(new TextEncoder().encode(`${question.length} bytes`));
    connection.close();
  });
  const ended = await home.run(["connect", "home", server.port], { stdin: "question" });
  assertEquals(ended, { code: 0, stdout: "8 bytes", stderr: "" });
});

Deno.test("connect: the end of the remote data does not cut off stdin", async () => {
  await using home = await homeWithTargets();
  const up = noise(8 * MEBIBYTE);
  let received = 0;
  await using server = serve(async (connection) => {
    await connection.write(new TextEncoder().encode("go on"));
    await connection.closeWrite();
    received = (await readAll(connection)).length;
    connection.close();
  });
  const ended = await home.run(["connect", "home", server.port], { stdin: up });
  assertEquals([ended.code, ended.stdout], [0, "go on"]);
  await server.done;
  assertEquals(received, up.length);
});

Deno.test("connect: ends when the peer closes, while stdin stays open", async () => {
  await using home = await homeWithTargets();
  await using server = serve(async (connection) => {
    await connection.write(new TextEncoder().encode("SSH-2.0-bye\r\n"));
    connection.close();
  });
  await using program = startConnect(home, ["home", server.port]);
  assertEquals(await new Response(program.child.stdout).text(), "SSH-2.0-bye\r\n");
  assertEquals((await program.child.status).code, 0);
  await program.stdin.close().catch(() => {});
  assertEquals(await new Response(program.child.stderr).text(), "");
});

Deno.test("connect: a reader of stdout that goes away is not an error", async () => {
  await using home = await homeWithTargets();
  await using server = serve(async (connection) => {
    const chunk = new Uint8Array(65_536);
    try {
      for (;;) await connection.write(chunk);
    } catch {
      connection.close();
    }
  });
  await using program = startConnect(home, ["home", server.port]);
  const reader = program.child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals((await program.child.status).code, 0);
  await program.stdin.close().catch(() => {});
  assertEquals(await new Response(program.child.stderr).text(), "");
});

Deno.test({
  name: "connect: back-pressure: what nobody reads is not piled up",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using home = await homeWithTargets();
    const release = Promise.withResolvers<void>();
    await using server = serve(async (connection) => {
      await release.promise;
      await readAll(connection);
      connection.close();
    });
    await using program = startConnect(home, ["home", server.port]);
    // Far more than sockets and pipes hold: a write has to wait.
    const chunk = new Uint8Array(MEBIBYTE);
    let written = 0;
    const writing = (async () => {
      for (; written < 64; written++) await program.stdin.write(chunk);
      await program.stdin.close();
    })();
    await until(() => written > 0);
    const before = await residentBytes(program.child.pid);
    await untilStuck(() => written);
    assert(written < 32, `${written} MiB were taken`);
    assert(await residentBytes(program.child.pid) - before < 24 * MEBIBYTE);
    release.resolve();
    await writing;
    await program.child.stdout.cancel();
    await program.child.stderr.cancel();
    assertEquals((await program.child.status).code, 0);
  },
});

Deno.test({
  name: "connect: back-pressure: a reader of stdout that stalls gets everything, later",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using home = await homeWithTargets();
    let written = 0;
    const goOn = Promise.withResolvers<void>();
    const chunk = noise(MEBIBYTE);
    await using server = serve(async (connection) => {
      for (; written < 64; written++) {
        for (let at = 0; at < chunk.length;) at += await connection.write(chunk.subarray(at));
        if (written === 0) await goOn.promise;
      }
      connection.close();
    });
    await using program = startConnect(home, ["home", server.port]);
    const reader = program.child.stdout.getReader();
    let received = (await reader.read()).value?.length ?? 0;
    const before = await residentBytes(program.child.pid);
    goOn.resolve();
    await untilStuck(() => written);
    assert(written < 48, `${written} MiB were taken`);
    assert(await residentBytes(program.child.pid) - before < 24 * MEBIBYTE);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      received += value.length;
    }
    assertEquals(received, 64 * MEBIBYTE);
    assertEquals((await program.child.status).code, 0);
    await program.stdin.close().catch(() => {});
    await program.child.stderr.cancel();
  },
});

/** Starts its arguments with one end of a socket pair at stdin and stdout, and is a pipe to the other. */
const SOCKET_PAIR = `
use Socket; socketpair(my $ours, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
if (fork() == 0) { open(STDIN, "<&", $its); open(STDOUT, ">&", $its); close $ours; exec @ARGV }
close $its; $SIG{PIPE} = "IGNORE";
if (fork() == 0) { while (sysread(STDIN, my $data, 65536)) {
  for (my $at = 0; $at < length $data;) { $at += syswrite($ours, $data, length($data) - $at, $at) } }
  shutdown($ours, 1); exit }
while (sysread($ours, my $data, 65536)) { print $data } wait; wait; exit($? >> 8)`;

table("connect: stdin of each kind reaches the other side unchanged", {
  "a file": ["sh", "-c", 'exec "$@" <upload', "sh"],
  "a pipe": ["sh", "-c", 'cat upload | "$@"', "sh"],
  "a socket pair": ["sh", "-c", 'perl -e "$0" "$@" <upload', SOCKET_PAIR],
}, async (prefix) => {
  await using home = await homeWithTargets();
  const up = noise(8 * MEBIBYTE + 5);
  await Deno.writeFile(`${home.path}/upload`, up);
  await using server = serve(async (connection) => {
    const received = await readAll(connection);
    await connection.write(new TextEncoder().encode(await digest(received)));
    connection.close();
  });
  const ended = await home.run(["connect", "home", server.port], { prefix });
  assertEquals(ended, { code: 0, stdout: await digest(up), stderr: "" });
}, { ignore: lacks("sh") });

/** Waits for a condition, ten seconds at most. */
async function until(isSo: () => boolean): Promise<void> {
  for (let count = 0; count < 1_000 && !isSo(); count++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until a number has not moved for half a second. */
async function untilStuck(read: () => number): Promise<void> {
  let [last, same] = [read(), 0];
  await until(() => (same = read() === last ? same + 1 : 0, last = read(), same > 50));
}

async function residentBytes(pid: number): Promise<number> {
  // Deno itself reads nothing in /proc without --allow-all.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  const kib = /VmRSS:\s+(\d+) kB/.exec(new TextDecoder().decode(stdout))?.[1];
  return Number(kib) * 1_024;
}

testWith("signals", "connect: Ctrl-C ends the wait for the port, and the relay", async () => {
  await using home = await homeWithTargets(
    '[targets.slow]\nhost = "127.0.0.1"\n' +
      `knocks = ["${freeTcpPort()}/tcp"]\ntries = 100\n`,
  );
  await using racing = startConnect(home, ["slow", `${freeTcpPort()}`, "-v"]);
  const decoder = new TextDecoder();
  const reader = racing.child.stderr.getReader();
  for (let said = ""; !said.includes("try 2");) {
    const { value, done } = await reader.read();
    if (done) break;
    said += decoder.decode(value);
  }
  racing.child.kill("SIGINT");
  assertEquals((await racing.child.status).code, 130);
  await reader.cancel();
  await racing.child.stdout.cancel();
  await racing.stdin.close().catch(() => {});

  let hasEnded = false;
  await using server = serve(async (connection) => {
    await connection.write(new TextEncoder().encode("hello"));
    await readAll(connection).catch(() => {});
    hasEnded = true;
    connection.close();
  });
  await using relaying = startConnect(home, ["home", server.port]);
  const out = relaying.child.stdout.getReader();
  await out.read();
  relaying.child.kill("SIGINT");
  assertEquals((await relaying.child.status).code, 130);
  await server.done;
  assertEquals(hasEnded, true);
  await out.cancel();
  await relaying.child.stderr.cancel();
  await relaying.stdin.close().catch(() => {});
});

Deno.test({
  name: `connect: from a chosen source, through another kind of socket${needs("source").reason}`,
  ignore: needs("source").ignore || lacks("loopback"),
  async fn() {
    await using home = await homeWithTargets();
    const up = noise(4 * MEBIBYTE);
    let peer = "";
    await using server = serve(async (connection) => {
      peer = (connection.remoteAddr as Deno.NetAddr).hostname;
      const received = await readAll(connection);
      await connection.write(new TextEncoder().encode(await digest(received)));
      connection.close();
    });
    const argv = ["connect", "home", server.port, "--source", "127.0.0.9"];
    const ended = await home.run(argv, { stdin: up });
    assertEquals([ended.code, ended.stdout, peer], [0, await digest(up), "127.0.0.9"]);
  },
});

testWith(
  ["signals", "sh"],
  "knock -- COMMAND: the command has our streams, and gets our signals",
  async () => {
    await using home = new Home();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepting = (async () => {
      for await (const connection of listener) connection.close();
    })();
    await home.write(targets(`probes = ["tcp:${listener.addr.port}"]\n`));
    const echo = ["knock", "home", "--", "sh", "-c", "cat; exit 5"];
    const ended = await home.run(echo, { stdin: "through" });
    assertEquals([ended.code, ended.stdout], [5, "through"]);
    assertStringIncludes(ended.stderr, "home: the door is open");

    const trap = 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done';
    const child = home.start(["keep", "home", "--", "sh", "-c", trap]);
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 9);
    await reader.cancel();
    await child.stderr.cancel();
    await child.stdin.close().catch(() => {});
    listener.close();
    await accepting;
  },
);

testWith("sh", "keep -- COMMAND: a command that ignores Ctrl-C is not left behind", async () => {
  await using home = new Home();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await home.write(targets(`probes = ["tcp:${listener.addr.port}"]\n`));
  const trap =
    'trap "echo again" INT; trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done';
  const child = home.start(["keep", "home", "--", "sh", "-c", trap]);
  const reader = child.stdout.getReader();
  await reader.read();
  for (const signal of ["SIGINT", "SIGINT"] as const) {
    child.kill(signal);
    const { value } = await reader.read();
    assertEquals(new TextDecoder().decode(value), "again\n");
  }
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 9);
  await reader.cancel();
  await child.stderr.cancel();
  await child.stdin.close().catch(() => {});
});
