/** What `doctor` says of a real door: shut, open, wrong, rejecting, gone. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { commandOf } from "../e2e/program.ts";
import { kernelTest } from "./lab.ts";
import { createSshLab, SSH_TOOLS } from "./ssh_lab.ts";

interface Report {
  ok: boolean;
  cause: { code: string; text: string; fix: string | null };
  evidence: {
    door: {
      addresses: {
        ping: boolean | null;
        before: { answer: string; detail: string };
        after: { answer: string } | null;
        knock_ports: { port: number; before: { answer: string }; after: unknown }[];
      }[];
    };
  };
}

/** Rejects what is asked for, as firewalls do that are not silent. */
const reject = (how: string) =>
  `table inet rejecting
delete table inet rejecting
table inet rejecting {
  chain input {
    type filter hook input priority -300; policy accept;
    ${how}
  }
}
`;

await kernelTest("the doctor at a real door", async (lab, t) => {
  await using ssh = await createSshLab(lab);
  // Every ICMP message is sent; by default only some in a second are.
  await lab.server.run(["sysctl", "-q", "-w", "net.ipv4.icmp_ratelimit=0"]);
  const examine = async (...args: string[]) => {
    await ssh.shut();
    const { code, stdout, stderr } = await ssh.run(commandOf(["doctor", "--json", ...args]));
    if (stdout === "") throw new Error(stderr);
    const report = JSON.parse(stdout) as Report;
    const [address] = report.evidence.door.addresses;
    if (address === undefined) throw new Error(stdout);
    return { code, cause: report.cause.code, ok: report.ok, address };
  };
  for (const host of ["home", "home6"]) {
    await t.step(`${host}: shut before, open after`, async () => {
      const { code, cause, ok, address } = await examine(host);
      assertEquals([code, cause, ok], [0, "fine", true]);
      assertEquals([address.before.answer, address.after?.answer], ["silent", "answered"]);
      // Other ports of the server are as closed ports are.
      assertEquals(address.knock_ports.map(({ port, before }) => [port, before.answer]), [
        [5555, "refused"],
        [9876, "refused"],
        [1234, "refused"],
      ]);
    });
    await t.step(`${host}: only looked at`, async () => {
      const { code, cause } = await examine(host, "--no-knock", "--timeout", "300ms");
      assertEquals([code, cause], [1, "not_knocked"]);
    });
  }
  // Not over IPv6: there the message arrives (counted), but no connection attempt is told of it.
  await t.step("a firewall that rejects by ICMP", async () => {
    await lab.server.nft(reject("tcp dport 22 reject with icmpx type admin-prohibited;"));
    const { code, cause, address } = await examine("home", "--timeout", "300ms");
    await lab.server.nft("delete table inet rejecting");
    assertEquals([code, cause, address.before.answer], [1, "unreachable", "unreachable"]);
    assertStringIncludes(address.before.detail, "prohibited");
  });
  await t.step("wrong passphrases at a host that is there", async () => {
    const { code, cause } = await examine("wrong", "--timeout", "300ms");
    assertEquals([code, cause], [1, "not_accepted"]);
  });
  await t.step("no passphrase to be had", async () => {
    const { code, cause } = await examine("typed", "--timeout", "300ms");
    assertEquals([code, cause], [4, "secret"]);
  });
  await t.step("nothing listens behind the firewall", async () => {
    await lab.server.run([
      "sh",
      "-c",
      "ss -Hltnp 'sport = :22' | grep -o 'pid=[0-9]*' | " +
      "cut -d= -f2 | sort -u | xargs kill",
    ]);
    const { code, cause } = await examine("home", "--timeout", "700ms");
    assertEquals([code, cause], [1, "no_service"]);
  });
  await t.step("silence", async () => {
    await lab.server.nft(reject("drop"));
    const { code, cause, address } = await examine("home", "--timeout", "300ms");
    assertEquals([code, cause, address.ping], [1, "silence", false]);
  });
}, { tools: [...SSH_TOOLS, "ping", "ss"] });
