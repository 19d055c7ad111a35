/** What else a door of fwknopd is for: NAT, `keep`, ssh, and the keys that `fwknop keygen` makes. */
import { assert, assertEquals } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { FWKNOP_TOOLS, HMAC_KEY, KEY, STANZA, startFwknopd } from "./fwknop_lab.ts";
import { kernelTest, type Lab } from "./lab.ts";
import { createSshLab, SSH_TOOLS } from "./ssh_lab.ts";
import { until } from "./until.ts";

const prefixOf = ({ client }: Lab) => ["ip", "netns", "exec", client.name];

function renderTarget({ server }: Lab, more: string, packet = ""): string {
  return `[targets.work]\nhost = "${server.ipv4}"\nprotocol = "fwknop"\n${more}\n` +
    `[targets.work.fwknop]\nkey_base64 = "${KEY}"\nhmac_key_base64 = "${HMAC_KEY}"\n${packet}\n`;
}

await kernelTest("fwknop: NAT leads to a host behind, and to another port", async (lab, t) => {
  await using home = new Home();
  const behind = await lab.addBehind("behind0");
  const daemon = await startFwknopd(lab, home, {
    stanza: STANZA.replace("tcp/22", "tcp/22,tcp/8088,tcp/2222"),
    config: "ENABLE_IPT_FORWARDING Y;\nENABLE_IPT_LOCAL_NAT Y;\n",
  });
  await lab.server.run(["iptables", "-P", "FORWARD", "DROP"]);
  const established = ["-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT"];
  await lab.server.run(["iptables", "-A", "FORWARD", ...established]);
  await (await behind.agent()).listen(80);
  await (await lab.server.agent()).listen(22);
  const visitor = await lab.client.agent();
  const state = (port: number) => visitor.connect({ host: lab.server.ipv4, port });
  const knock = async (more: string, packet: string) => {
    await home.write(renderTarget(lab, more, packet));
    const { code, stderr } = await home.run(["knock", "work"], { prefix: prefixOf(lab) });
    assertEquals(code, 0, stderr + await daemon.log());
  };
  await t.step("to a host behind", async () => {
    assertEquals(await state(8088), "refused");
    await knock('opens = ["8088/tcp"]', `nat = "${behind.ipv4}:80"`);
    assertEquals(await state(8088), "open");
  });
  await t.step("to another port of its own, for some seconds", async () => {
    assertEquals(await state(2222), "refused");
    await knock('opens = ["2222/tcp"]\nopen_for = "10s"', 'nat = ":22"');
    assertEquals(await state(2222), "open");
    assert(await until(async () => await state(2222) !== "open"), await daemon.log());
  });
}, { tools: FWKNOP_TOOLS });

await kernelTest("fwknop: keep holds the door open, and its rules do not pile up", async (lab) => {
  await using home = new Home();
  const daemon = await startFwknopd(lab, home);
  await (await lab.server.agent()).listen(22);
  const visitor = await lab.client.agent();
  const state = () => visitor.connect({ host: lab.server.ipv4, port: 22 });
  await home.write(renderTarget(lab, 'opens = ["22/tcp"]\nopen_for = "8s"'));
  const keep = home.start(["keep", "work"], { prefix: prefixOf(lab) });
  try {
    assert(await until(async () => await state() === "open"), await daemon.log());
    const end = performance.now() + 20_000;
    let most = 0;
    while (performance.now() < end) {
      assertEquals(await state(), "open", await daemon.log());
      most = Math.max(most, (await daemon.rules()).length);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert(most >= 1 && most <= 3, `${most} rules at a time`);
  } finally {
    keep.kill("SIGINT");
    await keep.stdin.close();
    await keep.output();
  }
  assert(await until(async () => await state() === "silent"), await daemon.log());
  assertEquals(await daemon.rules(), []);
}, { tools: FWKNOP_TOOLS });

await kernelTest("fwknop: ssh through spknock connect", async (lab) => {
  await using ssh = await createSshLab(lab);
  await lab.server.run(["nft", "delete", "table", "inet", "spknock_home"]);
  const daemon = await startFwknopd(lab, ssh.home);
  await ssh.home.write(renderTarget(lab, 'opens = ["22/tcp"]'));
  const login = ["ssh", ...ssh.sshOptions, "work", "echo", "in"];
  assertEquals(await ssh.run(login), { code: 0, stdout: "in\n", stderr: "" });
  assertEquals((await daemon.rules()).length > 0, true);
}, { tools: [...FWKNOP_TOOLS, ...SSH_TOOLS] });

await kernelTest("fwknop: keys and stanza of fwknop keygen, as they are", async (lab) => {
  await using home = new Home();
  const made = await home.run([
    ...["fwknop", "keygen", "work", "--host", lab.server.ipv4, "--open", "22/tcp"],
    ...["--open-for", "20s"],
  ]);
  assertEquals(made.code, 0, made.stderr);
  const stanza = made.stdout.split("\n").filter((line) => /^(#|[A-Z0-9_]+ )/.test(line)).join("\n");
  const again = await home.run(["fwknop", "access", "work", "-q"]);
  assertEquals([again.code, stanza.includes(again.stdout.trim())], [0, true], again.stderr);
  const daemon = await startFwknopd(lab, home, { stanza: `${again.stdout}` });
  await (await lab.server.agent()).listen(22);
  const { code, stderr } = await home.run(["knock", "work"], { prefix: prefixOf(lab) });
  assertEquals(code, 0, stderr + await daemon.log());
  for (const ending of ["key", "hmac"]) {
    const { mode } = await Deno.stat(home.config.replace(/[^/]*$/, `keys/work.${ending}`));
    assertEquals((mode ?? 0) & 0o777, 0o600);
  }
}, { tools: FWKNOP_TOOLS });
