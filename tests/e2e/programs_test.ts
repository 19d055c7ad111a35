/** `exec` probes, plug-ins and `after`: any program. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { testWith } from "../systems.ts";
import { Home, valueOf } from "./program.ts";

interface Value {
  targets: {
    status: string;
    tries: number;
    probes: { probe: string; status: string; detail: string }[];
    after: { command: string; ok: boolean; detail: string }[];
  }[];
}

async function knock(home: Home, text: string, ...argv: string[]) {
  await home.write(
    `${text}\n[targets.fw]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\nsecret = "none"\n` +
      'tries = 2\ntimeout = "5s"\nprobes = [{ type = "door", topic = "a" }]\n' +
      '[[targets.fw.after]]\nrun = ["sh", "-c", "cat > after.json; echo mounted {target} {address}"]\n',
  );
  return await home.run(["knock", "fw", ...argv]);
}

async function script(home: Home, body: string): Promise<string> {
  const path = `${home.path}/door`;
  await Deno.writeTextFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o700 });
  return `[plugins.door]\ncommand = ["${path}", "{host}"]`;
}

testWith("sh", "a plug-in gets the target in its environment and as JSON on stdin", async () => {
  await using home = new Home();
  const plugin = await script(
    home,
    `env | grep ^SPKNOCK_ | sort > env.txt; cat > stdin.json; echo "$1" > args.txt
echo one; echo open indeed`,
  );
  const ended = await knock(home, plugin, "--json");
  assertEquals([ended.code, ended.stderr], [0, ""]);
  const [door] = valueOf<Value>(ended).targets;
  assertEquals([door?.status, door?.probes[0]?.detail], ["open", "open indeed"]);
  assertEquals(door?.after.map(({ ok, detail }) => [ok, detail]), [[true, "mounted fw 127.0.0.1"]]);
  const facts = { target: "fw", host: "127.0.0.1", address: "127.0.0.1", attempt: 1 };
  const read = (name: string) => Deno.readTextFile(`${home.path}/${name}`);
  assertEquals(JSON.parse(await read("stdin.json")), { topic: "a", ...facts });
  assertEquals(JSON.parse(await read("after.json")), facts);
  assertEquals(await read("args.txt"), "127.0.0.1\n");
  assertEquals((await read("env.txt")).trim().split("\n"), [
    "SPKNOCK_ADDRESS=127.0.0.1",
    "SPKNOCK_ATTEMPT=1",
    "SPKNOCK_HOST=127.0.0.1",
    "SPKNOCK_PORT=",
    "SPKNOCK_TARGET=fw",
  ]);
});

testWith("sh", "a plug-in that fails runs again after the next knock", async () => {
  await using home = new Home();
  const plugin = await script(
    home,
    'echo "not on try $SPKNOCK_ATTEMPT"; test $SPKNOCK_ATTEMPT = 2',
  );
  const ended = await knock(home, plugin, "--json");
  const [door] = valueOf<Value>(ended).targets;
  assertEquals([ended.code, door?.status, door?.tries], [0, "open", 2]);
  const refused = await knock(home, await script(home, 'echo "no bus" >&2; exit 9'));
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.stdout, "  probe  door closed");
  assertStringIncludes(refused.stdout, "no bus\n");
  await Deno.remove(`${home.path}/after.json`);
  assertEquals((await knock(home, "[plugins.door]\ncommand = ['/no/such/program']")).code, 1);
  assertEquals(
    Array.from(Deno.readDirSync(home.path), ({ name }) => name).includes("after.json"),
    false,
  );
});
