/** How fast ssh is through `connect` and with `ssh-config --direct`, beside a plain ssh and an open door. */
import { createLab, labSkipReason } from "../../tests/kernel/lab.ts";
import { createSshLab, SSH_TOOLS, writeDirectConfig } from "../../tests/kernel/ssh_lab.ts";
import { median } from "./measure.ts";
import { type Outcome, type Section, times } from "./report.ts";

const ROUNDS = 3;
const MEBIBYTE = 1_048_576;
/** The one that costs least, so that the way counts. */
const CIPHER = ["-c", "aes128-gcm@openssh.com"];
const SIZE = 128 * MEBIBYTE;

/** What is measured in a folder: a line of the shell, `"$@"` being ssh with its options. */
const TASKS = {
  "scp of a file (up)": 'shift && scp -q "$@" file home:"$PWD/copy"',
  "ssh home cat (down)": `"$@" home 'head -c ${SIZE} /dev/zero'`,
  "ssh home 'cat >/dev/null' (up)": `head -c ${SIZE} /dev/zero | "$@" home 'cat >/dev/null'`,
  "ssh home true": `"$@" home true`,
} as const;

async function run(): Promise<Outcome> {
  const reason = await labSkipReason(SSH_TOOLS);
  if (reason !== undefined) return { leftOut: reason };
  await using lab = await createLab();
  await using ssh = await createSshLab(lab);
  const direct = await writeDirectConfig(ssh.home);
  const folder = ssh.home.path;
  await ssh.run(["sh", "-c", `head -c ${SIZE} /dev/zero >${folder}/file`]);
  const ways = {
    "plain ssh": [
      ...ssh.sshOptions,
      ...["-o", `HostName=${lab.server.ipv4}`, "-o", "ProxyCommand=none"],
    ],
    "--direct": ["-F", direct],
    "ProxyCommand": ssh.sshOptions,
  };
  const rows: string[][] = [];
  // The door is open: what is compared is the way of the data, and the start.
  for (const [task, line] of Object.entries(TASKS)) {
    const took = new Map<string, number[]>(Object.keys(ways).map((way) => [way, []]));
    for (let round = 0; round < ROUNDS; round++) {
      await ssh.run(["ssh", "-F", direct, "home", "true"]);
      for (const [way, options] of Object.entries(ways)) {
        const command = ["sh", "-c", `cd ${folder} && ${line} >/dev/null`, "sh"];
        const start = performance.now();
        const { code, stderr } = await ssh.run([...command, "ssh", ...CIPHER, ...options]);
        const ms = performance.now() - start;
        if (code !== 0) throw new Error(`${task}, ${way}: ${stderr}`);
        took.get(way)?.push(ms);
      }
    }
    const plain = median(took.get("plain ssh") ?? []);
    for (const [way, all] of took) {
      const ms = median(all);
      const rate = `${Math.round(SIZE / MEBIBYTE / (ms / 1_000))} MiB/s`;
      rows.push([
        task,
        way,
        `${Math.round(ms)} ms`,
        task.endsWith("true") ? "" : rate,
        times(ms, plain),
      ]);
    }
  }
  return {
    head: ["128 MiB", "way", "median", "throughput", "time of plain ssh's"],
    rows,
    notes: [],
  };
}

/** See the header. */
export const direct: Section = {
  title: "ssh through a knocked door",
  aim: "--direct carries data as a plain ssh does",
  run,
};
