/** How rules are taken out on the console of a server, where no knock and no ssh is left. */
import { quoteShell } from "../../core/text.ts";
import type { ApplyOutcome } from "../apply/job.ts";

/** A file that spknock wrote is removed; of any other one, the lines that name spknock. */
const OWN_FILE = /(?:^|\/)spknock[^/]*$|\/spknock\//;

/** Returns the shell lines for root; empty where the outcome has no rules. */
export function listWayBack({ summary, files }: Pick<ApplyOutcome, "summary" | "files">): string[] {
  const server = summary?.backend.server;
  if (summary === undefined || server === undefined) return [];
  const own = files.filter((file) => OWN_FILE.test(file));
  const units = own.filter((file) => file.endsWith(".service"));
  const foreign = files.filter((file) => !OWN_FILE.test(file));
  const remove = own.length === 0 ? [] : [`rm -f ${own.map(quoteShell).join(" ")}`];
  const table = server.nameTable(summary.plan);
  return [
    ...units.map((file) => `systemctl disable --now ${quoteShell(file.replace(/^.*\//, ""))}`),
    ...foreign.map((file) => `sed -i /spknock/d ${quoteShell(file)}`),
    ...server.kind === "iptables"
      ? [...renderUndo(own, table), ...remove]
      : server.kind === "openwrt"
      ? [...remove, "fw4 reload"]
      : [`nft delete table inet ${table}`, ...remove],
  ];
}

/** The script of iptables takes its rules out itself; without it its chains are emptied, which lets all pass. */
function renderUndo(own: readonly string[], prefix: string): string[] {
  const script = own.find((file) => /\.sh$/.test(file));
  if (script !== undefined) return [`sh ${quoteShell(script)} undo`];
  const pattern = prefix.replaceAll(".", "\\.");
  return [
    "for p in iptables ip6tables; do for t in raw mangle nat filter; do " +
    `$p -t $t -S | sed -n 's/^-N \\(${pattern}.*\\)$/\\1/p' | while read -r c; do $p -t $t -F "$c"; ` +
    "done; done; done",
  ];
}
