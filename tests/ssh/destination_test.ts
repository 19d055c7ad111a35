import { assertEquals, assertRejects } from "@std/assert";
import { isSshPlace } from "../../src/core/address/syntax.ts";
import { NetworkError, UsageError } from "../../src/core/errors.ts";
import { type Destination, readDestination } from "../../src/ssh/destination.ts";
import { table } from "../table.ts";
import { makeFakePorts, makeRealPorts } from "./ports.ts";

const PLAIN = "user joe\nhostname fw.example.com\nport 2222\naddressfamily any\n";

async function read(stdout: string, place = "joe@fw"): Promise<Destination> {
  const { ports } = makeFakePorts({ logins: [], ends: [{ code: 0, stdout }] });
  return await readDestination(place, { ssh: ["ssh", "-p", "2222"], ports });
}

Deno.test("readDestination asks ssh -G, with the place behind --", async () => {
  const { ports, calls } = makeFakePorts({ logins: [], ends: [{ code: 0, stdout: PLAIN }] });
  const found = await readDestination("joe@fw", { ssh: ["ssh", "-p", "2222"], ports });
  assertEquals(calls.map(({ command }) => command), [
    ["ssh", "-p", "2222", "-G", "-o", "RemoteCommand=none", "--", "joe@fw", "true"],
  ]);
  const { user, host, port, family, proxy, isShared } = found;
  assertEquals({ user, host, port, family, proxy, isShared }, {
    user: "joe",
    host: "fw.example.com",
    port: 2222,
    family: undefined,
    proxy: { kind: "none" },
    isShared: false,
  });
});

table("readDestination: what carries the connection", {
  "none": ["", "none"],
  "ProxyCommand none": ["proxycommand none\n", "none"],
  "ProxyJump none": ["proxyjump none\n", "none"],
  "a jump host": ["proxyjump joe@jump:22\n", "jump"],
  "a ProxyCommand": ["proxycommand nc %h %p\n", "proxy"],
  "our own": ["proxycommand spknock connect home %h %p\n", "own"],
  "our own, with a path": ["proxycommand /usr/local/bin/spknock connect home %h %p\n", "own"],
  "our own, with spaces": ["proxycommand '/opt/my tools/spknock' connect home %h %p\n", "own"],
  "our own, for Windows": [
    'proxycommand "C:\\Program Files\\spknock.exe" connect h %h %p\n',
    "own",
  ],
  "our own, with a file": ["proxycommand spknock -c /my/file connect home %h %p\n", "own"],
  "our own, from a checkout": [
    "proxycommand deno run -P=spknock /src/main.ts connect home %h %p\n",
    "own",
  ],
  "another that connects": ["proxycommand myspknock-like connect home %h %p\n", "proxy"],
  "our own, but not connect": ["proxycommand spknock knock connect; nc %h %p\n", "proxy"],
}, async ([text, kind]) => {
  assertEquals((await read(PLAIN + text)).proxy.kind as string, kind);
});

table("readDestination: other settings", {
  "one family": ["addressfamily inet6\n", { family: "ipv6", isShared: false }],
  "shared connections": ["controlpath /x/y\n", { family: undefined, isShared: true }],
  "not shared": ["controlpath none\n", { family: undefined, isShared: false }],
}, async ([text, expected]) => {
  const { family, isShared } = await read(text + PLAIN);
  assertEquals({ family, isShared }, expected as { family: undefined; isShared: boolean });
});

table("isSshPlace", {
  "a name": ["fw", true],
  "an address": ["10.0.0.1", true],
  "an IPv6 address": ["fd00::1%eth0", true],
  "a user": ["joe@fw.example.com", true],
  "an option": ["-oProxyCommand=x", false],
  "an option as user": ["-oProxyCommand=x@fw", false],
  "an option as host": ["joe@-oProxyCommand=x", false],
  "two words": ["fw id", false],
  "a command of a shell": ["$(id)@fw", false],
  "a command in the host": ["joe@`id`", false],
  "a list": ["a;b", false],
  "two users": ["a@b@c", false],
  "no host": ["joe@", false],
  "no user": ["@fw", false],
  "nothing": ["", false],
  "a line break": ["fw\nx", false],
  "a control character": ["fw\u0001", false],
}, ([text, expected]) => {
  assertEquals(isSshPlace(text as string), expected);
});

Deno.test("readDestination starts nothing for a place that could be an option", async () => {
  const { ports, calls } = makeFakePorts({ logins: [] });
  await assertRejects(
    () => readDestination("-oProxyCommand=id", { ssh: ["ssh"], ports }),
    UsageError,
    '"-oProxyCommand=id" is not a place to log in to: use [USER@]HOST',
  );
  assertEquals(calls, []);
});

table("readDestination fails where ssh does", {
  "no ssh": [
    new Deno.errors.NotFound("No such file"),
    '"ssh" could not be started: it was not found',
  ],
  "a wrong file": [
    { code: 255, stderr: "/x: line 1: Bad configuration option: y\n/x: terminating, 1 bad\n" },
    'ssh cannot read its configuration for "fw": /x: terminating, 1 bad',
  ],
  "another ssh": [{ code: 0 }, '"ssh -G" does not say where "fw" leads to'],
  "no answer": [{ code: undefined }, "it does not answer"],
}, async ([end, message]) => {
  const { ports } = makeFakePorts({ logins: [], ends: [end as { code: number }] });
  const error = await assertRejects(
    () => readDestination("fw", { ssh: ["ssh"], ports }),
    NetworkError,
    message as string,
  );
  assertEquals(error.code, "ssh");
});

async function hasSsh(): Promise<boolean> {
  try {
    return (await new Deno.Command("ssh", { args: ["-V"], stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "readDestination: a jump host as a real ssh has it",
  ignore: !await hasSsh(),
  async fn() {
    const ssh = ["ssh", "-F", "none", "-J", "jump.invalid", "-p", "2200", "-4"];
    const found = await readDestination("joe@fw.invalid", { ssh, ports: makeRealPorts() });
    const { user, host, port, family, proxy } = found;
    assertEquals([user, host, port, family], ["joe", "fw.invalid", 2200, "ipv4"]);
    assertEquals(proxy, { kind: "jump", text: "jump.invalid" });
  },
});
