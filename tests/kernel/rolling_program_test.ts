/**
 * One-time codes from beginning to end, as a user has them: `rolling new`, `rules`, the line that `codes` prints
 * run by a shell without spknock, `rolling revoke`, `rolling rotate`.
 */
import { assert, assertEquals } from "@std/assert";
import { Home, valueOf } from "../e2e/program.ts";
import { kernelTest } from "./lab.ts";

interface Codes {
  codes: { code: string; command: string }[];
}

await kernelTest("rolling keys: new, codes by a shell, revoke, rotate", async (lab) => {
  await using home = new Home();
  const { ipv4: host } = lab.server;
  const [owner, thief = "", late = "", friend = "", lost = ""] = [
    lab.client.ipv4,
    ...lab.sources.ipv4.filter((source) => source !== lab.client.ipv4),
  ];
  const spknock = async (...argv: readonly string[]) => {
    const ended = await home.run(argv);
    assertEquals(ended.code, 0, ended.stderr);
    return ended;
  };
  const shell = (script: string) => lab.client.run(["sh", "-c", script]);
  const isIn = async (source: string) =>
    await shell(`nc -z -w1 -s ${source} ${host} 22 && echo in || echo out`) === "in\n";
  const send = (source: string, code: string) =>
    shell(`printf %s ${code} | nc -u -w1 -s ${source} ${host} 62201`);
  const readCode = async (...options: readonly string[]) => {
    const argv = ["codes", "home", "--count", "1", "--json", ...options];
    const [first] = valueOf<Codes>(await spknock(...argv)).codes;
    if (first === undefined) throw new Error("no code");
    return first;
  };
  const load = async () => {
    const { stdout } = await spknock("rules", "home", "--for", "nftables");
    await lab.server.run(["nft", "-f", "-"], { stdin: stdout });
  };

  await spknock("rolling", "new", "home", "--host", host, "--port", "62201", "--open", "22/tcp");
  const until = new Date(Date.now() + 86_400_000).toISOString().slice(0, 19);
  const text = await Deno.readTextFile(home.config);
  await Deno.writeTextFile(home.config, text.replace("slots = 4", `slots = 4, until = ${until}Z`));
  await load();
  const agent = await lab.server.agent();
  await agent.listen(22);

  assert(!await isIn(owner), "closed");
  const { code, command } = await readCode();
  await shell(command);
  assert(await isIn(owner), "open by the shell line");
  await send(thief, code);
  assert(!await isIn(thief), "a copy opens nothing");
  await send(thief, (await readCode("--slot", "0")).code);
  assert(await isIn(thief), "another slot opens for another address");

  const revoked = await spknock("rolling", "revoke", "home");
  await lab.server.run(["sh", "-c", revoked.stdout]);
  await send(late, (await readCode("--slot", "1")).code);
  assert(!await isIn(late), "revoked");

  await spknock("rolling", "rotate", "home");
  await load();
  await send(lost, (await readCode("--slot", "2", "--former")).code);
  assert(!await isIn(lost), "the former key, after the new rules");
  await send(friend, (await readCode("--slot", "2")).code);
  assert(await isIn(friend), "the new key");
  await spknock("rolling", "rotate", "home", "--finish");
}, { sources: 8 });
