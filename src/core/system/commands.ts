/**
 * What a person types on each system: in `sh` on Linux and macOS, in PowerShell on Windows. Every command of a hint
 * or of the doctor that is for this machine comes from here; tests go through all of them.
 */
import { quoteShell } from "../text.ts";

/** The encoding of a file that was not saved as UTF-8, as iconv names it; `UTF-16` has a byte order mark. */
type Utf16 = "UTF-16" | "UTF-16LE" | "UTF-16BE";

/** The commands of one system. */
interface SystemCommands {
  /** Returns `text` as one word; unchanged where the shell reads every character as itself. */
  quote(text: string): string;
  /** Shows who may use files and folders. */
  showAccess(...paths: readonly string[]): string;
  /** Writes a file that only its owner can read. */
  writePrivate(path: string): string;
  /** Makes a file UTF-8. */
  toUtf8(path: string, from: Utf16): string;
  /** Sets an environment variable, and does not show what is typed. */
  setVariable(name: string): string;
  /** Prints a new key of one-time codes. */
  makeKey: string;
  /** Shows the way of packets to an address. */
  showRoute(address: string): string;
  /** Asks an address, and shows each router on the way. */
  trace(address: string): string;
  /** Shows the neighbours whose hardware addresses are known. */
  showNeighbour(address: string): string;
  /** Resolves a name as spknock does. */
  lookUp(host: string): string;
  /** Lists the interfaces of this machine and their addresses. */
  showInterfaces: string;
  /** Sets the clock by the network. */
  setClock: string;
  /** Shows the clock, and whether the network sets it. */
  showClock: string;
  /** Lists the rules of this machine's own firewall. */
  showFirewall: string;
  /** What firewalls there are on such a machine, for people. */
  firewalls: string;
}

const isIpv6 = (address: string) => address.includes(":");
const withoutZone = (address: string) => address.split("%", 1)[0] ?? "";

/** What Linux and macOS have in common. */
const POSIX = {
  quote: quoteShell,
  showAccess: (...paths: readonly string[]) => `ls -ld ${paths.map(quoteShell).join(" ")}`,
  writePrivate: (path: string) => `(umask 077; cat > ${quoteShell(path)})`,
  toUtf8(path: string, encoding: Utf16) {
    const [from, to] = [quoteShell(path), quoteShell(`${path}.utf8`)];
    return `(umask 077; iconv -f ${encoding} -t UTF-8 ${from} > ${to} && mv ${to} ${from})`;
  },
  setVariable: (name: string) => `read -rs ${name} && export ${name}`,
  makeKey: "head -c 32 /dev/urandom | base64",
};

const LINUX: SystemCommands = {
  ...POSIX,
  showRoute(address) {
    const [bare = "", zone] = address.split("%");
    return `ip route get ${quoteShell(bare)}${
      zone === undefined ? "" : ` oif ${quoteShell(zone)}`
    }`;
  },
  trace: (address) => `tracepath -n ${quoteShell(address)}`,
  showNeighbour: (address) => `ip neigh show to ${quoteShell(withoutZone(address))}`,
  lookUp: (host) => `getent ahosts ${quoteShell(host)}`,
  showInterfaces: "ip -br address",
  setClock: "sudo timedatectl set-ntp true",
  showClock: "timedatectl",
  showFirewall: "sudo nft list ruleset",
  firewalls: "nftables, ufw, firewalld",
};

const MACOS: SystemCommands = {
  ...POSIX,
  showRoute: (address) => {
    const bare = withoutZone(address);
    return `route -n get ${isIpv6(bare) ? "-inet6 " : ""}${quoteShell(bare)}`;
  },
  trace: (address) => `${isIpv6(address) ? "traceroute6" : "traceroute"} -n ${quoteShell(address)}`,
  showNeighbour: (address) => isIpv6(address) ? "ndp -an" : "arp -an",
  lookUp: (host) => `dscacheutil -q host -a name ${quoteShell(host)}`,
  showInterfaces: "ifconfig -a",
  setClock: "sudo sntp -sS time.apple.com",
  showClock: "sntp time.apple.com",
  showFirewall: "sudo pfctl -s rules",
  firewalls: "pf, or an application's filter",
};

const WINDOWS: SystemCommands = {
  quote: quoteWindows,
  showAccess: (...paths) => paths.map((path) => `icacls ${quoteWindows(path)}`).join("; "),
  // A new file of the user's own folders has their access rules: the user, administrators, the system.
  writePrivate: (path) => `notepad ${quoteWindows(path)}`,
  toUtf8(path, encoding) {
    const from = encoding === "UTF-16BE" ? "BigEndianUnicode" : "Unicode";
    const file = quoteWindows(path);
    return `(Get-Content -Raw -Encoding ${from} ${file}) | Set-Content -NoNewline -Encoding utf8 ${file}`;
  },
  setVariable: (name) =>
    `$env:${name} = [Net.NetworkCredential]::new('', (Read-Host ${name} -AsSecureString)).Password`,
  makeKey: "$b = [byte[]]::new(32); [Security.Cryptography.RandomNumberGenerator]::Create()." +
    "GetBytes($b); [Convert]::ToBase64String($b)",
  showRoute: (address) => `Find-NetRoute -RemoteIPAddress ${quoteWindows(withoutZone(address))}`,
  trace: (address) => `tracert -d ${quoteWindows(address)}`,
  showNeighbour: (address) => isIpv6(address) ? "netsh int ipv6 show neighbors" : "arp -a",
  lookUp: (host) => `Resolve-DnsName ${quoteWindows(host)}`,
  showInterfaces: "ipconfig /all",
  setClock: "w32tm /resync",
  showClock: "w32tm /query /status",
  showFirewall: "netsh advfirewall show allprofiles",
  firewalls: "Windows Defender Firewall",
};

/** Returns the commands of a system, by its name in `Deno.build.os`. */
export function chooseCommands(os: string): SystemCommands {
  return os === "windows" ? WINDOWS : os === "darwin" ? MACOS : LINUX;
}

/** Returns a word in single quotes, of which PowerShell has five kinds; within them each is doubled. */
export function quotePowershell(text: string): string {
  return `'${text.replace(/['\u2018-\u201b]/g, "$&$&")}'`;
}

/** As above, but a word of which every character means itself stays as it is (about_Quoting_Rules). */
function quoteWindows(text: string): string {
  return /^[A-Za-z0-9_./\\:=+][A-Za-z0-9_./\\:=+-]*$/.test(text) ? text : quotePowershell(text);
}
