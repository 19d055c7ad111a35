/** Command lines of other tools, run for real: what is read from them is what they send. */
import { assertEquals } from "@std/assert";
import { reader } from "../../src/config/import/shell.ts";
import { makeTargetName } from "../../src/config/import/legacy_file.ts";
import type { Knock } from "../../src/core/knock.ts";
import { kernelTest } from "./lab.ts";

const HASH = "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad";

/** Lines with `HOST` for the server. */
const LINES = [
  "knock HOST 7000 8000:udp 9000:tcp",
  "knock -u -d 20 HOST 7000 8000:tcp",
  "nmap -Pn -n --max-retries 0 --host-timeout 201ms -p 7000 HOST",
  "for p in 7000 8000; do nmap -Pn -n -sU --max-retries 0 --host-timeout 201ms -p $p HOST; done",
  `nmap -Pn -n -sU --max-retries 0 --host-timeout 201ms --data-string ${HASH} -p 7000 HOST`,
  "nmap -Pn -n -sU --max-retries 0 --host-timeout 201ms --data 0x00ff -p 7000 HOST",
  "nmap -Pn -n -sS -sU --max-retries 0 --host-timeout 401ms -p U:7000,T:8000 HOST",
  "nc -z -w1 HOST 7000",
  "nc -zuv -w1 HOST 7000",
  "nc -z -w 1 HOST 7000-7002",
  `echo -n ${HASH} | nc -u -w1 HOST 7000`,
  "printf '\\x00\\377%s' ab | nc -u -w1 HOST 7000",
  `echo ${HASH} > /dev/udp/HOST/7000; printf %s ab > /dev/udp/HOST/8000`,
  `nc -u -w1 HOST 7000 <<< ${HASH}`,
  "hping3 -S -p 7000 -c 1 HOST; hping3 --syn -c 1 --destport 8000 HOST",
  "hping3 -2 -p 7000 -c 1 HOST",
  `hping3 --udp -p 7000 -c 1 -d 64 -e ${HASH} HOST`,
  "hping3 -2 -p 7000 -c 1 -d 6 --sign ab HOST",
  "hping3 -1 -c 1 -d 64 HOST",
  "ping -c 1 -W 1 -s 77 HOST",
];

/** Returns what matches the packet of a knock, and nothing else. */
function writeMatch({ port, protocol, size = 0, payload }: Knock): string {
  if (protocol === "icmp") return `icmp type echo-request ip length ${28 + size}`;
  if (protocol === "tcp") return `tcp dport ${port} tcp flags & (fin|syn|rst|ack) == syn`;
  const bytes = payload.kind === "bytes"
    ? payload.bytes
    : payload.kind === "secret" && payload.source.kind === "hash"
    ? new TextEncoder().encode(payload.source.hash)
    : undefined;
  if (bytes === undefined) return `udp dport ${port}`;
  const hex = bytes.toHex();
  const parts = hex.match(/.{1,32}/g) ?? [];
  const matches = parts.map((part, index) =>
    `@th,${64 + 128 * index},${4 * part.length} 0x${part}`
  );
  return `udp dport ${port} udp length ${8 + bytes.length} ${matches.join(" ")}`;
}

await kernelTest("import shell: what is read from a line is what it sends", async (lab, t) => {
  for (const line of LINES) {
    await t.step(line.replace(HASH, "HASH"), async () => {
      const text = line.replaceAll("HOST", lab.server.ipv4);
      const { targets, problems } = await reader.parse(text, {
        file: "F",
        makeName: makeTargetName,
      });
      assertEquals(problems, []);
      const knocks = targets.flatMap(({ knocks }) => knocks);
      const rules = knocks.map((knock) => `${writeMatch(knock)} counter drop`);
      await lab.server.nft(`table inet counting {}
delete table inet counting
table inet counting {
  chain in { type filter hook prerouting priority -300; policy accept;
    ${rules.join("\n    ")}
    ip saddr ${lab.client.ipv4} counter drop
  }
}
`);
      await lab.client.exec(["bash", "-c", text]);
      const listed = await lab.server.run(["nft", "list", "table", "inet", "counting"]);
      const counts = [...listed.matchAll(/counter packets (\d+)/g)].map(([, count]) =>
        Number(count)
      );
      const others = counts.pop();
      // nc sends a udp port that it checks several times.
      assertEquals(counts.map((count) => count > 0), knocks.map(() => true), listed);
      assertEquals(others, 0, listed);
    });
  }
}, { tools: ["knock", "nmap", "nc", "hping3", "bash", "ping"] });
