/** Ports that are not on the firewall itself: published by Docker, redirected, routed to a host behind. */
import { assertEquals, assertNotEquals } from "@std/assert";
import type { Plan, Stage } from "../../src/plan/plan.ts";
import type { Service } from "../../src/core/service.ts";
import { parseForwards } from "../../src/rules/options.ts";
import { renderRules } from "../../src/rules/render.ts";
import { change } from "../plans.ts";
import { bytes, HASHES, regularPlan, secretPlan } from "../rules/fixtures.ts";
import type { HeldConnection } from "./agent_protocol.ts";
import { createLab, kernelTest } from "./lab.ts";
import { createRouterLab, type Place, type RouterLab } from "./router_lab.ts";
import { PLAYED_MIKROTIK } from "./routeros_player.ts";
import { type Firewall, FIREWALLS, forEachFirewall, isRendered, TOOLS } from "./rules_lab.ts";

const OPEN_MS = 2_000;
const FAMILIES = ["ipv4", "ipv6"] as const;
type Family = typeof FAMILIES[number];
/** Addresses of one source each: in every row, each party has one of its own. */
const PARTIES = ["stranger", "trusted", "knocker", "closer"] as const;

/** A service, from one place. */
interface Spot {
  from: Place;
  to: "router" | "host";
  port: number;
}

interface Row {
  forwards?: string;
  opens?: readonly Service[];
  /** What is guarded. */
  spot: Spot;
  /** What stays as it is for a stranger. */
  others: readonly Spot[];
  kind?: "secret" | "regular";
  /** The rules do not reach it: it is open to everyone. */
  isOpen?: true;
}

const at = (from: Place, to: Spot["to"], port: number): Spot => ({ from, to, port });
/** Another published port, a port of the router, and the same number at a host behind. */
const UNTOUCHED = [at("client", "router", 8081), at("client", "router", 2000)];
const TRANSIT = at("client", "host", 8080);
const HOST = "10.78.2.2:22/tcp,[fd78:0:0:2::2]:22/tcp";

const ROWS: Readonly<Record<string, Row>> = {
  "a published port": {
    forwards: "8080/tcp",
    spot: at("client", "router", 8080),
    others: [...UNTOUCHED, TRANSIT, at("client", "router", 22)],
  },
  "a published port, regular knocks": {
    forwards: "8080/tcp",
    kind: "regular",
    spot: at("client", "router", 8080),
    others: [...UNTOUCHED, TRANSIT],
  },
  "a range of published ports": {
    forwards: "8070-8080/tcp",
    spot: at("client", "router", 8080),
    others: [...UNTOUCHED, TRANSIT],
  },
  "a port with a userland proxy over IPv6": {
    forwards: "8443/tcp",
    spot: at("client", "router", 8443),
    others: [...UNTOUCHED, at("client", "router", 8080)],
  },
  "a redirected port": {
    forwards: "2222/tcp",
    kind: "regular",
    spot: at("client", "router", 2222),
    others: [...UNTOUCHED, at("client", "router", 22)],
  },
  "a redirected port, and the one behind it": {
    forwards: "2222/tcp",
    opens: [{ port: 22, protocol: "tcp" }],
    spot: at("client", "router", 22),
    others: UNTOUCHED,
  },
  "a host behind": {
    forwards: HOST,
    spot: at("client", "host", 22),
    others: [...UNTOUCHED, TRANSIT, at("client", "host", 23), at("client", "router", 22)],
  },
  "from inside to a published port": {
    forwards: "8080/tcp",
    kind: "regular",
    spot: at("host", "router", 8080),
    others: [at("host", "router", 8081), at("host", "router", 2000), at("container", "host", 8080)],
  },
  "from the container to its own published port": {
    forwards: "8443/tcp",
    spot: at("container", "router", 8443),
    others: [at("container", "router", 2000), at("container", "host", 22)],
  },
  "from inside to a host behind": {
    forwards: HOST,
    spot: at("container", "host", 22),
    others: [at("container", "host", 23), at("container", "router", 22)],
  },
  "a plain --open of a published port guards nothing": {
    opens: [{ port: 8080, protocol: "tcp" }],
    spot: at("client", "router", 8080),
    others: [...UNTOUCHED, TRANSIT],
    isOpen: true,
  },
};

const CLOSING: Stage[] = [9_100, 8_300].map((port) => ({ port, protocol: "tcp" }));

function makePlan({ forwards = "", opens = [], kind }: Row, trusted: readonly string[]): Plan {
  const options = {
    ...{ openForMs: OPEN_MS, opens, trusted },
    forwards: forwards === "" ? [] : parseForwards(forwards),
  };
  return change(
    kind === "regular"
      ? regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], options)
      : secretPlan(options),
    {
      closing: kind === "regular" ? CLOSING : [9, 11].map((port, index) => ({
        port,
        protocol: "udp",
        payload: bytes(HASHES[index] as string),
      })),
    },
  );
}

/** One row at one firewall, over one family. */
class Proof {
  readonly #router: RouterLab;
  readonly #row: Row;
  readonly #family: Family;
  readonly plan: Plan;
  readonly #addresses: Readonly<Record<typeof PARTIES[number], string>>;

  constructor(router: RouterLab, { row, plan, family, first }: {
    row: Row;
    plan: Plan;
    family: Family;
    first: number;
  }) {
    [this.#router, this.#row, this.plan, this.#family] = [router, row, plan, family];
    this.#addresses = findAddresses(router, row.spot.from, { family, first });
  }

  /** The place of a service, for a party. */
  #place({ to, port }: Spot, party: typeof PARTIES[number] | undefined) {
    const host = to === "host" ? this.#router.places.host : this.#router.router;
    return {
      host: host[this.#family],
      port,
      ...(party === undefined ? {} : { source: this.#addresses[party] }),
    };
  }

  get #agent() {
    return this.#router.agents[this.#row.spot.from];
  }

  async #connect(party: typeof PARTIES[number]): Promise<string> {
    return await this.#agent.connect(this.#place(this.#row.spot, party));
  }

  async #knock(stages: readonly Stage[], party: typeof PARTIES[number]): Promise<void> {
    await this.#agent.send(stages.map(({ port, protocol, payload }, index) => ({
      source: this.#addresses[party],
      host: this.#router.router[this.#family],
      protocol,
      port,
      payloadHex: payload?.toHex(),
      atMs: index * 30,
    })));
  }

  async #open(party: typeof PARTIES[number]): Promise<HeldConnection> {
    await this.#knock(this.plan.doors[0]?.stages ?? [], party);
    return await this.#agent.hold({ ...this.#place(this.#row.spot, party), timeoutMs: 900 });
  }

  /** Every claim about the row, with what was seen. */
  async prove(): Promise<Record<string, unknown>> {
    const { isOpen } = this.#row;
    const stranger = await this.#connect("stranger");
    const others = await Promise.all(this.#row.others.map(async (spot) => {
      const party = spot.from === this.#row.spot.from ? "stranger" : undefined;
      const place = { ...this.#place(spot, party), timeoutMs: 900 };
      return await this.#router.agents[spot.from].connect(place);
    }));
    if (isOpen) return { stranger, others };
    const trusted = await this.#connect("trusted");
    const held = await this.#open("knocker");
    const closed = await this.#open("closer");
    await this.#knock(this.plan.doors[0]?.closing ?? [], "closer");
    const afterClosing = await this.#connect("closer");
    const stillStranger = await this.#connect("stranger");
    await new Promise((resolve) => setTimeout(resolve, OPEN_MS));
    return {
      stranger,
      others,
      trusted,
      afterClosing,
      stillStranger,
      afterOpenTime: await this.#connect("knocker"),
      standing: [await held.isAlive(2_000), await closed.isAlive(2_000)],
    };
  }
}

/** Whether the router itself listens there. */
function isLocal({ to, port }: Spot): boolean {
  return to === "router" && (port === 22 || port === 2000);
}

/** Where the kernel differs from the claims, in words. */
function listDifferences(
  seen: Record<string, unknown>,
  expected: Record<string, unknown>,
): string[] {
  return Object.keys(expected).flatMap((key) => {
    const [is, should] = [seen[key], expected[key]].map((value) => JSON.stringify(value));
    return is === should ? [] : [`${key} is ${is}, not ${should}`];
  });
}

/** What the claims are. */
function expectFor({ others, isOpen }: Row, { dropsOthers }: Firewall): Record<string, unknown> {
  const untouched = others.map((spot) =>
    dropsOthers && spot.from === "client" && isLocal(spot) ? "silent" : "open"
  );
  if (isOpen) return { stranger: "open", others: untouched };
  return {
    stranger: "silent",
    others: untouched,
    trusted: "open",
    afterClosing: "silent",
    stillStranger: "silent",
    afterOpenTime: "silent",
    standing: [true, true],
  };
}

function findAddresses(
  { places }: RouterLab,
  from: Place,
  { family, first }: { family: Family; first: number },
) {
  const [stranger, trusted, knocker, closer] = PARTIES.map((_, index) =>
    places[from].sources[family][first + index] ?? ""
  ) as [string, string, string, string];
  return { stranger, trusted, knocker, closer };
}

await kernelTest(
  "forwarded ports, through a router with Docker's rules",
  (_lab, context) => forEachFirewall(context, proveAll, [...FIREWALLS, PLAYED_MIKROTIK]),
  { tools: TOOLS },
);

async function proveAll(firewall: Firewall): Promise<void> {
  const wrong = await listWrong(firewall, Object.entries(ROWS));
  assertEquals(wrong.length, 0, `\n${wrong.join("\n")}`);
}

/** What the rows must find: rules that lack something, each with the row that shows it. */
const FAULTS: Readonly<Record<string, readonly [row: string, edit: (rules: string) => string]>> = {
  "no forward chain": ["a published port", (rules) => rules.replace("hook forward", "hook output")],
  "the port behind NAT": [
    "a published port",
    (rules) => rules.replaceAll("ct original proto-dst", "th dport"),
  ],
  "no NAT needed": [
    "a published port",
    (rules) => rules.replaceAll(" ct status dnat drop", " drop"),
  ],
  "only the forwarded redirect": [
    "a redirected port",
    (rules) => rules.replace(/^\t\tmeta l4proto tcp ct original proto-dst .* drop\n/m, ""),
  ],
  "connections are dropped": [
    "a host behind",
    (rules) => rules.replaceAll(/^\t\tct state established,related accept\n/gm, ""),
  ],
  "closing knocks close nothing": [
    "a published port",
    (rules) => rules.replaceAll(/ delete @home.open\S+ \{[^}]*\}/g, ""),
  ],
};

await kernelTest("the rows find faults in the rules", async (_lab, context) => {
  for (const [name, [row, edit]] of Object.entries(FAULTS)) {
    await context.step(name, async () => {
      const wrong = await listWrong(editNftables(edit), [[row, ROWS[row] as Row]]);
      assertNotEquals(wrong.length, 0);
    });
  }
}, { tools: TOOLS });

function editNftables(edit: (rules: string) => string): Firewall {
  const [nft] = FIREWALLS;
  if (nft === undefined) throw new Error("there is no firewall");
  return {
    ...nft,
    async load(server, plan) {
      const rules = renderRules(nft.backend, plan, { host: "fw.example.com" });
      const edited = edit(rules);
      assertNotEquals(edited, rules);
      await server.nft(edited);
    },
  };
}

/** Where the kernel differs from the claims about the rows, in words. */
async function listWrong(
  firewall: Firewall,
  rows: readonly (readonly [name: string, row: Row])[],
): Promise<string[]> {
  await using lab = await createLab({ sources: rows.length * PARTIES.length });
  const router = await createRouterLab(lab);
  const wrong: string[] = [];
  for (const [index, [name, row]] of rows.entries()) {
    const first = index * PARTIES.length;
    const trusted = FAMILIES.map((family) =>
      findAddresses(router, row.spot.from, { family, first }).trusted
    );
    const plan = makePlan(row, trusted);
    if (!isRendered(firewall, plan, name)) continue;
    await firewall.load(lab.server, plan);
    await Promise.all(FAMILIES.map(async (family) => {
      const title = `${firewall.name}, ${name}, ${family}`;
      try {
        const seen = await new Proof(router, { row, plan, family, first }).prove();
        const differences = listDifferences(seen, expectFor(row, firewall));
        wrong.push(...differences.map((difference) => `${title}: ${difference}`));
      } catch (error) {
        wrong.push(`${title}: ${String(error)}`);
      }
    }));
    await firewall.undo(lab.server, plan);
  }
  return wrong;
}
