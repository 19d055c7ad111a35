/** `tcp`, `ssh`, `http` and `tls` against real servers on loopback. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CancelledError } from "../../src/core/errors.ts";
import type { ProbeSpec } from "../../src/core/target.ts";
import { openTcp } from "../../src/net/tcp.ts";
import { runProbe } from "../../src/probe/mod.ts";
import type { ProbeContext } from "../../src/probe/probe.ts";
import { FakeClock, settle } from "../fakes.ts";
import { OTHER_SOURCE } from "../ports.ts";
import { table } from "../table.ts";
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
  const { label, status, ms, detail } = await runProbe(spec, probeContext(more));
  assert(ms >= 0 && ms < 60_000);
  return { label, status, detail };
}

/** Local addresses to send from. */
const SOURCES: Record<string, string | undefined> = {
  "the default source": undefined,
  "another source": OTHER_SOURCE,
};

table("tcp: open where a handshake completes", [
  ["from the default source", {}],
  ["from another source", { source: OTHER_SOURCE }],
  ["over IPv6", { address: "::1", family: "ipv6" }],
] as [string, Partial<ProbeContext>][], async (more) => {
  await using server = serveTcp(untilClosed, { hostname: more.address ?? "127.0.0.1" });
  const { port } = server;
  const expected = { label: `tcp ${port}`, status: "open", detail: "" };
  assertEquals(await ask({ type: "tcp", port }, more), expected);
});

table("tcp: refused by a closed port", SOURCES, async (source) => {
  const { status, detail } = await ask({ type: "tcp", port: closedPort() }, { source });
  assertEquals([status, detail], ["refused", "connection refused"]);
});

Deno.test("tcp: an error for a source that is not an address of this machine", async () => {
  const { status, detail } = await ask({ type: "tcp", port: 9 }, { source: "192.0.2.99" });
  assertEquals(status, "error");
  assertEquals(detail, 'cannot send from "192.0.2.99": it is not an address of this machine');
});

Deno.test("tcp: closed where nothing answers until the timeout", async () => {
  const clock = new FakeClock({ auto: true });
  const silent = (_: unknown, signal?: AbortSignal) =>
    new Promise<never>((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason))
    );
  const result = await runProbe(
    { type: "tcp", port: 22 },
    probeContext({ clock, openTcp: silent, timeoutMs: 2_000 }),
  );
  assertEquals(result, { label: "tcp 22", status: "closed", ms: 2_000, detail: "no answer" });
});

const BANNER = "SSH-2.0-OpenSSH_9.2p1 Debian-2";

table("ssh: open with the banner", {
  "that ends in CRLF": `${BANNER}\r\n`,
  "that ends in LF": `${BANNER}\n`,
  "after other lines": `welcome\r\nto the house\r\n${BANNER}\r\n`,
}, async (greeting) => {
  await using server = serveTcp(says(greeting));
  const { port } = server;
  const expected = { label: `ssh ${port}`, status: "open", detail: BANNER };
  assertEquals(await ask({ type: "ssh", port }), expected);
});

Deno.test("ssh: open with a banner that comes byte by byte", async () => {
  await using slow = serveTcp(async (connection) => {
    for (const byte of new TextEncoder().encode(`${BANNER}\r\n`)) {
      await connection.write(new Uint8Array([byte]));
    }
  });
  assertEquals((await ask({ type: "ssh", port: slow.port })).detail, BANNER);
});

table("ssh: an error where the answer is", {
  "nothing": "",
  "SMTP": "220 mail ESMTP\r\n",
  "HTTP": "HTTP/1.1 400 Bad Request\r\n\r\n",
  "an endless line": "x".repeat(20_000),
}, async (answer) => {
  await using server = serveTcp((connection) => connection.write(new TextEncoder().encode(answer)));
  const { status, detail } = await ask({ type: "ssh", port: server.port });
  assertEquals([status, detail], ["error", "connected, but it is not an ssh server"]);
});

Deno.test("http: asks for the path, at the pinned address, by the name in the URL", async () => {
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

const NOT_HTTP = "connected, but it is not a web server";

table("http: the status", [
  ["any below 500", ["HTTP/1.1 204 No Content\r\n\r\n", undefined, "open", "status 204"]],
  ["404 of HTTP/1.0", ["HTTP/1.0 404 Not Found\r\n\r\n", undefined, "open", "status 404"]],
  ["401 as expected", ["HTTP/1.1 401\r\n\r\n", 401, "open", "status 401"]],
  ["503", [
    "HTTP/1.1 503 Busy\r\n\r\n",
    undefined,
    "error",
    "status 503, expected one below 500",
  ]],
  ["503 as expected", ["HTTP/1.1 503 Busy\r\n\r\n", 503, "open", "status 503"]],
  ["302, not 200", ["HTTP/1.1 302 Found\r\n\r\n", 200, "error", "status 302, expected 200"]],
  ["of an ssh server", ["SSH-2.0-OpenSSH\r\n", undefined, "error", NOT_HTTP]],
  ["of no answer", ["", undefined, "error", NOT_HTTP]],
  ["of an endless line", ["x".repeat(10_000), undefined, "error", NOT_HTTP]],
] as [string, [string, number | undefined, string, string]][], async (row) => {
  const [text, status, ...expected] = row;
  await using server = serveTcp(answers(text));
  const result = await ask({ type: "http", url: `http://x:${server.port}/`, status });
  assertEquals([result.status, result.detail], expected);
});

/** Each host, from each source. */
function crossSources(hosts: readonly string[]) {
  return hosts.flatMap((host) =>
    Object.entries(SOURCES).map(([name, source]) => [`${host}, ${name}`, { host, source }] as const)
  );
}

const TLS_HOSTS = ["fw.example", "other.example", "127.0.0.1", "bücher.example.", "::1"];

table(
  "tls: open, and names a certificate that is not trusted",
  crossSources(TLS_HOSTS),
  async (row) => {
    await using server = serveTls(untilClosed);
    const { status, detail } = await ask({ type: "tls", port: server.port }, row);
    assertEquals(status, "open", detail);
    assertMatch(detail, /^TLSv1\.3 handshake done, certificate not trusted: \w+$/);
  },
);

const HTTPS_HOSTS = ["fw.example", "127.0.0.1", "[::1]"];

table(
  "https: the status, and a certificate that is not trusted",
  crossSources(HTTPS_HOSTS),
  async ({ host, source }) => {
    await using server = serveTls(answers("HTTP/1.1 200 OK\r\n\r\n"));
    const url = `https://${host}:${server.port}/`;
    const { status, detail } = await ask({ type: "http", url }, { source });
    assertEquals(status, "open", detail);
    assertMatch(detail, /^status 200, certificate not trusted: \w+$/);
  },
);

table("tls and https: an error where the server", {
  "talks ssh": says("SSH-2.0-OpenSSH\r\n"),
  "hangs up": () => Promise.resolve(),
}, async (handle) => {
  await using server = serveTcp(handle);
  const { port } = server;
  const specs: ProbeSpec[] = [
    { type: "tls", port },
    { type: "http", url: `https://fw.example:${port}/` },
  ];
  for (const spec of specs) {
    for (const source of Object.values(SOURCES)) {
      const { status, detail } = await ask(spec, { source });
      assertEquals(status, "error");
      assertMatch(detail, /^connected, but: /);
    }
  }
});

/** A probe of a server that accepts and never answers; `heard` is what it hears of it at least. */
interface Mute {
  spec: (port: number) => ProbeSpec;
  heard: number;
  source: string | undefined;
}

const MUTE = Object.entries(
  {
    ssh: { spec: (port) => ({ type: "ssh", port }), heard: 0 },
    http: { spec: (port) => ({ type: "http", url: `http://fw.example:${port}/` }), heard: 1 },
    https: { spec: (port) => ({ type: "http", url: `https://fw.example:${port}/` }), heard: 1 },
    tls: { spec: (port) => ({ type: "tls", port }), heard: 1 },
  } satisfies Record<string, Omit<Mute, "source">>,
).flatMap(([probe, mute]) =>
  Object.entries(SOURCES).map(([name, source]): [string, Mute] => [
    `${probe}, ${name}`,
    { ...mute, source },
  ])
);

/** Asks a mute server and, when it has heard the question, does `then` with the clock. */
async function askMute(
  { spec, heard, source }: Mute,
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
    source,
    ...more,
  });
  const result = runProbe(spec(server.port), context);
  result.catch(() => {});
  await Promise.all([connected.promise, asked.promise]);
  await settle();
  await then(clock);
  await closed.promise;
  assertEquals(clock.sleeping, 0);
  return await result;
}

table("a server that accepts and never answers is an error at the timeout", MUTE, async (mute) => {
  const result = await askMute(mute, {}, (clock) => clock.advance(5_000));
  const expected = ["error", "connected, but no answer in time"];
  assertEquals([result.status, result.detail], expected, result.label);
});

table("a cancelled question ends at once, and its connection is closed", MUTE, async (mute) => {
  const cancel = new AbortController();
  const asking = askMute(mute, { signal: cancel.signal }, async () => {
    cancel.abort(new CancelledError());
    await settle();
  });
  await assertRejects(() => asking, CancelledError);
});
