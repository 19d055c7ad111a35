/**
 * What a door opens, or what stays public: ports, echo requests, or everything.
 *
 * Rules: a port is written as a knock's is (`22/tcp`, `tcp:22`, `22`, see knock.ts), a range with `-`
 * between its ends (`60000-61000/udp`); `icmp` is an echo request of either family, `all` every packet.
 */
import { ValueError } from "./errors.ts";
import { parsePortSpec, type Protocol, renderPortSpec, splitList } from "./knock.ts";

/** A port of one transport. */
export interface PortSpec {
  /** 1..65535 */
  port: number;
  protocol: Protocol;
}

/** Ports of one transport. */
export interface PortRange {
  /** 1..65535; the first one of a range. */
  port: number;
  /** The last one of a range; more than `port`, or undefined for a single port. */
  last?: number | undefined;
  protocol: Protocol;
}

/** What a firewall lets through, or does not. */
export type Service = PortRange | { protocol: "icmp" | "all"; port?: undefined };

/** A port that this machine forwards: by NAT, or by routing to a host behind it. */
export interface Forward {
  /** The host behind, an address; undefined where the port is translated (published, redirected). */
  host?: string | undefined;
  /** The ports that the client sees. */
  service: PortRange;
}

/** Whether a service is ports. */
export function isPorts(service: Service): service is PortRange {
  return service.port !== undefined;
}

/**
 * Returns the service of `22/tcp`, `60000-61000/udp`, `icmp` or `all`.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseService(text: string): Service {
  const name = text.trim().toLowerCase();
  if (name === "icmp" || name === "all") return { protocol: name };
  if (!/^(?:\d|(?:tcp|udp)[/:])/.test(name)) {
    throw new ValueError(text, "is not a port: use 22/tcp, 60000-61000/udp, icmp or all");
  }
  const range = /^(.*?)(\d+)-(\d+)(.*)$/.exec(text.trim());
  if (range === null) return parsePortSpec(text);
  const [, before = "", from = "", to = "", after = ""] = range;
  const first = parsePortSpec(`${before}${from}${after}`);
  const { port: last } = parsePortSpec(`${before}${to}${after}`);
  if (last < first.port) {
    throw new ValueError(text, "is not a range of ports: write the lower one first");
  }
  return last === first.port ? first : { ...first, last };
}

/**
 * Returns the services of a list such as `22/tcp,60000-61000/udp,icmp`, in the order of the text, each once.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseServices(text: string): Service[] {
  const parts = text.includes(",") ? splitList(text) : [text];
  return listDistinctServices(parts.map(parseService));
}

/** Returns each forward once, in order. */
export function listDistinctForwards(forwards: readonly Forward[]): Forward[] {
  return listDistinct(forwards, renderForward);
}

/** Returns each service once, in order. */
export function listDistinctServices<T extends Service>(services: readonly T[]): T[] {
  return listDistinct(services, renderService);
}

function listDistinct<T>(items: readonly T[], render: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [render(item), item])).values()];
}

/** Returns `22/tcp`, `60000-61000/udp`, `icmp` or `all`. */
export function renderService(service: Service): string {
  if (!isPorts(service)) return service.protocol;
  const { port, last = port, protocol } = service;
  return `${port === last ? port : `${port}-${last}`}/${protocol}`;
}

/** Returns services as `22/tcp, icmp`. */
export function renderServices(services: readonly Service[]): string {
  return services.map(renderService).join(", ");
}

/** Returns `8080/tcp`, or with its host `192.168.1.7:22/tcp`. */
export function renderForward({ host, service }: Forward): string {
  const text = renderService(service);
  if (host === undefined) return text;
  return `${host.includes(":") ? `[${host}]` : host}:${text}`;
}

/** Whether a packet to this port is to the service. */
export function covers(
  service: Service,
  { protocol, port }: { protocol: string; port?: number | undefined },
): boolean {
  if (!isPorts(service)) return service.protocol === "all" || service.protocol === protocol;
  return service.protocol === protocol && port !== undefined && port >= service.port &&
    port <= (service.last ?? service.port);
}

/** Whether a packet to this port is to one of the services. */
export function isAmong(
  services: readonly Service[],
  place: Parameters<typeof covers>[1],
): boolean {
  return services.some((service) => covers(service, place));
}

/** Whether a packet can be to both services. */
export function overlaps(a: Service, b: Service): boolean {
  if (a.protocol === "all" || b.protocol === "all") return true;
  if (a.protocol !== b.protocol) return false;
  if (!isPorts(a) || !isPorts(b)) return true;
  return a.port <= (b.last ?? b.port) && b.port <= (a.last ?? a.port);
}

/** Returns the ports of one transport as ranges, ascending; those that touch or overlap are one. */
export function mergePorts(services: readonly Service[], protocol: Protocol): PortRange[] {
  const ranges = services.filter(isPorts).filter((service) => service.protocol === protocol)
    .map(({ port, last = port }) => ({ port, last })).sort((a, b) => a.port - b.port);
  const merged: { port: number; last: number }[] = [];
  for (const range of ranges) {
    const before = merged.at(-1);
    if (before !== undefined && range.port <= before.last + 1) {
      before.last = Math.max(before.last, range.last);
    } else merged.push({ ...range });
  }
  return merged.map(({ port, last }) => ({ port, ...(last > port ? { last } : {}), protocol }));
}

/** Returns each port and protocol once, in order. */
export function listDistinctPorts(specs: readonly PortSpec[]): PortSpec[] {
  return listDistinct(specs, renderPortSpec).map(({ port, protocol }) => ({ port, protocol }));
}
