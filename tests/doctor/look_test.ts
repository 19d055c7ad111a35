/** What the doctor sees: files with their modes, and SYNs in words. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { DEFAULT_SETTINGS, type Target } from "../../src/core/target.ts";
import { type FilePorts, lookAtConfig, lookAtSecrets } from "../../src/doctor/files.ts";
import { askSyn, describe } from "../../src/doctor/syn.ts";
import { FakeClock, FakeConnection } from "../fakes.ts";

function filesWith(modes: Record<string, number>): FilePorts {
  return {
    home: "/home/me",
    fileMode: (path) =>
      modes[path] === undefined
        ? Promise.reject(new Deno.errors.NotFound())
        : Promise.resolve(modes[path]),
  };
}

Deno.test("the file of targets and its folder", async () => {
  const cases: [Record<string, number>, (string | undefined)[]][] = [
    [{}, [undefined]],
    [{ "/c/t.toml": 0o100600, "/c": 0o40700 }, [undefined, undefined]],
    [{ "/c/t.toml": 0o100644, "/c": 0o40755 }, [undefined, undefined]],
    [{ "/c/t.toml": 0o100664, "/c": 0o40700 }, ["chmod 600 /c/t.toml", undefined]],
    [{ "/c/t.toml": 0o100600, "/c": 0o40777 }, [undefined, "chmod 700 /c"]],
    [{ "/c/t.toml": 0o100600, "/c": 0o41777 }, [undefined, undefined]],
  ];
  for (const [modes, fixes] of cases) {
    const evidence = await lookAtConfig("/c/t.toml", filesWith(modes));
    assertEquals(evidence.map(({ problem }) => problem?.fix), fixes);
  }
});

Deno.test("secret files, each once, also those of the closing knocks", async () => {
  const knock = (path: string) => ({
    port: 1,
    protocol: "udp" as const,
    payload: { kind: "secret" as const, source: { kind: "file" as const, path } },
  });
  const target: Target = {
    ...DEFAULT_SETTINGS,
    name: "home",
    host: "h",
    knocks: [knock("~/good"), knock("~/good"), knock("/open it")],
    close: [knock("/gone")],
  };
  const modes = { "/home/me/good": 0o100400, "/open it": 0o100640 };
  const evidence = await lookAtSecrets([target], filesWith(modes));
  assertEquals(evidence.map(({ path, found }) => [path, found]), [
    ["/home/me/good", "mode 0400"],
    ["/open it", "mode 0640"],
    ["/gone", "missing"],
  ]);
  assertEquals(evidence.map(({ problem }) => problem?.fix), [
    undefined,
    "chmod 600 '/open it'",
    "write the passphrase into it: (umask 077; cat > /gone)",
  ]);
});

Deno.test("errors of a SYN as ICMP codes, by family", () => {
  const answer = (code: string, family: "ipv4" | "ipv6") =>
    describe({ status: "error", ms: 1, cause: Object.assign(new Error(code), { code }) }, family);
  const host = answer("EHOSTUNREACH", "ipv4");
  assertEquals(host.answer, "unreachable");
  assertStringIncludes(host.detail, "code 1, 10, 12 or 13");
  assertStringIncludes(answer("EACCES", "ipv6").detail, "prohibited (code 1, 5 or 6)");
  assertEquals(answer("EACCES", "ipv4").answer, "failed");
  assertEquals(answer("EMFILE", "ipv4"), { answer: "failed", ms: 1, detail: "EMFILE" });
  assertEquals(describe({ status: "closed", ms: 9 }, "ipv4").answer, "silent");
});

Deno.test("a single SYN: answered and closed again, refused at once, silent to the end", async () => {
  const ask = (open: (signal: AbortSignal) => Promise<FakeConnection>) => {
    const clock = new FakeClock({ auto: true });
    const { signal } = new AbortController();
    return askSyn({ address: "192.0.2.1", open, clock, timeoutMs: 1_000, isSingle: true, signal });
  };
  const connection = new FakeConnection();
  assertEquals((await ask(() => Promise.resolve(connection))).answer, "answered");
  assertEquals(connection.isClosed, true);
  const refusal = Object.assign(new Error(), { code: "ECONNREFUSED" });
  const refused = await ask(() => Promise.reject(refusal));
  assertEquals([refused.answer, refused.ms], ["refused", 0]);
  let count = 0;
  const silent = await ask((signal) => {
    count++;
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  });
  assertEquals([silent.answer, silent.ms, count], ["silent", 1_000, 1]);
});
