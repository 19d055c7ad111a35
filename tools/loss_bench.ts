/**
 * How often, and how fast, a connection comes through a knocked door when the client's packets are
 * lost: `spknock connect` beside the loop of Debian's `knock` and `nc` that it stands in for, both at
 * the same firewall of three regular UDP knocks, in network namespaces. Prints a Markdown table; the
 * time is from the start of the process to the first byte of the ssh banner. Needs root on Linux.
 *
 *   deno run -P=tools ... tools/loss_bench.ts [RUNS [PERCENT...]]
 */
import { commandOf, Home } from "../tests/e2e/program.ts";
import { createLab, type Lab } from "../tests/kernel/lab.ts";

const RUNS = Number(Deno.args[0] ?? 100);
const LOSSES = Deno.args.length > 1 ? Deno.args.slice(1).map(Number) : [0, 10, 20, 30];
const TRIES = 8;
const KNOCKS = ["9012/udp", "7003/udp", "8044/udp"];
const BANNER = "SSH-2.0-bench\r\n";

/** One run: milliseconds to the banner, or undefined where it never came. */
async function timeOf(lab: Lab, command: readonly string[], home: Home) {
  const start = performance.now();
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", lab.client.name, ...command],
    env: home.env,
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let ms: number | undefined;
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(BANNER)) ms ??= performance.now() - start;
  }
  await child.status;
  return ms;
}

function lossRules(percent: number): string {
  return `table inet loss
delete table inet loss
table inet loss {
  chain in {
    type filter hook prerouting priority -300; policy accept;
    meta l4proto { tcp, udp } numgen random mod 100 < ${percent} drop
  }
}
`;
}

function shut(): string {
  return ["stage1", "stage2", "open"].map((set) => `flush set inet spknock_bench ${set}_4\n`).join(
    "",
  );
}

function quantile(sorted: readonly number[], part: number): string {
  const ms = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)];
  return ms === undefined ? "-" : `${Math.round(ms)} ms`;
}

await using lab = await createLab();
await using home = new Home();
const { ipv4 } = lab.server;
await home.write(`version = 1
[targets.bench]
host = "${ipv4}"
knocks = ${JSON.stringify(KNOCKS)}
secret = "none"
probes = ["tcp:22"]
`);
const rules = await home.run(["rules", "bench", "--for", "nftables"]);
if (rules.code !== 0) throw new Error(rules.stderr);
await lab.server.nft(rules.stdout);
lab.server.spawn([
  "python3",
  "-c",
  `import socket
s = socket.create_server(("0.0.0.0", 22), backlog=128)
while True:
    c, _ = s.accept()
    c.sendall(${JSON.stringify(BANNER)}.encode())
    c.close()`,
]);

const ports = KNOCKS.map((knock) => knock.replace("/", ":")).join(" ");
const loop = (delay: number) =>
  `for i in $(seq ${TRIES}); do knock -d ${delay} ${ipv4} ${ports}; ` +
  `nc -d -w 2 ${ipv4} 22 && exit; done; exit 1`;
const guess = `knock -d 50 ${ipv4} ${ports} && sleep 2 && nc -d -w 2 ${ipv4} 22`;
const peers: { name: string; command: string[] }[] = [
  {
    name: `\`spknock connect --tries ${TRIES}\``,
    command: commandOf(["connect", "bench", "22", "--tries", `${TRIES}`]),
  },
  {
    name: `\`spknock connect --tries ${TRIES} --delay 0 --grace 0\``,
    command: commandOf([
      ...["connect", "bench", "22", "--tries", `${TRIES}`],
      ...["--delay", "0", "--grace", "0"],
    ]),
  },
  {
    name: `loop of ${TRIES}: \`knock -d 50 ...; nc -w 2 ... 22\``,
    command: ["sh", "-c", loop(50)],
  },
  { name: "`knock -d 50 ... && sleep 2 && nc -w 2 ... 22`", command: ["sh", "-c", guess] },
];

const rows = ["| loss | what | opened | median | 95th percentile |", "|---|---|---|---|---|"];
for (const percent of LOSSES) {
  await lab.server.nft(lossRules(percent));
  for (const { name, command } of peers) {
    const times: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      await lab.server.nft(shut());
      const ms = await timeOf(lab, command, home);
      if (ms !== undefined) times.push(ms);
    }
    times.sort((one, other) => one - other);
    const row = `| ${percent} % | ${name} | ${times.length} of ${RUNS} | ` +
      `${quantile(times, 0.5)} | ${quantile(times, 0.95)} |`;
    rows.push(row);
    await Deno.stderr.write(new TextEncoder().encode(`${row}\n`));
  }
}
await Deno.stdout.write(new TextEncoder().encode(`${rows.join("\n")}\n`));
Deno.exit(0);
