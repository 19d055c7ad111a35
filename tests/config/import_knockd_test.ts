/** knockd.conf: the grammar of knockd 0.8, and what becomes of its doors. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { addTargets } from "../../src/config/edit.ts";
import { readCommands } from "../../src/config/import/knockd/firewall_commands.ts";
import { importTargets } from "../../src/config/import/import_targets.ts";
import { parseDocumentConfig } from "../../src/config/read_document.ts";
import { ConfigError, type Problem, renderProblem } from "../../src/core/errors.ts";
import { renderPortSpec } from "../../src/core/knock.ts";
import { renderServices } from "../../src/core/service.ts";
import type { Target } from "../../src/core/target.ts";
import { table } from "../table.ts";

/** Returns the targets as they are when the file of targets is read again. */
async function read(text: string, host: string | undefined = "fw.example.com"): Promise<Target[]> {
  const { targets } = await importTargets(text, { file: "k.conf", host });
  const toml = addTargets("", targets, { file: "f" });
  return [...parseDocumentConfig(toml, { file: "f" }).config.targets.values()];
}

async function remarksOf(text: string): Promise<string[]> {
  const { remarks } = await importTargets(text, { file: "k", from: "knockd", host: "h" });
  return remarks.map((remark) => renderProblem(remark).slice(2));
}

/** What is wrong, as `LINE: message`. */
async function problemsOf(text: string, host: string | undefined = "h"): Promise<string[]> {
  const error = await assertRejects(
    () => importTargets(text, { file: "k", from: "knockd", host }),
    ConfigError,
  );
  return error.problems.map((problem: Problem) => renderProblem(problem).slice(2));
}

const rule = (verb: string, more = "--dport 22") =>
  `/sbin/iptables ${verb} INPUT -s %IP% -p tcp ${more} -j ACCEPT`;

/** `/etc/knockd.conf` of Debian 12. */
const STOCK = `[options]
	UseSyslog

[openSSH]
	sequence    = 7000,8000,9000
	seq_timeout = 5
	command     = ${rule("-A")}
	tcpflags    = syn

[closeSSH]
	sequence    = 9000,8000,7000
	seq_timeout = 5
	command     = ${rule("-D")}
	tcpflags    = syn

[openHTTPS]
	sequence    = 12345,54321,24680,13579
	seq_timeout = 5
	command     = /usr/local/sbin/knock_add -i -c INPUT -p tcp -d 443 -f %IP%
	tcpflags    = syn
`;

function describe({ name, knocks, close, opens, ...rest }: Target): string {
  const list = (each: Target["knocks"] = []) => each.map(renderPortSpec).join(" ");
  const { stageTimeoutMs, copies, family } = rest;
  return `${name}: ${list(knocks)} | ${list(close)} | ${renderServices(opens)} | ` +
    `${stageTimeoutMs} ${copies} ${family}`;
}

Deno.test("knockd.conf: the stock file of Debian is two doors", async () => {
  assertEquals((await read(STOCK)).map(describe), [
    "openSSH: 7000/tcp 8000/tcp 9000/tcp | 9000/tcp 8000/tcp 7000/tcp | 22/tcp | 5000 1 ipv4",
    "openHTTPS: 12345/tcp 54321/tcp 24680/tcp 13579/tcp |  | 443/tcp | 5000 1 ipv4",
  ]);
});

Deno.test("knockd.conf: white space, case, comments, CRLF and a byte order mark", async () => {
  const text = `\uFEFF# first\r\n  [ options ]x=\r\n`.replace("[ options ]x=", "[options]") +
    "\tLogFile=/var/log/knockd.log\r\nPIDFILE = /run/k.pid\r\ninterface=eth0\r\nUSESYSLOG\r\n" +
    "[Web]\r\n   # comment\r\n#[none]\r\n  SEQUENCE = 1 , 2:UDP,3 : tcp ,4:Udp\r\n\r\n" +
    `StArT_cOmMaNd=${rule("-A", "--dport=80")}\r\nTimeOut = 15\r\nTCPFLAGS = SYN,!ack\r\n` +
    `  cmd_timeout=30\r\nStop_Command = ${rule("-D", "--dport 80")}`;
  const [target, ...more] = await read(text);
  assertEquals(more, []);
  assertEquals(
    target && describe(target),
    "Web: 1/tcp 2/udp 3/tcp 4/udp |  | 80/tcp | 15000 1 ipv4",
  );
  assertEquals(target?.openForMs, 30_000);
  assert(target?.knocks.every(({ payload }) => payload.kind === "none"));
});

Deno.test("knockd.conf: its own defaults, 25 s for a sequence and 10 s for an opening", async () => {
  const [target] = await read(
    `[a]\nsequence = 1:udp,2\nstart_command = ${rule("-A")}\n` +
      `stop_command = ${rule("-D")}\n`,
  );
  assertEquals([target?.stageTimeoutMs, target?.openForMs], [25_000, 10_000]);
});

Deno.test("knockd.conf: a long sequence fits its timeout at every pace", async () => {
  const [target] = await read(`[a]\nsequence = 1,2,3,4,5,6,7,8,9\nseq_timeout = 9\ncommand = x\n`);
  assertEquals(target?.stageTimeoutMs, 4_000);
});

Deno.test("knockd.conf: one-time sequences, with a name that needs no host of its own", async () => {
  const text = `[openSMTP]\none_time_sequences = /etc/knockd/smtp_sequences\nseq_timeout = 15\n` +
    `start_command = ${rule("-A", "--dport 25")}\nstart_command_6 = ${
      rule("-A", "--dport 25").replace("ip", "ip6")
    }\n` +
    `cmd_timeout = 5\nstop_command = ${rule("-D", "--dport 25")}\n`;
  const [target] = await read(text);
  assertEquals(target?.oneTime, "/etc/knockd/smtp_sequences");
  assertEquals([target?.knocks, target?.copies, target?.family], [[], 1, "any"]);
});

table<[open: string, close: string]>(
  "knockd.conf: pairs of doors that add and delete the same rule",
  {
    "ip6tables, long options in another order": [
      "ip6tables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT",
      "/usr/sbin/ip6tables -w 5 --delete INPUT --jump ACCEPT --protocol tcp --destination-port 22 --source %IP%",
    ],
    "iptables, with a place and a comment": [
      "iptables -I INPUT 1 -s %IP% -p tcp -m tcp --dport 22 -m comment --comment 'knock; knock' -j ACCEPT",
      "iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT",
    ],
    "a rule that drops is deleted": [
      "iptables -D INPUT -p tcp --dport 22 -j DROP",
      "iptables -I INPUT -p tcp --dport 22 -j DROP",
    ],
    "nft rule by its handle": [
      "nft add rule inet filter input ip saddr %IP% tcp dport ssh accept",
      "nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/%IP%/ {print $NF}')",
    ],
    "nft element": [
      "nft add element inet filter friends '{ %IP% timeout 1h }'",
      "nft delete element inet filter friends { %IP% }",
    ],
    "ufw": [
      "ufw allow from %IP% to any port 22 proto tcp",
      "ufw --force delete allow from %IP% to any port 22 proto tcp",
    ],
    "ufw insert": [
      "ufw insert 1 allow from %IP% to any port 22",
      "ufw delete allow from %IP% to any port 22",
    ],
    "firewall-cmd": [
      `firewall-cmd --zone=public --add-rich-rule='rule family="ipv4" source address="%IP%" port port="22" protocol="tcp" accept'`,
      `firewall-cmd --zone=public --remove-rich-rule='rule family="ipv4" source address="%IP%" port port="22" protocol="tcp" accept'`,
    ],
    "ipset": ["ipset add friends %IP% timeout 60", "ipset del friends %IP%"],
    "knock_add": ["knock_add -a -p tcp -d 22 -f %IP%", "knock_add -x -p tcp -d 22 -f %IP%"],
    "started by other programs": [
      `env -i X=1 /usr/bin/nice -n 5 sudo -u root ${rule("-A")} || true`,
      `( exec -a x ${rule("-D")} ) >/dev/null 2>&1 || logger -t knockd failed`,
    ],
    "in a shell": [
      `sh -c "iptables -A INPUT -s %IP% -p tcp --dport 22 -j ACCEPT"`,
      "while iptables -D INPUT -s %IP% -p tcp --dport 22 -j ACCEPT 2>/dev/null; do :; done",
    ],
  },
  async ([open, close]) => {
    const text =
      `[o]\nsequence = 1,2\ncommand = ${open}\n[c]\nsequence = 3,4\ncommand = ${close}\n`;
    const targets = await read(text);
    assertEquals(targets.map(({ name, close }) => [name, close?.length]), [["o", 2]]);
  },
);

Deno.test("knockd.conf: doors that open different things, and a lone closing one, are targets", async () => {
  const text = `[a]\nsequence = 1\ncommand = ${rule("-A")}\n[b]\nsequence = 2\ncommand = ${
    rule("-A", "--dport 80")
  }\n[c]\nsequence = 3\ncommand = ${rule("-D", "--dport 443")}\n[a]\nsequence = 4\ncommand = ${
    rule("-A")
  }\n`;
  assertEquals((await read(text)).map(({ name, opens }) => `${name} ${renderServices(opens)}`), [
    "a 22/tcp",
    "b 80/tcp",
    "c ",
    "a-2 22/tcp",
  ]);
});

table("knockd.conf: what a command opens", {
  "iptables -A INPUT -s %IP% --dport 22 -j ACCEPT": "22/tcp",
  "iptables -A INPUT -s %IP% -p tcp --syn -j ACCEPT": "1-65535/tcp",
  "iptables -A INPUT -s %IP% -p udp --dport 60000:60010 -j ACCEPT": "60000-60010/udp",
  "iptables -A INPUT -s %IP% -p tcp -m multiport --dports ssh,80,8000:8010 -j ACCEPT":
    "22/tcp, 80/tcp, 8000-8010/tcp",
  "iptables -A INPUT -s %IP% -j ACCEPT": "all",
  "iptables -A INPUT -s %IP% -p icmp -j ACCEPT": "icmp",
  "iptables -t nat -A PREROUTING -s %IP% -p tcp --dport 2222 -j DNAT --to 10.0.0.2:22": "2222/tcp",
  "iptables -A INPUT -s %IP% -p tcp --dport strange -j ACCEPT": "?",
  "iptables -A INPUT -s %IP% -p tcp ! --dport 22 -j ACCEPT": "?",
  "nft insert rule inet filter input ip saddr %IP% tcp dport { 22, 80 } accept": "22/tcp, 80/tcp",
  "ufw allow 22/tcp": "22/tcp",
  "ufw allow from %IP% to any port 53": "53/tcp, 53/udp",
  "ufw allow ssh": "22/tcp",
  "firewall-cmd --add-port=60000-60010/udp --timeout=60": "60000-60010/udp",
  "firewall-cmd --add-service=openvpn": "1194/tcp",
}, (expected, command) => {
  const { changes } = readCommands(command);
  assertEquals(
    changes.map(({ services, isOpening }) => [
      isOpening,
      services === undefined ? "?" : renderServices(services),
    ]),
    [[true, expected]],
  );
});

const GOOD = "sequence = 1,2\ncommand = true\n";

table<[text: string, expected: string[]]>("knockd.conf: what is wrong is named by its line", {
  "a key before any section": [GOOD, [
    "1: a key has to be in a section: write [NAME] above it",
    "2: a key has to be in a section: write [NAME] above it",
  ]],
  "an unknown key": [`[a]\n${GOOD}comand = x\n`, ['4: unknown key, did you mean "command"?']],
  "an unknown option": [`[options]\nlog = x\n[a]\n${GOOD}`, [
    '2: unknown key, did you mean "logfile"?',
  ]],
  "UseSyslog with a value": [`[options]\nUseSyslog = yes\n[a]\n${GOOD}`, [
    "2: UseSyslog takes no value: leave the = out",
  ]],
  "no =": [`[a]\n${GOOD}nothing\n`, ['4: the line has no "=": use KEY = VALUE']],
  "no name": [`[]\n[a]\n${GOOD}`, ["1: the section has no name: use [NAME]"]],
  "no sequence": ["[a]\ncommand = true\n", [
    "1: the section has no Sequence: use Sequence = 7000,8000:udp",
  ]],
  "both kinds of sequences": [`[a]\n${GOOD}one_time_sequences = /x\n`, [
    "4: the section has Sequence and One_Time_Sequences: use one of them",
  ]],
  "options are in small letters": [`[Options]\n[a]\n${GOOD}`, [
    "1: the section has no Sequence: use Sequence = 7000,8000:udp",
  ]],
  "a name in a sequence": ["[a]\nsequence = 1,ssh\n", [
    "2: the value is not a sequence: the second port is not a whole number from 1 to 65535, and knockd reads a name as 0",
  ]],
  "a port too high": ["[a]\nsequence = 65536\n", [
    "2: the value is not a sequence: the first port is not a whole number from 1 to 65535",
  ]],
  "a protocol": ["[a]\nsequence = 1:icmp\n", [
    "2: the value is not a sequence: the first protocol is neither tcp nor udp, such as 7000:udp",
  ]],
  "33 knocks": [`[a]\nsequence = ${Array(33).fill("7").join(",")}\n`, [
    "2: the value has 33 knocks: knockd takes at most 32",
  ]],
  "a time": [`[a]\n${GOOD}seq_timeout = soon\n`, [
    "4: seq_timeout is not a time: use whole seconds, from 1 to 2147483",
  ]],
  "an unknown flag": [`[a]\n${GOOD}tcpflags = syn, ack\n`, [
    "4: TCPFlags has an unknown flag: knockd knows fin, syn, rst, psh, ack, urg, without blanks",
  ]],
  "several at once": [`[a]\nsequence = 0\n[b]\n${GOOD}x = 1\n`, [
    "2: the value is not a sequence: the first port is not a whole number from 1 to 65535",
    "6: unknown key",
  ]],
  "only options": ["[options]\n", [
    "1: there is no section with a Sequence: write [NAME], and Sequence = 7000,8000",
  ]],
}, async ([text, expected]) => {
  assertEquals(await problemsOf(text), expected);
});

table("knockd.conf: flags that a bare SYN does not have", {
  "syn,ack": false,
  "fin,!ack": false,
  "!syn": false,
  "ack": false,
  "syn": true,
  "SYN,!ACK,!rst": true,
  "!fin": true,
}, async (isGood, flags) => {
  const text = `[a]\nsequence = 1,2:udp\ntcpflags = ${flags}\ncommand = true\n`;
  if (isGood) return assertEquals((await read(text)).length, 1);
  assertEquals(await problemsOf(text), [
    "3: TCPFlags needs packets that spknock does not send: its tcp knocks are bare SYNs (TCPFlags = syn)",
  ]);
});

Deno.test("knockd.conf: flags do not matter for udp alone", async () => {
  assertEquals((await read("[a]\nsequence = 1:udp\ntcpflags = fin\ncommand = true\n")).length, 1);
});

Deno.test("knockd.conf: without a host each door says that it needs one; Target can be it", async () => {
  const missing = ["1: the file names no host: use --host HOST"];
  const error = await assertRejects(
    () => importTargets(`[a]\n${GOOD}`, { file: "k", from: "knockd" }),
    ConfigError,
  );
  assertEquals(error.problems.map((problem: Problem) => renderProblem(problem).slice(2)), missing);
  const { targets } = await importTargets(`[a]\n${GOOD}target = 192.0.2.9\n`, { file: "k" });
  assertEquals(targets.map(({ host }) => host), ["192.0.2.9"]);
});

table<[text: string, expected: string[]]>("knockd.conf: what is left out is said", {
  "a script": [`[a]\nsequence = 1\ncommand = /usr/bin/wake.sh %IP%\n`, [
    "3: its command is none of a known firewall: opens and close are left out",
  ]],
  "no command": ["[a]\nsequence = 1\n", ["1: it has no command, so it opens nothing"]],
  "a second thing": [
    `[a]\nsequence = 1\ncommand = ${rule("-A")}; mail -s x root\nstop_command = ${rule("-D")}\n`,
    ["3: its command does something else besides: that is left out"],
  ],
  "never closed": [`[a]\nsequence = 1\ncommand = ${rule("-A")}\n`, [
    "3: nothing closes it again: each knock adds a rule that stays",
  ]],
  "twice": [`[a]\nsequence = 1\nsequence = 2\n`, [
    "1: it has no command, so it opens nothing",
    "3: sequence is in line 2 too: the last one counts, as in knockd",
  ]],
  "a time that atoi reads": [`[a]\nsequence = 1\ncommand = true\nseq_timeout = 5s\n`, [
    "3: its command is none of a known firewall: opens and close are left out",
    "4: seq_timeout reads as 5 seconds, as in knockd",
  ]],
}, async ([text, expected]) => {
  assertEquals(await remarksOf(text), expected);
});

Deno.test("knockd.conf: no problem repeats what could be a secret", async () => {
  const text = "[a]\nsequence = hunter2\nhunter2 = hunter2\nhunter2\ntcpflags = hunter2\n" +
    "seq_timeout = hunter2\ntarget = hunter 2\n[options]\nhunter2 = 1\n";
  const problems = await problemsOf(text);
  assertEquals(problems.length, 7);
  assertEquals(problems.filter((problem) => /hunter/.test(problem)), []);
});
