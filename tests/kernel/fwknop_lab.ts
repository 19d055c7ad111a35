/** A real fwknopd with the real iptables in the server's namespace; nothing of it is outside of a folder of its own. */
import type { Home } from "../e2e/program.ts";
import type { Lab } from "./lab.ts";

/** What these tests need. */
export const FWKNOP_TOOLS = ["fwknopd", "fwknop", "iptables"];

/** The keys of the facts' vectors. */
export const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
export const HMAC_KEY =
  "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+fw==";

/** A stanza of access.conf with them. */
export const STANZA = `SOURCE ANY
OPEN_PORTS tcp/22,udp/53
FW_ACCESS_TIMEOUT 30
KEY_BASE64 ${KEY}
HMAC_KEY_BASE64 ${HMAC_KEY}
`;

/** A daemon that runs. */
export interface Fwknopd {
  /** What it has logged. */
  log(): Promise<string>;
  /** Its rules without the time of their end, such as `-A FWKNOP_INPUT -s ... --dport 22 -j ACCEPT`. */
  rules(table?: "filter" | "nat"): Promise<string[]>;
  /** Removes its rules, as its end does. */
  flush(): Promise<void>;
}

/** Where things are. */
interface Options {
  /** Of access.conf. */
  stanza?: string;
  /** Lines of fwknopd.conf. */
  config?: string;
  /** `-U`: a listener instead of a packet capture. */
  isUdpServer?: boolean;
}

/** Starts the daemon; it is killed with the lab. Port 22 of the server is closed before. */
export async function startFwknopd(
  { server }: Lab,
  home: Home,
  { stanza = STANZA, config = "", isUdpServer = false }: Options = {},
): Promise<Fwknopd> {
  const folder = `${home.path}/fwknopd`;
  await Deno.mkdir(`${folder}/run`, { recursive: true, mode: 0o700 });
  const files = { "access.conf": stanza, "fwknopd.conf": `PCAP_INTF ${server.device};\n${config}` };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o600 });
  }
  await server.run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP"]);
  const args = [
    ...["-f", "-i", server.device, "-c", `${folder}/fwknopd.conf`, "-a", `${folder}/access.conf`],
    ...[
      "-r",
      `${folder}/run`,
      "-d",
      `${folder}/run/digest.cache`,
      "-p",
      `${folder}/run/fwknopd.pid`,
    ],
    ...(isUdpServer ? ["-U"] : []),
  ];
  server.spawn(["sh", "-c", `exec fwknopd "$@" >${folder}/log 2>&1`, "sh", ...args]);
  const sign = isUdpServer
    ? "ss -Hlun 'sport = :62201' | grep -q ."
    // A packet before that is lost: libpcap drops what came before its filter.
    : `grep -q "main event loop" ${folder}/log`;
  const wait = `for i in $(seq 200); do { ${sign}; } && exit 0; sleep 0.05; done; exit 1`;
  const log = () => Deno.readTextFile(`${folder}/log`).catch(() => "");
  const { code } = await server.exec(["sh", "-c", wait]);
  if (code !== 0) throw new Error(`fwknopd did not start: ${await log()}`);
  return {
    log,
    async rules(table = "filter") {
      const all = await server.run(["iptables", "-t", table, "-S"]);
      return all.split("\n").filter((line) => line.startsWith("-A FWKNOP_"))
        .map((line) => line.replace(/ -m comment --comment "?_exp_\d+"?/, ""));
    },
    async flush() {
      const chains = "INPUT FORWARD PREROUTING OUTPUT POSTROUTING MASQUERADE";
      const script = `for chain in ${chains}; do for table in filter nat; do ` +
        "iptables -t $table -F FWKNOP_$chain 2>/dev/null; done; done; true";
      await server.run(["sh", "-c", script]);
    },
  };
}

/** The end of an opened door's rule, in Unix seconds; undefined where there is none. */
export async function findEnd({ server }: Lab): Promise<number | undefined> {
  const all = await server.run(["iptables", "-S"]);
  const end = all.match(/_exp_(\d+)/)?.[1];
  return end === undefined ? undefined : Number(end);
}
