/** Logins with fakes; tests/kernel/apply_ssh_test.ts has the real ones. */
import { assertEquals, assertRejects } from "@std/assert";
import { CancelledError, NetworkError } from "../../src/core/errors.ts";
import type { Destination } from "../../src/ssh/destination.ts";
import { openServer } from "../../src/ssh/session.ts";
import { table } from "../table.ts";
import { type FakeLogin, makeFakePorts } from "./ports.ts";

const DESTINATION: Destination = {
  place: "joe@fw",
  ssh: ["ssh"],
  user: "joe",
  host: "fw.example.com",
  port: 22,
  family: undefined,
  proxy: { kind: "none" },
  isShared: false,
  settings: new Map(),
};
const LINES = ["motd", "spknock: root sudo-password", "spknock: dir /tmp/spknock.abc123"];
const STARTED = { code: 0, stdout: "\nspknock: begin\n0\n" };
const askPassword = () => Promise.resolve("pass word");

Deno.test("openServer: a login each on Windows, and the password on standard input only", async () => {
  const { ports, started, calls } = makeFakePorts({
    os: "windows",
    logins: [{ lines: LINES }],
    ends: [STARTED],
  });
  await using server = await openServer(DESTINATION, { ports, askPassword });
  assertEquals(started.map((words) => [words[0], words.includes("none"), words.includes("sh")]), [
    ["ssh", true, false],
  ]);
  assertEquals([server.folder, server.rootWay], ["/tmp/spknock.abc123", "sudo-password"]);
  const result = await server.run("id -u", { asRoot: true, timeoutMs: 1_000 });
  assertEquals(result, { code: 0, stdout: "0\n", stderr: "" });
  const [call] = calls;
  assertEquals(call?.stdin.endsWith("\n}pass word\n"), true);
  assertEquals(call?.command.join(" ").includes("pass word"), false);
  assertEquals(call?.command.slice(-4, -1), ["none", "--", "joe@fw"]);
});

Deno.test("openServer: a server that refuses a second command gets a login each", async () => {
  const { ports, calls } = makeFakePorts({
    logins: [{ lines: LINES }],
    ends: [{ code: 255, stderr: "Session open refused by peer\n" }, STARTED],
  });
  await using server = await openServer(DESTINATION, { ports, askPassword });
  await server.run("true", { timeoutMs: 1_000 });
  const shares = calls.map(({ command }) => command.includes("ProxyCommand=false"));
  assertEquals(shares, [true, false]);
});

table("openServer fails with ssh's own reason", {
  "refused": [
    { code: 255, stderr: "ssh: connect to host fw port 22: Connection refused\n" },
    'ssh cannot log in to "joe@fw": connect to host fw port 22: Connection refused',
  ],
  "a proxy of ours": [
    { code: 255, stderr: "error: home: no answer\nhint: x\nkex_exchange_identification: closed\n" },
    'ssh cannot log in to "joe@fw": home: no answer',
  ],
  "silence": [{ code: 255 }, 'ssh cannot log in to "joe@fw": exit code 255'],
  "a shell that says why": [
    { code: 1, lines: ["This account is closed."] },
    'ssh cannot log in to "joe@fw": This account is closed.',
  ],
  "no room there": [
    { lines: ["spknock: failed mktemp: no space"] },
    '"joe@fw" cannot make a private folder: mktemp: no space',
  ],
  "no ssh": [
    { error: new Deno.errors.NotFound("No such file") },
    '"ssh" could not be started: it was not found',
  ],
}, async ([login, message]) => {
  const { ports } = makeFakePorts({ logins: [login as FakeLogin] });
  const open = () => openServer(DESTINATION, { ports, askPassword });
  const error = await assertRejects(open, NetworkError);
  assertEquals([error.code, error.message], ["ssh", message]);
});

Deno.test("openServer ends the login when it is cancelled", async () => {
  const { ports, cancel } = makeFakePorts({ logins: [{}] });
  const opening = openServer(DESTINATION, { ports, askPassword });
  cancel.abort(new CancelledError());
  await assertRejects(() => opening, CancelledError);
});
