/** What `doctor` says of a real door: shut, open, wrong, rejecting, gone. */
import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
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
        knock_ports: { port: number; before: { answer: string } }[];
        reported_by: string | null;
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
    const start = performance.now();
    const { code, stdout, stderr } = await ssh.run(commandOf(["doctor", "--json", ...args]));
    if (stdout === "") throw new Error(stderr);
    const report = JSON.parse(stdout) as Report;
    const [address] = report.evidence.door.addresses;
    if (address === undefined) throw new Error(stdout);
    const { code: cause, text } = report.cause;
    return { code, cause, text, ok: report.ok, address, ms: performance.now() - start };
  };
  for (const host of ["home", "home6"]) {
    await t.step(`${host}: closed before, open after, in less than three seconds`, async () => {
      const { code, cause, ok, address, ms } = await examine(host);
      assertEquals([code, cause, ok], [0, "fine", true]);
      assertEquals([address.before.answer, address.after?.answer], ["silent", "answered"]);
      assertEquals(address.knock_ports, []);
      assertLess(ms, 3_000);
    });
    await t.step(`${host}: with a look at the knock ports`, async () => {
      const { code, cause, address } = await examine(host, "--ports");
      assertEquals([code, cause], [0, "fine"]);
      // Other ports of the server are as closed ports are.
      assertEquals(address.knock_ports.map(({ port, before }) => [port, before.answer]), [
        [9876, "refused"],
        [5555, "refused"],
        [1234, "refused"],
      ]);
    });
    await t.step(`${host}: only looked at: closed, as it should be`, async () => {
      const { code, cause, ok } = await examine(host, "--no-knock", "--timeout", "300ms");
      assertEquals([code, cause, ok], [0, "not_knocked", true]);
    });
    await t.step(`${host}: open after a knock, and not judged`, async () => {
      await ssh.shut();
      assertEquals((await ssh.run(commandOf(["knock", host]))).code, 0);
      const { stdout, code } = await ssh.run(commandOf(["doctor", host, "--json"]));
      const { ok, cause } = JSON.parse(stdout) as Report;
      assertEquals([code, ok, cause.code], [1, false, "open_already"]);
      assertEquals(cause.fix, `spknock doctor ${host} --wait`);
    });
  }
  await t.step("a host that is not there: this machine reports it", async () => {
    const { code, cause, text, address } = await examine("nobody");
    assertEquals([code, cause, address.reported_by], [3, "no_neighbour", "machine"]);
    assertStringIncludes(text, "got no answer, so the host is off, or the address is wrong");
    assertEquals(address.after, null);
  });
  await t.step("an address without a route: this machine reports it", async () => {
    const { code, cause, address } = await examine("away");
    assertEquals([code, cause, address.reported_by], [3, "no_route", "machine"]);
  });
  await t.step("a host behind a router that has no way: the router reports it", async () => {
    await lab.client.run(["ip", "route", "add", "192.0.2.0/24", "via", lab.server.ipv4]);
    await lab.server.run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"]);
    await lab.server.run(["ip", "route", "add", "unreachable", "192.0.2.0/24"]);
    const { code, cause, text, address } = await examine("away");
    assertEquals([code, cause, address.reported_by], [1, "unreachable", "router"]);
    assertStringIncludes(text, `A router on the way, ${lab.server.ipv4}, reports`);
  });
  // Not over IPv6: there the message arrives (counted), but no connection attempt is told of it.
  await t.step("a firewall that rejects by ICMP", async () => {
    await lab.server.nft(reject("tcp dport 22 reject with icmpx type admin-prohibited;"));
    const { code, cause, text, address } = await examine("home");
    const looked = await examine("home", "--no-knock");
    await lab.server.nft("delete table inet rejecting");
    assertEquals([looked.code, looked.cause], [0, "not_knocked"]);
    assertEquals(address.reported_by, "host");
    assertStringIncludes(text, "another table, ufw, firewalld");
    assertEquals([code, cause, address.before.answer], [1, "unreachable", "unreachable"]);
    assertStringIncludes(address.before.detail, "prohibited");
  });
  await t.step("another hook drops the packets before", async () => {
    await lab.server.nft(reject("tcp dport 22 drop;"));
    const { code, cause, text } = await examine("home", "--timeout", "300ms");
    await lab.server.nft("delete table inet rejecting");
    assertEquals([code, cause], [1, "not_accepted"]);
    assertStringIncludes(text, "another rule (another table, ufw, firewalld) drops port 22");
  });
  await t.step("wrong passphrases at a host that is there", async () => {
    const { code, cause } = await examine("wrong", "--timeout", "300ms");
    assertEquals([code, cause], [1, "not_accepted"]);
  });
  await t.step("no passphrase to be had", async () => {
    const { code, cause } = await examine("typed", "--timeout", "300ms");
    assertEquals([code, cause], [4, "secret"]);
  });
  await t.step("open to everyone: told so after a wait", async () => {
    await lab.server.nft("delete table inet spknock_home");
    const { stdout, code } = await ssh.run(commandOf(["doctor", "--json", "--wait", "short"]));
    await ssh.reload();
    const { cause } = JSON.parse(stdout) as Report;
    assertEquals([code, cause.code], [1, "open_to_all"]);
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
