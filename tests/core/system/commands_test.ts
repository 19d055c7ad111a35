/** What people are told to type: on each system its own programs, quoted for its own shell. */
import { assertEquals, assertMatch } from "@std/assert";
import { chooseCommands } from "../../../src/core/system/commands.ts";
import { table } from "../../table.ts";

type Commands = ReturnType<typeof chooseCommands>;

const ASKED: readonly ((commands: Commands) => string)[] = [
  (commands) => commands.showAccess("/etc/it's", "b"),
  (commands) => commands.writePrivate("a b"),
  (commands) => commands.toUtf8("a", "UTF-16BE"),
  (commands) => commands.setVariable("FW"),
  (commands) => commands.makeKey,
  (commands) => commands.showRoute("fe80::1%eth0"),
  (commands) => commands.trace("2001:db8::1"),
  (commands) => commands.showNeighbour("192.0.2.1"),
  (commands) => commands.lookUp("fw.example"),
  (commands) => commands.showInterfaces,
  (commands) => commands.setClock,
  (commands) => commands.showClock,
  (commands) => commands.showFirewall,
  (commands) => commands.firewalls,
];

table<readonly string[]>("chooseCommands", {
  linux: [
    "ls -ld '/etc/it'\\''s' b",
    "(umask 077; cat > 'a b')",
    "(umask 077; iconv -f UTF-16BE -t UTF-8 a > a.utf8 && mv a.utf8 a)",
    "read -rs FW && export FW",
    "head -c 32 /dev/urandom | base64",
    "ip route get fe80::1 oif eth0",
    "tracepath -n 2001:db8::1",
    "ip neigh show to 192.0.2.1",
    "getent ahosts fw.example",
    "ip -br address",
    "sudo timedatectl set-ntp true",
    "timedatectl",
    "sudo nft list ruleset",
    "nftables, ufw, firewalld",
  ],
  darwin: [
    "ls -ld '/etc/it'\\''s' b",
    "(umask 077; cat > 'a b')",
    "(umask 077; iconv -f UTF-16BE -t UTF-8 a > a.utf8 && mv a.utf8 a)",
    "read -rs FW && export FW",
    "head -c 32 /dev/urandom | base64",
    "route -n get -inet6 fe80::1",
    "traceroute6 -n 2001:db8::1",
    "arp -an",
    "dscacheutil -q host -a name fw.example",
    "ifconfig -a",
    "sudo sntp -sS time.apple.com",
    "sntp time.apple.com",
    "sudo pfctl -s rules",
    "pf, or an application's filter",
  ],
  windows: [
    "icacls '/etc/it''s'; icacls b",
    "notepad 'a b'",
    "(Get-Content -Raw -Encoding BigEndianUnicode a) | Set-Content -NoNewline -Encoding utf8 a",
    "$env:FW = [Net.NetworkCredential]::new('', (Read-Host FW -AsSecureString)).Password",
    "$b = [byte[]]::new(32); [Security.Cryptography.RandomNumberGenerator]::Create()." +
    "GetBytes($b); [Convert]::ToBase64String($b)",
    "Find-NetRoute -RemoteIPAddress fe80::1",
    "tracert -d 2001:db8::1",
    "arp -a",
    "Resolve-DnsName fw.example",
    "ipconfig /all",
    "w32tm /resync",
    "w32tm /query /status",
    "netsh advfirewall show allprofiles",
    "Windows Defender Firewall",
  ],
}, (commands, os) => {
  assertEquals(ASKED.map((ask) => ask(chooseCommands(os))), [...commands]);
});

const POSIX_WORDS = /\b(?:chmod|umask|ls|cat|sudo|getent|ip|ifconfig|export)\s|\/dev\//;

Deno.test("chooseCommands: nothing on Windows is a word of Unix", () => {
  for (const ask of ASKED) {
    assertEquals(POSIX_WORDS.test(ask(chooseCommands("windows"))), false);
  }
  assertMatch(chooseCommands("linux").showAccess("a"), POSIX_WORDS);
});

table<[text: string, quoted: string]>("chooseCommands: quotes a word for PowerShell", {
  "a path": ["C:\\Users\\me\\fw.key", "C:\\Users\\me\\fw.key"],
  "spaces": ["C:\\Program Files\\a", "'C:\\Program Files\\a'"],
  "a quote": ["it's", "'it''s'"],
  "a quote of a word processor": ["it\u2019s", "'it\u2019\u2019s'"],
  "a variable": ["$env:A", "'$env:A'"],
  "a list": ["a,b", "'a,b'"],
  "what begins as an option": ["-a", "'-a'"],
  "nothing": ["", "''"],
}, ([text, quoted]) => assertEquals(chooseCommands("windows").quote(text), quoted));
