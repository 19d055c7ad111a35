/** `setup` from end to end: spknock at a client, and real ssh, sudo and nftables at a server. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { quoteShell } from "../../src/core/text.ts";
import { commandOf, type Ended, valueOf } from "../e2e/program.ts";
import { APPLY_TOOLS, type ApplyLab, createApplyLab } from "./apply_lab.ts";
import { kernelTest } from "./lab.ts";

/** Runs `setup` in the lab. */
async function runSetup(lab: ApplyLab, args: readonly string[]): Promise<Ended> {
  const env = { PATH: `${lab.home.path}/bin:${Deno.env.get("PATH")}` };
  return await lab.spknock(["setup", ...args, "--ssh", lab.sshText, "--yes"], { env });
}

/** What ssh finds in its PATH. */
async function installProgram({ home }: ApplyLab): Promise<void> {
  const line = commandOf([]).map(quoteShell).join(" ");
  await Deno.mkdir(`${home.path}/bin`);
  await Deno.writeTextFile(`${home.path}/bin/spknock`, `#!/bin/sh\nexec ${line} "$@"\n`, {
    mode: 0o755,
  });
}

/** Whether ssh's port answers the client without a knock. */
async function answers(lab: ApplyLab): Promise<boolean> {
  const { code } = await lab.spknock(["probe", "home", "--timeout", "2s"]);
  return code === 0;
}

await kernelTest("setup: from nothing to a closed, checked door, and again", async (lab, t) => {
  await using server = await createApplyLab(lab);
  await installProgram(server);
  const before = await server.read("nft list tables");

  await t.step("one command, as root", async () => {
    const ended = await runSetup(server, ["home", server.place(), "--passphrases"]);
    assertEquals(ended.code, 0, ended.stderr);
    assertStringIncludes(ended.stdout, "nft delete table inet spknock_home\n");
    assertMatch(ended.stdout, /a login came through the closed door: ssh -F /);
    assertStringIncludes(await server.read("nft list tables"), "table inet spknock_home");
  });
  await t.step(
    "a second time nothing changes, and the way to the server knocks by itself",
    async () => {
      await server.spknock(["close", "home"]);
      assertEquals(await answers(server), false);
      const targets = await Deno.readTextFile(server.home.config);
      const ended = await runSetup(server, ["home", "--json"]);
      assertEquals(ended.code, 0, ended.stderr);
      const value = valueOf(ended);
      assertEquals([value["apply"], value["is_new"], value["status"]], [
        "unchanged",
        false,
        "done",
      ]);
      assertEquals(await Deno.readTextFile(server.home.config), targets);
    },
  );
  await t.step("the way back of the paper leaves nothing", async () => {
    const value = valueOf<{ way_back: string[]; rules_files: string[] }>(
      await runSetup(server, ["home", "--json"]),
    );
    for (const line of value.way_back) {
      await server.read(`command -v systemctl >/dev/null || systemctl() { :; }; ${line}`);
    }
    assertEquals(await server.read("nft list tables"), before);
    assertEquals(await server.read("find /etc -name '*spknock*' -type f"), "");
    assertEquals(await server.read("grep -rl spknock /etc/nftables.conf || true"), "");
    assertEquals(await answers(server), true);
  });
}, { tools: APPLY_TOOLS });

await kernelTest("setup: a key that is there already, as a user with sudo", async (lab) => {
  await using server = await createApplyLab(lab);
  await installProgram(server);
  const [host, key] = [lab.server.ipv4, ["--window", "24h", "--slots", "1"]];
  const made = await server.spknock(
    ["rolling", "new", "home", "--host", host, "--port", "21000", ...key],
  );
  assertEquals(made.code, 0, made.stderr);
  const value = valueOf(await runSetup(server, ["home", server.place("boss"), "--json"]));
  assertEquals(
    [value["status"], value["kind"], value["is_new"], value["apply"]],
    ["done", "codes", false, "applied"],
  );
  assertMatch(await Deno.readTextFile(server.home.config), /until = 2\d{3}-/);
  assertStringIncludes(await Deno.readTextFile(server.home.config), `admin = "boss@${host}"`);
}, { tools: APPLY_TOOLS });

await kernelTest("setup that is killed goes on where it was", async (lab) => {
  await using server = await createApplyLab(lab);
  await installProgram(server);
  const args = ["home", server.place(), "--passphrases", "--rollback", "15s"];
  const child = server.start(["setup", ...args, "--ssh", server.sshText, "--yes"]);
  await child.stdin.close();
  // Its last line before the kill: the server has just begun to load, or waits for the proof.
  for await (const chunk of child.stdout) {
    if (/^ {2}load /m.test(new TextDecoder().decode(chunk))) break;
  }
  child.kill("SIGKILL");
  await child.stderr.cancel();
  await child.status;
  const [targets, keys] = [await Deno.readTextFile(server.home.config), await listKeys(server)];
  assertEquals(keys.length, 4);
  let ended = await runSetup(server, args);
  // The way back of the killed run takes at most its 15 s.
  for (const end = Date.now() + 60_000; ended.code !== 0 && Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    ended = await runSetup(server, args);
  }
  assertEquals(ended.code, 0, ended.stderr);
  assertEquals(await Deno.readTextFile(server.home.config), targets);
  assertEquals(await listKeys(server), keys);
}, { tools: APPLY_TOOLS });

/** The secrets of the client, by their text. */
async function listKeys({ home }: ApplyLab): Promise<string[]> {
  const folder = home.config.replace(/[^/]*$/, "keys");
  const names = await Array.fromAsync(Deno.readDir(folder));
  return await Promise.all(
    names.map(({ name }) => name).toSorted().map((name) => Deno.readTextFile(`${folder}/${name}`)),
  );
}
