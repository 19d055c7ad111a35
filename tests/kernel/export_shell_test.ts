/**
 * What `export` writes for other shells and tools, at a real firewall: the script in bash, dash and busybox,
 * by bash's sockets and by nc, with its passphrases typed; the lines of knock, nmap and nc as they are.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { HAS_SCRIPT, Session } from "../e2e/terminal.ts";
import type { Agent } from "./agent_protocol.ts";
import { kernelTest, type Lab } from "./lab.ts";

/** With everything that a shell could take for something else. */
const [FIRST, SECOND] = ["MikroTik", '  Grüße \'\\n "$HOME" %s * -n'] as const;
const HASHES = await Promise.all([FIRST, SECOND].map(async (phrase) => {
  const bytes = new TextEncoder().encode(phrase);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}));
type DoorName = "secret" | "bare";

/** What the door of a script is made of; each family is a host of its own. */
function writeConfig(host: string): string {
  return `version = 1
[targets.secret]
host = "${host}"
knocks = ["1234/udp", "9876/tcp", "5555/udp"]
delay = "50ms"
opens = ["22/tcp"]

[targets.bare]
host = "${host}"
knocks = ["7000/udp", "8000/tcp", "9000/tcp"]
secret = "none"
delay = "50ms"
opens = ["22/tcp"]
copies = 1
`;
}

/** Counts what comes in before any rule drops it: all packets to a port, and those with exactly the payload. */
function writeCounters(): string {
  const ports = [1234, 5555].map((port, index) => {
    const hex = new TextEncoder().encode(HASHES[index]).toHex();
    const halves = [hex.slice(0, 32), hex.slice(32, 64), hex.slice(64, 96), hex.slice(96)];
    const match = halves.map((half, at) => `@th,${64 + 128 * at},128 0x${half}`).join(" ");
    return `udp dport ${port} counter name all_${port}
    udp dport ${port} udp length 72 ${match} counter name exact_${port}`;
  });
  const names = [1234, 5555].flatMap((port) => [`all_${port}`, `exact_${port}`]);
  return `table inet counting {}
delete table inet counting
table inet counting {
  ${names.map((name) => `counter ${name} {}`).join("\n  ")}
  chain in { type filter hook prerouting priority -300; policy accept;
    ${ports.join("\n    ")}
  }
}
`;
}

/** The door, shut, and what plays at it. */
interface Play {
  lab: Lab;
  home: Home;
  host: string;
  visitor: Agent;
}

/** Loads the rules of a door anew, so that nobody is let in. */
async function shut({ lab, home }: Play, door: DoorName): Promise<void> {
  const secrets = door === "secret" ? ["--secrets-from", "-"] : [];
  const rules = await home.run(["rules", door, "--for", "nftables", ...secrets], {
    stdin: `${FIRST}\n${SECOND}\n`,
  });
  assertEquals(rules.code, 0, rules.stderr);
  await lab.server.run(["nft", "flush", "ruleset"]);
  await lab.server.nft(rules.stdout + writeCounters());
}

function look({ visitor, host }: Play): Promise<string> {
  return visitor.connect({ host, port: 22, timeoutMs: 800 });
}

async function countPackets({ lab }: Play): Promise<Record<string, number>> {
  const listed = await lab.server.run(["nft", "-j", "list", "counters"]);
  const { nftables } = JSON.parse(listed) as {
    nftables: { counter?: { name: string; packets: number } }[];
  };
  return Object.fromEntries(
    nftables.flatMap(({ counter }) => counter ? [[counter.name, counter.packets]] : []),
  );
}

/** Writes a door in a form, and returns the file. */
async function save({ home }: Play, door: DoorName, form: string, more: string[] = []) {
  const file = `${home.path}/${door}.${form}`;
  const options = ["--as", form, "--output", file, "--force", ...more];
  const stdin = more.length > 0 ? { stdin: `${FIRST}\n${SECOND}\n` } : {};
  const ended = await home.run(["export", door, ...options], stdin);
  assertEquals(ended.code, 0, ended.stderr);
  return file;
}

/** A PATH without bash: nc has to knock. */
async function makePlainPath({ path }: Home): Promise<string> {
  const folder = `${path}/bin`;
  await Deno.mkdir(folder);
  for (const name of ["nc", "sha256sum", "stty", "sleep", "sed", "dash", "busybox", "getent"]) {
    const found = (await new Deno.Command("sh", { args: ["-c", `command -v ${name}`] }).output())
      .stdout;
    await Deno.symlink(new TextDecoder().decode(found).trim(), `${folder}/${name}`);
  }
  return folder;
}

interface Run {
  shell: string;
  path?: string | undefined;
}

/** Runs a script at a terminal, types the answers, and returns how it ended. */
async function playScript(
  { lab, home }: Play,
  { shell, path = Deno.env.get("PATH") ?? "" }: Run,
  answers: readonly string[],
) {
  const line = `ip netns exec ${lab.client.name} env PATH=${path} ${shell} secret.bash`;
  const session = Session.start(home, [], { wrap: () => line });
  const questions = ["(1234/udp): ", "(5555/udp): "];
  for (const [index, answer] of answers.entries()) {
    await session.until(questions[index] ?? "");
    await session.type(answer);
  }
  return { ...await session.end(), screen: session.screen };
}

/** Presses Ctrl-C at the second question; bash can miss one that comes right before its `read` begins. */
async function cancelScript({ lab, home }: Play, shell: string) {
  const line = `ip netns exec ${lab.client.name} ${shell} secret.bash`;
  const session = Session.start(home, [], { wrap: () => line });
  await session.until("(1234/udp): ");
  await session.type(`${FIRST}\n`);
  await session.until("(5555/udp): ");
  const end = session.end();
  const press = () => session.type("\x03").catch(() => {});
  await press();
  const timer = setInterval(press, 2_000);
  await end.finally(() => clearInterval(timer));
  return { ...await end, screen: session.screen };
}

async function setUp(lab: Lab, family: "ipv4" | "ipv6", home: Home): Promise<Play> {
  await (await lab.server.agent()).listen(22);
  const host = lab.server[family];
  await home.write(writeConfig(host));
  return { lab, home, host, visitor: await lab.client.agent() };
}

const TOOLS = ["bash", "dash", "busybox", "nc", "nmap", "knock"];

for (const family of ["ipv4", "ipv6"] as const) {
  await kernelTest(
    `export, ${family}: the script opens the door from any shell${
      HAS_SCRIPT ? "" : " (no script)"
    }`,
    async (lab, t) => {
      if (!HAS_SCRIPT) return;
      await using home = new Home();
      const play = await setUp(lab, family, home);
      await save(play, "secret", "bash");
      const path = await makePlainPath(home);
      const runs: Record<string, Run> = {
        bash: { shell: "bash" },
        dash: { shell: "dash" },
        "busybox sh": { shell: "busybox sh" },
        "dash, by nc": { shell: "dash", path },
        "busybox sh, by nc": { shell: "busybox sh", path },
      };
      for (const [name, run] of Object.entries(runs)) {
        await t.step(name, async () => {
          await shut(play, "secret");
          assertEquals(await look(play), "silent");
          const ended = await playScript(play, run, [`${FIRST}\n`, `${SECOND}\n`]);
          assertStringIncludes(ended.screen, ": 22/tcp is open");
          assertEquals([ended.code, ended.isRestored], [0, true], ended.screen);
          for (const secret of [FIRST, SECOND, ...HASHES]) {
            assertEquals(ended.screen.includes(secret), false);
          }
          assertEquals(await countPackets(play), {
            all_1234: 1,
            exact_1234: 1,
            all_5555: 1,
            exact_5555: 1,
          });
          assertEquals(await look(play), "open");
        });
      }
      await t.step("not with another passphrase", async () => {
        await shut(play, "secret");
        const ended = await playScript(play, { shell: "dash" }, [`${FIRST}\n`, "another\n"]);
        assertEquals([ended.code, ended.isRestored], [1, true]);
        assertStringIncludes(ended.screen, ": 22/tcp is closed");
        assertEquals(await look(play), "silent");
      });
      for (const shell of ["bash", "dash", "busybox sh"]) {
        await t.step(
          `${shell}: Ctrl-C leaves the terminal as it was, and sends nothing`,
          async () => {
            await shut(play, "secret");
            const ended = await cancelScript(play, shell);
            assertEquals([ended.code, ended.isRestored], [130, true], ended.screen);
            assertEquals((await countPackets(play))["all_1234"], 0);
          },
        );
      }
      await t.step("with its secrets, and nothing is asked", async () => {
        await shut(play, "secret");
        const file = await save(play, "secret", "bash", ["--with-secrets", "--secrets-from", "-"]);
        const { code, stdout, stderr } = await lab.client.exec(["dash", file]);
        assertEquals([code, stderr], [0, ""]);
        assertEquals(stdout, `${play.host}: 22/tcp is open\n`);
      });
    },
    { tools: TOOLS },
  );

  await kernelTest(
    `export, ${family}: the lines of knock, nmap and nc open the door as they are`,
    async (lab, t) => {
      await using home = new Home();
      const play = await setUp(lab, family, home);
      const rows = [
        ...["knock", "nmap", "nc"].map((form) => ({ door: "bare" as const, form, more: [] })),
        ...["nmap", "nc"].map((form) => ({
          door: "secret" as const,
          form,
          more: ["--with-secrets", "--secrets-from", "-"],
        })),
      ];
      for (const { door, form, more } of rows) {
        await t.step(`${form}, ${door}`, async () => {
          await shut(play, door);
          assertEquals(await look(play), "silent");
          const file = await save(play, door, form, more);
          const ended = await lab.client.exec(["sh", "-c", await Deno.readTextFile(file)]);
          assertEquals(await look(play), "open", `${ended.stdout}${ended.stderr}`);
          if (door === "bare") return;
          const counted = await countPackets(play);
          assertEquals([counted["exact_1234"], counted["exact_5555"]], [1, 1]);
        });
      }
    },
    { tools: TOOLS },
  );
}
