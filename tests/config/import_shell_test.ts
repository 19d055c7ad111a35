/** Command lines of other tools as targets; what hping3 and the others really send is in tests/kernel. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { reader } from "../../src/config/import/shell.ts";
import { createNames, makeTargetName } from "../../src/config/import/legacy_file.ts";
import type { TargetDraft } from "../../src/config/target/keys.ts";
import type { Knock } from "../../src/core/knock.ts";
import { renderPortSpec } from "../../src/core/knock.ts";
import { table } from "../table.ts";

const HASH = "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad";

async function read(text: string) {
  const taken = new Set<string>();
  const findName = createNames(taken);
  const makeName = (text: string) => {
    const name = findName(makeTargetName(text));
    taken.add(name);
    return name;
  };
  return await reader.parse(text, { file: "F", makeName });
}

/** A target as `HOST PORT/PROTOCOL[=PAYLOAD]... [KEY=VALUE]...`. */
function describe({ host, knocks, ...draft }: TargetDraft): string {
  const settings = Object.entries(draft).filter(([key]) => !["name", "copies"].includes(key))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [host, ...knocks.map(describeKnock), ...settings].join(" ");
}

function describeKnock(knock: Knock): string {
  const { payload, delayMs } = knock;
  const cargo = payload.kind === "none"
    ? ""
    : payload.kind === "bytes"
    ? `=${JSON.stringify(new TextDecoder().decode(payload.bytes))}`
    : `=${payload.source.kind}`;
  return `${renderPortSpec(knock)}${cargo}${delayMs === undefined ? "" : `+${delayMs}`}`;
}

table("import shell: one line is one target", {
  "knock host 7000 8000:tcp 9000:udp": "host 7000/tcp 8000/tcp 9000/udp",
  "knock -u -d 100 host 7000 8000": "host 7000/udp 8000/udp delayMs=100",
  "knock -v -d100 -6 host 7000": 'host 7000/tcp delayMs=100 family="ipv6"',
  "knock host 7000 --delay=20 --ipv4": 'host 7000/tcp delayMs=20 family="ipv4"',
  "/usr/bin/knock ::1 7000": "::1 7000/tcp",
  "sudo -u root timeout -k 1 5 knock host 7 >/dev/null 2>&1 &": "host 7/tcp",
  "knock 'host' \"7000\" 80\\00": "host 7000/tcp 8000/tcp",
  "knock host {7000,8000} $(seq 1 2)": "host 7000/tcp 8000/tcp 1/tcp 2/tcp",
  "knock host 7000 # the door": "host 7000/tcp",
  "H=host; P='7 8'; knock $H ${P}": "host 7/tcp 8/tcp",
  "nmap -Pn --host-timeout 201 --max-retries 0 -p 7000 host": 'host 7000/tcp family="ipv4"',
  "nmap -Pn -sU -p7000,8000 127.0.0.1": "127.0.0.1 7000/udp 8000/udp",
  "nmap -Pn -r -p 9000,7000-7001 ::1 -6": "::1 7000/tcp 7001/tcp 9000/tcp",
  "nmap -sS -sU -PN -T4 -n -p U:53,54,T:80 ::1": "::1 53/udp 54/udp 80/tcp",
  "nmap -max-retries=0 --scan-delay 50ms -e eth0 -p 1 ::1": '::1 1/tcp delayMs=50 source="eth0"',
  "nmap -sU -oG - --data-string abc -p 1 ::1": '::1 1/udp="abc"',
  "nmap -sU --data 0x6162 -p 1 ::1": '::1 1/udp="ab"',
  "nc -z -w1 host 7000": "host 7000/tcp",
  "nc -zuv -w 1 host 7000 8000": "host 7000/udp 8000/udp",
  "nc -z -i 2 -4 -s 127.0.0.1 host 7000-7002":
    'host 7000/tcp 7001/tcp 7002/tcp delayMs=2000 family="ipv4" source="127.0.0.1"',
  [`echo -n ${HASH} | nc -u -w1 host 7000`]: "host 7000/udp=hash",
  [`printf %s '${HASH}' | ncat -u --send-only host 7000`]: "host 7000/udp=hash",
  [`nc -u host 7000 <<< ${HASH}`]: `host 7000/udp="${HASH}\\n"`,
  "echo hello | nc -u host 7000": 'host 7000/udp="hello\\n"',
  "printf '\\x61\\142%%%s' c | nc -u host 7000": 'host 7000/udp="ab%c"',
  "echo -ne 'a\\tb' > /dev/udp/host/7000": 'host 7000/udp="a\\tb"',
  "(: > /dev/tcp/host/7000)": "host 7000/tcp",
  "hping3 -S -p 7000 -c 1 host": 'host 7000/tcp family="ipv4"',
  "hping3 --udp -c 1 -p 7000 ::1 -q": "::1 7000/udp",
  "hping3 -2 -c 1 -d 4 -e ab -p 7000 127.0.0.1": '127.0.0.1 7000/udp="abXX"',
  "hping3 -1 -d 64 -c 1 127.0.0.1": "127.0.0.1 icmp/64",
  "ping -c 1 -s 64 127.0.0.1": "127.0.0.1 icmp/64",
}, async (expected, line) => {
  const { targets, problems } = await read(`${line}\n`);
  assertEquals([targets.map(describe), problems], [[expected], []]);
  assertEquals(targets[0]?.copies, 1);
});

table("import shell: chains and loops", {
  "for p in 7000 8000 9000; do nmap -Pn --max-retries 0 -p $p ::1; done": [
    "::1 7000/tcp 8000/tcp 9000/tcp",
  ],
  "for p in 1 2; do\n  nc -z ::1 $p\n  sleep 0.2\ndone && ssh ::1": ["::1 1/tcp 2/tcp delayMs=200"],
  "nc -z h 1; sleep .1; nc -z h 2; sleep 1s; nc -zu H 3": ["h 1/tcp+100 2/tcp+1000 3/udp"],
  "knock h 1 2 && ssh h; knock i 3 4": ["h 1/tcp 2/tcp", "i 3/tcp 4/tcp"],
  "knock h 1 2; nc -z -w5 h 22": ['h 1/tcp 2/tcp opens=[{"protocol":"tcp","port":22}]'],
  "knock h 1 \\\n  2": ["h 1/tcp 2/tcp"],
  "knock h 1 2\nknock h 3 4\nknock h 1 2": ["h 1/tcp 2/tcp", "h 3/tcp 4/tcp"],
  "{ knock h 1; knock h 2; }": ["h 1/tcp 2/tcp"],
}, async (expected, text) => {
  const { targets, problems } = await read(text);
  assertEquals([targets.map(describe), problems], [expected, []]);
});

table("import shell: histories", {
  bash: "#1700000000\nknock h 1\n#1700000001\nls\n",
  zsh: ": 1700000000:0;knock h 1\n: 1700000001:3;ls\n",
  fish: "- cmd: knock h 1\n  when: 1700000000\n- cmd: ls\n  when: 1700000001\n",
  history: "  501  knock h 1\n  502* ls\n",
  "history with moments": "  501  2026-11-27 10:00:00 knock h 1\n  502  2026-11-27 10:00:01 ls\n",
  "a prompt and CRLF": "$ knock h 1\r\n$ ls\r\n",
}, async (text) => {
  assertEquals(reader.isLikely(text), true);
  const { targets, problems, remarks } = await read(text);
  assertEquals([targets.map(describe), problems], [["h 1/tcp"], []]);
  assertEquals(remarks, [{ file: "F", message: "1 line is not a knock and was left out" }]);
});

table("import shell: what a target cannot express is a problem, without its text", {
  "knock $SECRET 7000": "a variable or an expansion has an unknown value: write it out",
  "knock host $(cat SECRET)": "a variable or an expansion has an unknown value: write it out",
  "knock host 7000:SECRET": "knock: a port has a protocol that is neither tcp nor udp",
  "knock host SECRET": "knock: a port is not a port: use a whole number from 1 to 65535",
  "knock host 0": "knock: a port is not a port: use a whole number from 1 to 65535",
  "knock 'SECRET!' 7": "knock: the host is not a host: use a name, an IPv4 or an IPv6 address",
  "knock --SECRET host 7": "knock: the tool does not have one of the options",
  "knock -d SECRET host 7": "knock: the delay is not a whole number of milliseconds",
  "knock host 7 -d": "knock: an option has no value",
  "knock host 'SECRET 7": "knock: a port is not a port: use a whole number from 1 to 65535",
  "knock host 7 'SECRET": "knock: a port is not a port: use a whole number from 1 to 65535",
  "knock host 7; echo 'SECRET": "the line is not complete: a quote or a word is missing",
  "nmap -p 7 -sF host": "nmap: the packets are forged, and spknock sends no raw packets",
  "nmap -p 7 -D SECRET host": "nmap: the packets are forged, and spknock sends no raw packets",
  "nmap -p X:7 host": "nmap: a prefix of a port is neither T: nor U:",
  "nmap -p 7 --data-string SECRET host":
    "nmap: a SYN with a payload, and spknock sends no raw packets",
  "nc -z -p 99 host 7": "nc: a fixed source port",
  "cat SECRET | nc -u host 7": "nc: the payload is what another program prints",
  "hping3 -F -p 7 -c 1 host":
    "hping3: tcp flags other than SYN alone, and spknock sends no raw packets",
  "hping3 -p 7 -c 1 host":
    "hping3: tcp flags other than SYN alone, and spknock sends no raw packets",
  "hping3 -2 -p 7 -c 3 host": "hping3: the knock is sent several times: use -c 1",
  "hping3 -2 -p 7 -c 1 -d 9 -E SECRET host": "hping3: the payload is in a file: give it with -e",
  "while true; do knock host 7; done": "knock runs in a condition or a loop: give the knock alone",
  "knock h 7; sleep $SECRET; knock h 8": "a pause between knocks is not known",
}, async (message, line) => {
  const { targets, problems } = await read(`ls\n${line}\n`);
  assertEquals([targets, problems], [[], [{ file: "F", line: 2, message }]]);
  assertEquals(JSON.stringify(problems).includes("SECRET"), false);
});

table("import shell: a lone command that is not a knock is a problem", {
  "nmap -A host": "the command scans",
  "nmap -sV -p 22 host": "the command scans",
  "nmap -O host": "the command scans",
  "nmap -p 1-1000 host": "the command scans a range of ports",
  "nmap -p 22 10.0.0.0/24": "the command scans",
  "nc host 22": "the command connects",
  "nc -l 80": "the command listens",
  "nc -z host 1-1000": "the command scans a range of ports",
  "hping3 -S -p 7 host": "the command sends without end",
  "ping host": "the command asks whether a host answers",
  "knock -V": "the command asks about the tool",
  "ls -la": "use knock, nmap, nc, hping3 or ping",
}, async (message, line) => {
  const { targets, problems } = await read(line);
  assertEquals(targets, []);
  assertEquals(problems, [{ file: "F", line: 1, message: `not a knock: ${message}` }]);
});

table("import shell: what reads otherwise than it looks is a remark", {
  "knock -u h 7:tcp 8": "with -u knock sends each port as udp",
  "nmap -p 7,8 ::1": "in random order",
  "nc -z h 7-8": "from low to high",
  "nc -zu h 7": "sends nothing for -z -u without -v",
}, async (remark, line) => {
  const { remarks } = await read(line);
  assertStringIncludes(remarks.map(({ message }) => message).join("\n"), remark);
});

table("import shell: other files do not look like a history", {
  "the old file": "fw.example.com: 1234/udp, 9876/udp\n",
  "knockd.conf": "[options]\n\tUseSyslog\n[open]\n\tsequence = 7000\n\tcommand = /sbin/nc -z h 1\n",
  TOML: '[targets.knock]\nhost = "::1"\nknocks = [1]\n',
  ".fwknoprc": "[default]\nSPA_SERVER  192.0.2.1\n",
  "a key named knock": "knock = 7\n",
}, (text) => assertEquals(reader.isLikely(text), false));
