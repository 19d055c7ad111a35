/**
 * A router between the client and two hosts behind it: a container whose ports Docker publishes, and a host
 * that is reached without NAT. The rules are those of Docker 28, as `iptables-save` shows them.
 */
import type { Agent } from "./agent_protocol.ts";
import type { Behind, Lab, Namespace } from "./lab.ts";

/** A port that Docker publishes. */
interface Published {
  protocol: "tcp" | "udp";
  /** As the client sees it. */
  port: number;
  /** Of the container. */
  to: number;
  /** Docker leaves the others to its userland proxy, which listens on the router. */
  families: readonly Family[];
}

type Family = "ipv4" | "ipv6";

const BOTH: readonly Family[] = ["ipv4", "ipv6"];

/** 8443 goes through the userland proxy over IPv6. */
const PUBLISHED: readonly Published[] = [
  { protocol: "tcp", port: 8080, to: 80, families: BOTH },
  { protocol: "tcp", port: 8081, to: 81, families: BOTH },
  { protocol: "tcp", port: 8443, to: 80, families: ["ipv4"] },
  { protocol: "udp", port: 5300, to: 53, families: BOTH },
];

/** What listens where. */
const LISTENERS = { container: [80, 81], host: [22, 23, 8080], router: [22, 2000, 8443] } as const;

/** The places from which packets come. */
export const PLACES = ["client", "host", "container"] as const;

/** One of them. */
export type Place = typeof PLACES[number];

/** See the header. */
export interface RouterLab {
  lab: Lab;
  router: Namespace;
  places: Readonly<Record<Place, Behind>>;
  agents: Readonly<Record<Place | "router", Agent>>;
  /** As a restart of dockerd: its chains are flushed and filled, its jumps are at the top again. */
  restartDocker(): Promise<void>;
}

/** Makes a lab a router's; 2222/tcp is redirected to its own port 22. */
export async function createRouterLab(lab: Lab): Promise<RouterLab> {
  const { client, server: router, sources } = lab;
  const container = await lab.addBehind("docker0");
  const host = await lab.addBehind("lan0");
  const places = { client: { ...client, sources }, host, container };
  const agents = {
    client: await client.agent(),
    host: await host.agent(),
    container: await container.agent(),
    router: await router.agent(),
  };
  for (const place of ["container", "host", "router"] as const) {
    for (const port of LISTENERS[place]) await agents[place].listen(port);
  }
  const restartDocker = async () => {
    for (const family of BOTH) await startDocker(router, container, family);
  };
  for (const family of BOTH) await prepare(router, family);
  await restartDocker();
  return { lab, router, places, agents, restartDocker };
}

/** The administrator's own rules: the redirect, and what Docker's policy would drop. */
async function prepare(router: Namespace, family: Family): Promise<void> {
  await restore(
    router,
    family,
    [
      "*nat",
      "-A PREROUTING -p tcp --dport 2222 -j REDIRECT --to-ports 22",
      "COMMIT",
      "*filter",
      "-P FORWARD DROP",
      "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      "-A FORWARD -i lan0 -j ACCEPT",
      "-A FORWARD -o lan0 -j ACCEPT",
      "COMMIT",
    ].map((line) => line.replace(/^-P FORWARD (.*)$/, ":FORWARD $1 [0:0]")),
  );
}

async function startDocker(router: Namespace, container: Namespace, family: Family): Promise<void> {
  const to = container[family];
  const own = PUBLISHED.filter(({ families }) => families.includes(family));
  const place = (port: number) => family === "ipv4" ? `${to}:${port}` : `[${to}]:${port}`;
  const loopback = family === "ipv4" ? "127.0.0.0/8" : "::1/128";
  await removeJumps(router, family);
  await restore(router, family, [
    "*nat",
    ":DOCKER - [0:0]",
    "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
    `-A OUTPUT ! -d ${loopback} -m addrtype --dst-type LOCAL -j DOCKER`,
    `-A POSTROUTING -s ${to}/${family === "ipv4" ? 24 : 64} ! -o docker0 -j MASQUERADE`,
    ...own.map(({ protocol, port, to }) =>
      `-A DOCKER ! -i docker0 -p ${protocol} --dport ${port} -j DNAT --to-destination ${place(to)}`
    ),
    "COMMIT",
    "*filter",
    ...["DOCKER", "DOCKER-FORWARD", "DOCKER-BRIDGE", "DOCKER-CT"].map((name) => `:${name} - [0:0]`),
    "-I FORWARD 1 -j DOCKER-FORWARD",
    "-I FORWARD 1 -j DOCKER-USER",
    "-A DOCKER-FORWARD -j DOCKER-CT",
    "-A DOCKER-FORWARD -j DOCKER-BRIDGE",
    "-A DOCKER-FORWARD -i docker0 -j ACCEPT",
    "-A DOCKER-BRIDGE -o docker0 -j DOCKER",
    "-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    ...own.map(({ protocol, to: port }) =>
      `-A DOCKER -d ${to} ! -i docker0 -o docker0 -p ${protocol} --dport ${port} -j ACCEPT`
    ),
    "-A DOCKER ! -i docker0 -o docker0 -j DROP",
    "COMMIT",
  ]);
}

/** dockerd leaves DOCKER-USER, which is the administrator's, as it is. */
async function removeJumps(router: Namespace, family: Family): Promise<void> {
  const table = family === "ipv4" ? "iptables" : "ip6tables";
  const loopback = family === "ipv4" ? "127.0.0.0/8" : "::1/128";
  const local = "-m addrtype --dst-type LOCAL -j DOCKER";
  const lines = [
    `-t nat -D PREROUTING ${local}`,
    `-t nat -D OUTPUT ! -d ${loopback} ${local}`,
    "-t nat -D POSTROUTING 1",
    "-D FORWARD -j DOCKER-USER",
    "-D FORWARD -j DOCKER-FORWARD",
    "-N DOCKER-USER",
  ];
  const script = lines.map((line) => `${table} -w ${line} 2>/dev/null || true`).join("\n");
  await router.run(["sh", "-s"], { stdin: script });
}

async function restore(router: Namespace, family: Family, lines: readonly string[]): Promise<void> {
  const program = family === "ipv4" ? "iptables-restore" : "ip6tables-restore";
  await router.run([program, "-w", "-n"], { stdin: `${lines.join("\n")}\n` });
}
