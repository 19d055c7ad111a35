import { assertEquals, assertStringIncludes } from "@std/assert";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";
import { Home, valueOf } from "./program.ts";

/** Runs what follows with that many descriptors at most. */
const limitTo = (count: number) => ["sh", "-c", `ulimit -n ${count}; exec "$@"`, "sh"];

/** Targets without a pause between their knocks. */
function renderMany(count: number, more: string): string {
  return Array.from(
    { length: count },
    (_, index) =>
      `[targets.t${index}]\nhost = "127.0.0.1"\nknocks = ["1/udp", "2/udp"]\nsecret = "none"\n` +
      `delay = "0ms"\n${more}\n`,
  ).join("");
}

interface Report {
  status: string;
  probes: { status: string; detail: string }[];
}

/** A port that connections are never taken from: with a full backlog it does not answer. */
function openShutPort() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  return { listener, port };
}

table<readonly [limit: number, count: number]>(
  "many targets with few descriptors: each open door is found open",
  { "64": [64, 200], "256": [256, 200] },
  async ([limit, count]) => {
    await using home = new Home();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      for await (const connection of listener) connection.close();
    })();
    await home.write(renderMany(count, `probes = ["${listener.addr.port}/tcp"]`));
    const ended = await home.run(["knock", "--all", "--json"], {
      prefix: limitTo(limit),
    });
    assertEquals([ended.code, ended.stderr], [0, ""]);
    const reports = valueOf<{ targets: Report[] }>(ended).targets;
    assertEquals(reports.filter(({ status }) => status === "open").length, count);
    listener.close();
    await serving;
  },
  { ignore: lacks("sh") },
);

Deno.test({
  name: "doors that do not answer, with few descriptors: closed, and never an error",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using home = new Home();
    const { listener, port } = openShutPort();
    const waiting: Deno.TcpConn[] = [];
    for (let fill = 0; fill < 4; fill++) {
      const signal = AbortSignal.timeout(300);
      const filled = Deno.connect({ hostname: "127.0.0.1", port, signal });
      await filled.then((connection) => waiting.push(connection), () => {});
    }
    await home.write(renderMany(8, `probes = ["${port}/tcp"]`));
    const ended = await home.run(["probe", "--all", "--json"], { prefix: limitTo(64) });
    assertEquals([ended.code, ended.stderr], [1, ""]);
    for (const { status, probes } of valueOf<{ targets: Report[] }>(ended).targets) {
      assertEquals([status, probes[0]?.status, probes[0]?.detail], [
        "closed",
        "closed",
        "no answer",
      ]);
    }
    for (const connection of waiting) connection.close();
    listener.close();
  },
});

Deno.test({
  name: "programs and files of secrets, with few descriptors",
  ignore: lacks("sh"),
  async fn() {
    await using home = new Home();
    await Deno.writeTextFile(`${home.path}/secret`, "word\n", { mode: 0o600 });
    const more = `probes = [{ type = "exec", run = ["true"] }]`;
    const text = renderMany(40, more).replaceAll(
      'secret = "none"',
      `secret = { file = "${home.path}/secret" }`,
    );
    await home.write(text);
    const ended = await home.run(["knock", "--all", "--json"], { prefix: limitTo(64) });
    assertEquals([ended.code, ended.stderr], [0, ""]);
    assertStringIncludes(ended.stdout, '"open"');
  },
});
