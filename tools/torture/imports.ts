/**
 * Reads mutated files of other programs: each gives targets or is refused with an error of ours, every problem
 * has a line of the file, no message repeats a secret, and none takes long.
 */
import { IMPORT_FORMATS } from "../../src/config/import/formats.ts";
import { importTargets } from "../../src/config/import/import_targets.ts";
import { readOneTimeFile, SPENT } from "../../src/core/knockd/one_time.ts";
import { ConfigError, type Problem, SpknockError } from "../../src/core/errors.ts";
import { MARKER, mutate } from "./mutate.ts";
import { requireRule, type Torture } from "./torture.ts";

const HASH = "0123456789abcdef".repeat(4);
const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const HMAC_KEY = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9g";

/** Files that are right, by the format. */
const SEEDS: Readonly<Record<string, readonly string[]>> = {
  legacy: [
    `# old\nfw.example.com:1234/udp,9876/udp,5555\n192.0.2.1 : 7000, 7001/tcp\n${MARKER}\n`,
  ],
  knockd: [
    `[options]
	UseSyslog

[openSSH]
	sequence    = 7000,8000,9000
	seq_timeout = 5
	command     = /sbin/iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
	tcpflags    = syn

[closeSSH]
	sequence    = 9000,8000,7000
	seq_timeout = 5
	command     = /sbin/iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT
	tcpflags    = syn
`,
    `[options]
	logfile = /var/log/knockd.log
	interface = eth0

[opencloseSMTP]
	one_time_sequences = /etc/knockd/smtp_sequences
	seq_timeout = 15
	start_command = /usr/sbin/iptables -A INPUT -s %IP% -p tcp --dport 25 -j ACCEPT
	start_command_6 = /usr/sbin/ip6tables -A INPUT -s %IP% -p tcp --dport 25 -j ACCEPT
	cmd_timeout = 5
	stop_command = /usr/sbin/iptables -D INPUT -s %IP% -p tcp --dport 25 -j ACCEPT
	stop_command_6 = /usr/sbin/ip6tables -D INPUT -s %IP% -p tcp --dport 25 -j ACCEPT
[Web]
	Sequence = 2222:udp, 3333:TCP,4444:udp
	Target = 192.0.2.1
	command = ufw allow from %IP% to any port 443 # ${MARKER}
`,
  ],
  fwknop: [
    `# comment
[default]
USE_HMAC            Y
FW_TIMEOUT          60
SPOOF_USER: alice ; comment

[work]
SPA_SERVER          fw.example.com
ACCESS              tcp/22,udp/53
ALLOW_IP            resolve
KEY_BASE64          ${KEY}
HMAC_KEY_BASE64     ${HMAC_KEY}
HMAC_DIGEST_TYPE    SHA512
NAT_ACCESS          192.168.1.5:80
[home]
SPA_SERVER          192.0.2.1
SPA_SERVER_PORT     62202
ACCESS              tcp/22
ALLOW_IP            192.0.2.7
KEY                 ${MARKER}
HMAC_KEY            another-${MARKER}
TIME_OFFSET         -2m
`,
  ],
  shell: [
    `#1700000000
knock -u -d 100 fw.example.com 7000 8000:tcp && ssh fw.example.com
: 1700000000:0;for p in 7000 8000 9000; do nmap -Pn --max-retries 0 -p $p 192.0.2.1; done
  501  nc -z -w1 192.0.2.1 7000 8000 9000
printf %s ${HASH} | nc -u -w1 fw.example.com 62201; sleep 0.2; sudo hping3 -S -p 7000 -c 1 fw.example.com
ls -l "$HOME" > /dev/null 2>&1
echo ${MARKER} | sudo -S true
`,
  ],
  knockonports: [
    JSON.stringify(
      {
        version: 1,
        sequences: [
          {
            name: "home",
            host: "fw.example.com",
            delay: 500,
            ipv: "prefer_ipv4",
            uri: "ssh://fw.example.com",
            steps: [
              { type: "udp", port: 7000, content: HASH, encoding: "raw" },
              { type: "tcp", port: 8000 },
              { type: "icmp", icmp_size: 64, icmp_count: 2 },
              { type: "udp", port: 9000, content: MARKER, encoding: "raw" },
            ],
          },
          { name: "home (close)", host: "fw.example.com", steps: [{ type: "tcp", port: 9500 }] },
        ],
      },
      null,
      2,
    ),
    JSON.stringify([{ name: "a", host: "192.0.2.1", steps: [{ type: "tcp", port: 7 }] }], null, 1),
  ],
  toml: [
    `version = 1
[defaults]
delay = "50ms"
[targets.home]
host = "fw.example.com"
knocks = ["1234/udp", { port = 2, protocol = "udp", secret = { hash = "${HASH}" } }]
opens = ["22/tcp"]
[targets.home.close]
knocks = ["9/tcp"]
[targets.work]
host = "192.0.2.1"
protocol = "fwknop"
opens = ["22/tcp"]
open_for = "60s"
[targets.work.fwknop]
key_base64 = "${KEY}"
hmac_key = "${MARKER}"
allow_ip = "source"
`,
  ],
};

/** A file of one-time sequences of knockd. */
const SEQUENCES = `# ${MARKER}
#7000,8000,9000
 7001,8001:udp,9001:tcp
 1,2,3
 65535:udp , 22:TCP
`;

/** Milliseconds that no file may take, on the slowest machine. */
const MAX_MS = 5_000;

/** The torture. */
export const imports: Torture = {
  summary: "mutated files of other programs, read",
  count: 100_000,
  async run(count, { seed: first }) {
    for (const format of Object.keys(IMPORT_FORMATS)) {
      if (SEEDS[format] === undefined) throw new Error(`${format} has no file to start from`);
    }
    const all = Object.entries(SEEDS).flatMap(([from, texts]) =>
      texts.map((text) => ({ from, text }))
    );
    const tally = { read: 0, refused: 0 };
    for (let seed = first; seed < first + count; seed++) {
      const { from, text } = all[seed % all.length] as typeof all[number];
      readSequences(seed);
      const start = performance.now();
      try {
        const outcome = await importMutated(mutate(text, seed), { from, seed });
        tally[outcome]++;
      } catch (cause) {
        throw new Error(`seed ${seed}, ${from}: ${cause}`, { cause });
      }
      requireRule(performance.now() - start < MAX_MS, seed, "it takes too long");
    }
    return `${count} files: ${tally.read} read, ${tally.refused} refused`;
  },
};

/** Reads a mutated file of one-time sequences: a byte that marks a line is the first one of that line. */
function readSequences(seed: number): void {
  const bytes = new TextEncoder().encode(mutate(SEQUENCES, seed));
  const { unspent, problems } = readOneTimeFile(bytes);
  for (const { line, message } of problems) {
    requireRule(line >= 1 && !message.includes(MARKER), seed, message);
  }
  for (const { at } of unspent) {
    const isStart = at === 0 || bytes[at - 1] === 0x0a;
    requireRule(isStart && bytes[at] !== SPENT, seed, "the mark is not at the start of a line");
  }
}

async function importMutated(
  text: string,
  { from, seed }: { from: string; seed: number },
): Promise<"read" | "refused"> {
  // Without a name the format is guessed; the guess may say that there is none.
  const guesses = seed % 7 === 0;
  const options = { file: "f", host: "fw.example.com", ...(guesses ? {} : { from }) };
  const lines = text.split(/\r\n|\r|\n/).length;
  const check = ({ line, message, key = "" }: Problem) => {
    // The names of targets are shown, whatever they are.
    const shown = `${key.replace(/targets\.(?:"[^"]*"|[\w-]+)/g, "")} ${message}`;
    requireRule(!shown.includes(MARKER), seed, `a message repeats a secret: ${shown}`);
    const isThere = line !== undefined && line >= 1 && line <= lines;
    requireRule(isThere, seed, `line ${line} of ${lines}: ${message}`);
  };
  try {
    const { problems, remarks } = await importTargets(text, { ...options, keepGoing: true });
    problems.forEach(check);
    // A remark can be about the whole file.
    for (const { message } of remarks) requireRule(!message.includes(MARKER), seed, message);
    return problems.length === 0 ? "read" : "refused";
  } catch (error) {
    if (!(error instanceof SpknockError)) throw error;
    requireRule(!error.message.includes(MARKER), seed, error.message);
    if (error instanceof ConfigError) error.problems.forEach(check);
    else requireRule(guesses, seed, `no line: ${error.message}`);
    return "refused";
  }
}
