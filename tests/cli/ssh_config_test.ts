import { assertEquals, assertStringIncludes } from "@std/assert";
import { assertMode, makeFolder, testWith } from "../systems.ts";
import { table } from "../table.ts";
import { valueOf, World, type WorldOptions } from "./harness.ts";

const TARGETS = '[targets.home]\nhost = "fw.example.com"\nknocks = ["7000/udp"]\n' +
  '[targets.cabin]\nhost = "cabin.example.com"\nknocks = ["7000/udp"]\n';

async function makeWorld(options: WorldOptions = {}): Promise<World> {
  const world = new World(options);
  await world.write(TARGETS);
  return world;
}

async function readProxy(world: World, ...argv: string[]): Promise<string> {
  const ended = await world.run("ssh-config", "home", "--json", ...argv);
  const [host] = valueOf<{ hosts: { proxy_command: string }[] }>(ended).hosts;
  return host?.proxy_command ?? ended.stderr;
}

testWith(
  "modes",
  "ssh-config: the program as the PATH has it, else as it was started",
  async () => {
    const startWords = ["/opt/de no/deno", "run", "/src/main.ts"];
    const bin = makeFolder();
    await using world = await makeWorld({ startWords, env: { PATH: `/nosuch:${bin}` } });
    const started = "'/opt/de no/deno' run /src/main.ts connect home %h %p";
    assertEquals(await readProxy(world), started);
    await Deno.writeTextFile(`${bin}/spknock`, "", { mode: 0o644 });
    assertEquals(await readProxy(world), started);
    await Deno.chmod(`${bin}/spknock`, 0o755);
    assertEquals(await readProxy(world), "spknock connect home %h %p");
    await Deno.remove(bin, { recursive: true });
  },
);

table("ssh-config --program", {
  "/opt/50% off/spknock": "'/opt/50%% off/spknock' connect home %h %p",
  "spknock-2": "spknock-2 connect home %h %p",
}, async (expected, program) => {
  await using world = await makeWorld();
  assertEquals(await readProxy(world, "--program", program), expected);
});

Deno.test("ssh-config: a relative program and SPKNOCK_CONFIG are absolute in the block", async () => {
  const file = `${makeFolder()}/t.toml`;
  await Deno.writeTextFile(file, TARGETS);
  await using world = new World({ env: { SPKNOCK_CONFIG: file } });
  assertEquals(
    await readProxy(world, "--program", "bin/spknock"),
    `${world.home}/bin/spknock connect --config ${file} home %h %p`,
  );
  await Deno.remove(file);
});

table("ssh-config: who logs in, as admin has it", {
  'admin = "root@fw.example.com"': "    User root\n",
  'admin = "fw.example.com"': "",
  'admin = "dom\\\\ain@fw.example.com"': "",
  'admin = "root@fw.example.com"\nconnect = { host = "192.168.1.7" }': "",
}, async (expected, line) => {
  await using world = new World();
  await world.write(`[targets.home]\nhost = "fw.example.com"\nknocks = ["7000/udp"]\n${line}\n`);
  const { stdout } = await world.run("ssh-config", "home");
  assertEquals(/^ {4}User .*\n/m.exec(stdout)?.[0] ?? "", expected);
});

const INCLUDE = "Include config.d/spknock-*.conf\n";

Deno.test("ssh-config --install: private files, once, whatever is there stays", async () => {
  await using world = await makeWorld();
  const ssh = `${world.home}/.ssh`;
  const first = await world.run("ssh-config", "home", "--install", "--yes");
  assertEquals([first.code, first.stdout.split("\n").length], [0, 4]);
  const block = await Deno.readTextFile(`${ssh}/config.d/spknock-home.conf`);
  assertStringIncludes(block, "Host home\n    HostName fw.example.com\n    ProxyCommand spknock");
  assertEquals(await Deno.readTextFile(`${ssh}/config`), INCLUDE);
  for (const folder of [ssh, `${ssh}/config.d`]) await assertMode(folder, 0o700);
  for (const file of ["config", "config.d/spknock-home.conf"]) {
    await assertMode(`${ssh}/${file}`, 0o600);
  }
  // Again it has nothing to ask.
  const again = await world.run("ssh-config", "home", "--install", "--json");
  assertEquals(valueOf(again), { installed: ["home"], written: [] });
  const both = valueOf(await world.run("ssh-config", "--all", "--install", "-y", "--json"));
  assertEquals(both["written"], [`${ssh}/config.d/spknock-cabin.conf`]);
  assertEquals(Array.from(Deno.readDirSync(ssh), ({ name }) => name).sort(), [
    "config",
    "config.d",
  ]);
});

table("ssh-config --install: the Include comes once, above the first Host", {
  "Host a\n  User b\n": true,
  "Host a\nInclude config.d/*\n": true,
  "Include other/*\n": true,
  "include config.d/*\nHost a\n": false,
  "Include other ~/.ssh/config.d/*.conf\n": false,
  '# mine\n  Include "config.d/spknock-home.conf"\n': false,
}, async (isAdded, before) => {
  await using world = await makeWorld();
  await Deno.mkdir(`${world.home}/.ssh`);
  await Deno.writeTextFile(`${world.home}/.ssh/config`, before);
  assertEquals((await world.run("ssh-config", "home", "--install", "--yes")).code, 0);
  const after = await Deno.readTextFile(`${world.home}/.ssh/config`);
  assertEquals(after, isAdded ? `${INCLUDE}\n${before}` : before);
});

Deno.test("ssh-config --install asks first; without a terminal it needs --yes", async () => {
  await using world = await makeWorld();
  const { code, stderr } = await world.run("ssh-config", "home", "--install");
  assertEquals(code, 2);
  assertStringIncludes(stderr, "hint: install without a question: --yes");
  assertEquals(await Deno.stat(`${world.home}/.ssh`).catch(() => "none"), "none");
  await using asked = await makeWorld({ keys: ["n\r"] });
  assertEquals((await asked.run("ssh-config", "home", "--install")).code, 130);
  await using sure = await makeWorld({ keys: ["y\r"] });
  assertEquals((await sure.run("ssh-config", "home", "--install")).code, 0);
  assertEquals((await world.run("ssh-config", "home", "--yes")).code, 2);
});

testWith("links", "ssh-config --install follows a link of ~/.ssh/config", async () => {
  await using world = await makeWorld();
  await Deno.mkdir(`${world.home}/.ssh`);
  await Deno.mkdir(`${world.home}/dotfiles`);
  await Deno.writeTextFile(`${world.home}/dotfiles/ssh`, "Host a\n");
  await Deno.symlink("../dotfiles/ssh", `${world.home}/.ssh/config`);
  await world.run("ssh-config", "home", "--install", "--yes");
  assertEquals(await Deno.readTextFile(`${world.home}/dotfiles/ssh`), `${INCLUDE}\nHost a\n`);
  assertEquals((await Deno.lstat(`${world.home}/.ssh/config`)).isSymlink, true);
});

Deno.test("ssh-config --install: two targets that differ by case would have one file", async () => {
  await using world = new World();
  await world.write(TARGETS + '[targets.Home]\nhost = "fw.example.com"\nknocks = ["7000/udp"]\n');
  const { code, stderr } = await world.run("ssh-config", "--all", "--install", "--yes");
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'spknock-Home.conf" would be the file of two targets');
});
