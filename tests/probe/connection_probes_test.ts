/** `tcp`, `ssh`, `http` and `tls` against real servers on loopback. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CancelledError } from "../../src/core/errors.ts";
import type { ProbeSpec } from "../../src/core/target.ts";
import { openTcp } from "../../src/net/tcp.ts";
import { askProbe, type ProbeContext } from "../../src/probe/mod.ts";
import { FakeClock, settle } from "../fakes.ts";
import {
  answers,
  closedPort,
  probeContext,
  says,
  serveTcp,
  serveTls,
  untilClosed,
} from "./servers.ts";

/** A probe's answer without its time. */
async function ask(spec: ProbeSpec, more: Partial<ProbeContext> = {}) {
  const { label, status, ms, detail } = await askProbe(spec, probeContext(more));
  assert(ms >= 0 && ms < 60_000);
  return { label, status, detail };
}

Deno.test("tcp is open where a handshake completes, from any source, in both families", async () => {
  await using server = serveTcp(untilClosed);
  const { port } = server;
  const label = `tcp ${port}`;
  assertEquals(await ask({ type: "tcp", port }), { label, status: "open", detail: "" });
  assertEquals((await ask({ type: "tcp", port }, { source: "127.0.0.5" })).status, "open");
  await using other = serveTcp(untilClosed, { hostname: "::1" });
  const context = { address: "::1", family: "ipv6" } as const;
  assertEquals((await ask({ type: "tcp", port: other.port }, context)).status, "open");
});

Deno.test("tcp is refused where nobody listens", async () => {
  const port = closedPort();
  for (const source of [undefined, "127.0.0.5"]) {
    const { status, detail } = await ask({ type: "tcp", port }, { source });
    assertEquals([status, detail], ["refused", "connection refused"]);
  }
});

Deno.test("tcp from a source that is not this machine's is an error that says so", async () => {
  const { status, detail } = await ask({ type: "tcp", port: 9 }, { source: "192.0.2.99" });
  assertEquals(status, "error");
  assertEquals(detail, 'cannot send from "192.0.2.99": it is not an address of this machine');
});

Deno.test("tcp is closed where nothing answers until the timeout", async () => {
  const clock = new FakeClock({ auto: true });
  const silent = (_: unknown, signal?: AbortSignal) =>
    new Promise<never>((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason))
    );
  const result = await askProbe(
    { type: "tcp", port: 22 },
    probeContext({ clock, openTcp: silent, timeoutMs: 2_000 }),
  );
  assertEquals(result, { label: "tcp 22", status: "closed", ms: 2_000, detail: "no answer" });
});

Deno.test("ssh reads the banner, after other lines and in pieces", async () => {
  const banner = "SSH-2.0-OpenSSH_9.2p1 Debian-2";
  const greetings = [`${banner}\r\n`, `${banner}\n`, `welcome\r\nto the house\r\n${banner}\r\n`];
  for (const greeting of greetings) {
    await using server = serveTcp(says(greeting));
    const { port } = server;
    const label = `ssh ${port}`;
    assertEquals(await ask({ type: "ssh", port }), { label, status: "open", detail: banner });
  }
  await using slow = serveTcp(async (connection) => {
    for (const byte of new TextEncoder().encode(`${banner}\r\n`)) {
      await connection.write(new Uint8Array([byte]));
    }
  });
  assertEquals((await ask({ type: "ssh", port: slow.port })).detail, banner);
});

Deno.test("ssh is an error where something else answers", async () => {
  const wrongs = ["", "220 mail ESMTP\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "x".repeat(20_000)];
  for (const wrong of wrongs) {
    await using server = serveTcp((connection) =>
      connection.write(new TextEncoder().encode(wrong))
    );
    const { status, detail } = await ask({ type: "ssh", port: server.port });
    assertEquals([status, detail], ["error", "connected, but it is no ssh server"]);
  }
});

Deno.test("http asks for the path, at the pinned address, by the url's own name", async () => {
  const requests: string[] = [];
  await using server = serveTcp(answers("HTTP/1.1 200 OK\r\n\r\n", requests));
  const url = `http://door.example:${server.port}/a%20b?c=d#e`;
  assertEquals(await ask({ type: "http", url }), {
    label: `http ${url}`,
    status: "open",
    detail: "status 200",
  });
  const [line, host, ...others] = requests[0]?.split("\r\n") ?? [];
  assertEquals(line, "GET /a%20b?c=d HTTP/1.1");
  assertEquals(host, `Host: door.example:${server.port}`);
  assert(others.includes("Connection: close"));
});

const STATUSES: [string, number | undefined, "open" | "error", string][] = [
  ["HTTP/1.1 204 No Content\r\n\r\n", undefined, "open", "status 204"],
  ["HTTP/1.0 404 Not Found\r\n\r\n", undefined, "open", "status 404"],
  ["HTTP/1.1 401\r\n\r\n", 401, "open", "status 401"],
  ["HTTP/1.1 503 Busy\r\n\r\n", undefined, "error", "status 503, wanted one below 500"],
  ["HTTP/1.1 503 Busy\r\n\r\n", 503, "open", "status 503"],
  ["HTTP/1.1 302 Found\r\n\r\n", 200, "error", "status 302, wanted 200"],
  ["SSH-2.0-OpenSSH\r\n", undefined, "error", "connected, but it is no web server"],
  ["", undefined, "error", "connected, but it is no web server"],
  ["x".repeat(10_000), undefined, "error", "connected, but it is no web server"],
];

Deno.test("http is open for the status that is wanted", async () => {
  for (const [text, status, expected, detail] of STATUSES) {
    await using server = serveTcp(answers(text));
    const spec = { type: "http", url: `http://x:${server.port}/`, ...(status ? { status } : {}) };
    const result = await ask(spec);
    assertEquals([result.status, result.detail], [expected, detail], text.slice(0, 40));
  }
});

Deno.test("tls is open for a certificate that nobody trusts, and says so, from any source", async () => {
  await using server = serveTls(untilClosed);
  const { port } = server;
  const hosts = ["fw.example", "other.example", "127.0.0.1", "bücher.example.", "::1"];
  for (const host of hosts) {
    for (const source of [undefined, "127.0.0.5"]) {
      const { status, detail } = await ask({ type: "tls", port }, { host, source });
      assertEquals(status, "open", detail);
      assertMatch(detail, /^TLSv1\.3 handshake done, certificate not trusted: \w+$/);
    }
  }
});

Deno.test("https tells the status behind a certificate that nobody trusts, from any source", async () => {
  await using server = serveTls(answers("HTTP/1.1 200 OK\r\n\r\n"));
  for (const name of ["fw.example", "127.0.0.1", "[::1]"]) {
    for (const source of [undefined, "127.0.0.5"]) {
      const url = `https://${name}:${server.port}/`;
      const { status, detail } = await ask({ type: "http", url }, { source });
      assertEquals(status, "open", detail);
      assertMatch(detail, /^status 200, certificate not trusted: \w+$/);
    }
  }
});

Deno.test("tls and https are errors where something else answers", async () => {
  for (const handle of [says("SSH-2.0-OpenSSH\r\n"), () => Promise.resolve()]) {
    await using server = serveTcp(handle);
    const { port } = server;
    const specs = [{ type: "tls", port }, { type: "http", url: `https://fw.example:${port}/` }];
    for (const spec of specs) {
      for (const source of [undefined, "127.0.0.5"]) {
        const { status, detail } = await ask(spec, { source });
        assertEquals(status, "error");
        assertMatch(detail, /^connected, but: /);
      }
    }
  }
});

/** Probes of a server that accepts and never answers; `heard` is what it hears of them at least. */
const MUTE: { spec: (port: number) => ProbeSpec; heard: number }[] = [
  { spec: (port) => ({ type: "ssh", port }), heard: 0 },
  { spec: (port) => ({ type: "http", url: `http://fw.example:${port}/` }), heard: 1 },
  { spec: (port) => ({ type: "http", url: `https://fw.example:${port}/` }), heard: 1 },
  { spec: (port) => ({ type: "tls", port }), heard: 1 },
];

/** Asks a mute server and, when it has heard the question, does `then` with the clock. */
async function askMute(
  { spec, heard }: typeof MUTE[number],
  more: Partial<ProbeContext>,
  then: (clock: FakeClock) => Promise<void>,
) {
  const clock = new FakeClock();
  const connected = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  await using server = serveTcp(async (connection) => {
    if (heard > 0) await connection.read(new Uint8Array(4_096));
    asked.resolve();
    await untilClosed(connection);
    closed.resolve();
  });
  const context = probeContext({
    clock,
    timeoutMs: 5_000,
    async openTcp(place, signal) {
      const connection = await openTcp(place, signal);
      connected.resolve();
      return connection;
    },
    ...more,
  });
  const result = askProbe(spec(server.port), context);
  result.catch(() => {});
  await Promise.all([connected.promise, asked.promise]);
  await settle();
  await then(clock);
  await closed.promise;
  assertEquals(clock.sleeping, 0);
  return await result;
}

Deno.test("a server that accepts and never answers is an error at the timeout, and closed", async () => {
  for (const mute of MUTE) {
    for (const source of [undefined, "127.0.0.5"]) {
      const result = await askMute(mute, { source }, (clock) => clock.advance(5_000));
      assertEquals(
        [result.status, result.detail],
        ["error", "connected, but no answer in time"],
        result.label,
      );
    }
  }
});

Deno.test("a question that is cancelled ends at once, and its connection is closed", async () => {
  for (const mute of MUTE) {
    for (const source of [undefined, "127.0.0.5"]) {
      const cancel = new AbortController();
      const { signal } = cancel;
      const asking = askMute(mute, { source, signal }, async () => {
        cancel.abort(new CancelledError());
        await settle();
      });
      await assertRejects(() => asking, CancelledError);
    }
  }
});
