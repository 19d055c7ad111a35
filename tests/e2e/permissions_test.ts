/** What the program may still do when it ends: a preloaded module asks as it exits. */
import { assertEquals } from "@std/assert";
import { table } from "../table.ts";
import { CHECKOUT_ONLY, checkoutCommand, Home } from "./program.ts";

const PRELOAD = `const exit = Deno.exit;
Deno.exit = (code) => {
  const held = ["read", "write", "net", "env", "run"]
    .filter((name) => Deno.permissions.querySync({ name }).state === "granted");
  Deno.stderr.writeSync(new TextEncoder().encode("held: " + held.join(" ") + "\\n"));
  exit(code);
};
`;

async function heldBy(home: Home, argv: readonly string[]): Promise<string> {
  const preload = `${home.path}/preload.js`;
  await Deno.writeTextFile(preload, PRELOAD);
  const [program = "", ...args] = checkoutCommand(argv, [`--preload=${preload}`]);
  const { stderr } = await new Deno.Command(program, {
    args,
    env: home.env,
    clearEnv: true,
    cwd: home.path,
    stdin: "null",
  }).output();
  return /held: (.*)/.exec(new TextDecoder().decode(stderr))?.[1] ?? "nothing was said";
}

const target = (name: string, more: string) =>
  `[targets.${name}]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\nsecret = "none"\n${more}\n`;

const TARGETS = target("bare", "") +
  target("exec", 'probes = [{ type = "exec", run = ["true"] }]') +
  target("command", 'secret = { command = ["echo", "x"] }').replace('secret = "none"\n', "") +
  target("echo", "").replace('"7/udp"', '{ protocol = "icmp", size = 64 }') +
  target("after", '[[targets.after.after]]\nrun = ["true"]');

table(`the program drops write, and run unless it starts programs${CHECKOUT_ONLY.reason}`, {
  "knock bare": "read net env",
  "knock command": "read net env",
  "knock 127.0.0.1 7 8/udp": "read net env",
  "knock exec": "read net env run",
  "knock after": "read net env run",
  "knock --all": "read net env run",
  "knock echo": "read net env run",
  "connect echo 9 --tries 1 --timeout 1ms": "read net env",
  "knock exec --no-probe": "read net env",
  "probe after --probe tcp:9": "read net env",
  "connect command 9 --tries 1 --timeout 1ms": "read net env",
  "add new 127.0.0.1 7/udp --secret none": "read write net env run",
  "list": "read net env",
  "ssh-config bare": "read net env",
  "doctor": "read net env",
  "doctor exec --no-knock": "read net env",
  "doctor command": "read net env",
  "demo": "read net env",
}, async (held, argv) => {
  await using home = new Home();
  await home.write(TARGETS);
  assertEquals(await heldBy(home, argv.split(" ")), held);
}, CHECKOUT_ONLY);
