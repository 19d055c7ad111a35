/** Loading, loading again, and undoing: what stays, what goes. */
import { assertEquals, assertNotEquals } from "@std/assert";
import type { Plan } from "../../src/plan/plan.ts";
import { regularPlan, secretPlan } from "../rules/fixtures.ts";
import { change } from "../plans.ts";
import { findRefusal } from "../../src/rules/features.ts";
import { createLab, kernelTest, type Lab } from "./lab.ts";
import { PLAYED_MIKROTIK } from "./routeros_player.ts";
import {
  createKnocks,
  createRange,
  type Firewall,
  FIREWALLS,
  forEachFirewall,
  paced,
  probe,
  type Range,
  shoot,
  TOOLS,
} from "./rules_lab.ts";

const GUARDED = regularPlan(["7003/tcp", "9012/udp", "8044/tcp", "6999/tcp"], { ban: true });
/** Without what RouterOS refuses: a ban in both families, and a wildcard. */
const UNBANNED = { ...GUARDED, ban: false };
const SECRET = secretPlan({
  interfaces: ["knock*"],
  trusted: ["192.0.2.0/24", "2001:db8:77::/48"],
  publicServices: [{ port: 80, protocol: "tcp" }],
});

const [NFT, IPSET, RECENT] = ["nftables", "iptables with ipset", "iptables with recent"] as const;

/** What the administrator had before. */
const OWN_RULES = [
  "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
  "-A INPUT -p tcp --dport 80 -j ACCEPT",
];
const OWN_NFT = `table inet own {
  chain input {
    type filter hook input priority filter; policy accept;
    tcp dport 80 accept
  }
}
`;

await kernelTest(
  "rules are loaded once, keep open sources, and can be undone",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      await undoLeavesNothing(firewall);
      if (!firewall.forgets) await loadingAgainKeeps(firewall);
    }, [...FIREWALLS, PLAYED_MIKROTIK]),
  { tools: TOOLS },
);

function chooseGuarded(firewall: Firewall): Plan {
  return findRefusal(firewall.backend, GUARDED) === undefined ? GUARDED : UNBANNED;
}

async function ownRules({ server }: Lab): Promise<void> {
  await server.nft(OWN_NFT);
  for (const table of ["iptables", "ip6tables"]) {
    const rules = ["*filter", ...OWN_RULES, "COMMIT", ""].join("\n");
    await server.run([`${table}-restore`, "-n"], { stdin: rules });
  }
  await server.run(["ipset", "create", "own", "hash:ip", "timeout", "9"]);
}

/** Byte for byte: twice loaded is once loaded, undone is never loaded. */
async function undoLeavesNothing(firewall: Firewall): Promise<void> {
  await using lab = await createLab();
  const { server } = lab;
  await ownRules(lab);
  const list = () => firewall.list(server);
  const before = await list();
  const plans = [chooseGuarded(firewall), SECRET, { ...SECRET, interfaces: ["knock0"] }]
    .filter((plan) => findRefusal(firewall.backend, plan) === undefined);
  assertEquals(plans.length, firewall === PLAYED_MIKROTIK ? 2 : 3);
  for (const plan of plans) {
    await firewall.load(server, plan);
    const once = await list();
    assertNotEquals(once, before);
    await firewall.load(server, plan);
    assertEquals(await list(), once, `${firewall.name}: a second load changed something`);
    await firewall.undo(server, plan);
    assertEquals(await list(), before, `${firewall.name}: the undo left something`);
  }
  await otherTargetsStay(firewall, lab);
  assertEquals(await list(), before);
}

/** Names that could run into each other. */
async function otherTargetsStay(firewall: Firewall, { server }: Lab): Promise<void> {
  const long = "x".repeat(63);
  // The last one is what is left of the long ones where names are cut.
  const names = ["home", "home-1", "hom", `${long}a`, `${long}b`, "H-_9", "xxx"];
  const plans = names.map((name) => ({ ...chooseGuarded(firewall), name }));
  const listings = [];
  for (const plan of plans) {
    listings.push(await firewall.list(server));
    await firewall.load(server, plan);
  }
  for (const plan of plans.toReversed()) {
    await firewall.undo(server, plan);
    assertEquals(await firewall.list(server), listings.pop(), `${firewall.name}: ${plan.name}`);
  }
}

/** A changed plan is loaded over the first one: connections and open sources stay, sequences are reset. */
async function loadingAgainKeeps(firewall: Firewall): Promise<void> {
  await using lab = await createLab();
  const { client, server } = lab;
  const range = await createRange(lab, firewall);
  const guarded = chooseGuarded(firewall);
  await (await server.agent()).listen(22);
  await firewall.load(server, guarded);
  const [inside, outside] = ["198.18.1.1", "198.18.1.2"];
  const first = await shoot(range, guarded, [
    { name: "in", packets: paced([...createKnocks(guarded, inside), probe(guarded, inside)]) },
    { name: "half", packets: paced(createKnocks(guarded, outside).slice(0, -1)) },
    ...[client.ipv4, client.ipv6].map((source) => ({
      name: source,
      packets: paced([...createKnocks(guarded, source), probe(guarded, source)]),
    })),
  ]);
  assertEquals(first.map(({ lastSeen }) => lastSeen), [true, true, true, true]);
  const sessions = await Promise.all(
    (["ipv4", "ipv6"] as const).map((family) =>
      range.agent.hold({ source: client[family], host: server[family], port: 22 })
    ),
  );
  const changed = changedPlan();
  await firewall.load(server, changed);
  await stillAlive(sessions, firewall, "after a reload");
  const last = createKnocks(guarded, outside).slice(-1);
  const second = await shoot(range, changed, [
    { name: "in", packets: paced([probe(changed, inside)]) },
    { name: "half", packets: paced([...last, probe(changed, outside)]) },
    {
      name: "new",
      packets: paced([...createKnocks(changed, "198.18.1.3"), probe(changed, "198.18.1.3")]),
    },
  ]);
  // The open time is another one.
  const stays = firewall.name !== RECENT;
  assertEquals(second.map(({ lastSeen }) => lastSeen), [stays, false, true], firewall.name);
  await firewall.undo(server, changed);
  await stillAlive(sessions, firewall, "after the undo");
  await undoneIsOpen(range, changed);
}

/** Shorter, other ports, other timeouts, no ban, but the last knock the same. */
function changedPlan(): Plan {
  return regularPlan(["1111/udp", "3333/tcp", "6999/tcp"], {
    stageTimeoutMs: 9_000,
    openForMs: 60_000,
    guard: false,
  });
}

async function stillAlive(
  sessions: readonly { isAlive(timeoutMs: number): Promise<boolean> }[],
  firewall: Firewall,
  when: string,
): Promise<void> {
  const alive = await Promise.all(sessions.map((session) => session.isAlive(3_000)));
  assertEquals(alive, [true, true], `${firewall.name}: a session died ${when}`);
}

async function undoneIsOpen(range: Range, plan: Plan): Promise<void> {
  const stranger = "198.18.1.9";
  const [outcome] = await shoot(range, plan, [
    { name: "undone", packets: paced([probe(plan, stranger)]) },
  ]);
  assertEquals(outcome?.lastSeen, true);
}

const HOME = regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], { openForMs: 60_000 });
const [OFFICE, CELLAR] = ["office", "cellar"].map((name, index) => {
  const knocks = [`${7_100 + index}/tcp`, `${9_100 + index}/udp`];
  return regularPlan(knocks, { name, opens: [{ port: 2_222 + index, protocol: "tcp" }] });
}) as [Plan, Plan];

/** The doors in this order, in the rule set "home". */
function putInHome(...plans: readonly Plan[]): Plan {
  return { ...HOME, doors: plans.flatMap(({ doors }) => doors) };
}

interface Reload {
  /** A source opens the first door of the first plan, and is tried at the first one of the second. */
  before: Plan;
  after: Plan;
  /** Between the two, in milliseconds. */
  waitMs?: number;
  /** The firewalls where the source stays open. */
  staysIn: readonly string[];
  /** What loads the second plan; the same firewall where undefined. */
  loadsIn?: Readonly<Record<string, string>>;
}

const RELOADS: Readonly<Record<string, Reload>> = {
  "the same file": { before: HOME, after: HOME, staysIn: [NFT, IPSET, RECENT] },
  "a longer open time": {
    before: HOME,
    after: change(HOME, { openForMs: 600_000 }),
    staysIn: [NFT, IPSET],
  },
  "a longer open time opens for no source whose time is over": {
    before: change(HOME, { openForMs: 2_000 }),
    after: HOME,
    waitMs: 2_500,
    staysIn: [],
  },
  "another prefix": {
    before: HOME,
    after: { ...HOME, prefixes: { ipv4: 24, ipv6: 64 } },
    staysIn: [],
  },
  "one door more": { before: HOME, after: putInHome(HOME, OFFICE), staysIn: [NFT, IPSET, RECENT] },
  "one door less, in another order": {
    before: putInHome(OFFICE, HOME, CELLAR),
    after: putInHome(OFFICE, CELLAR),
    staysIn: [NFT, IPSET, RECENT],
  },
  "a door stays with its own open sources": {
    before: putInHome(HOME, OFFICE),
    after: putInHome(OFFICE, HOME),
    staysIn: [],
  },
  "another variant": {
    before: HOME,
    after: HOME,
    staysIn: [],
    loadsIn: { [IPSET]: RECENT, [RECENT]: IPSET },
  },
};

await kernelTest(
  "loading a changed file: which sources stay open",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      await using lab = await createLab();
      const range = await createRange(lab);
      const rows = Object.entries(RELOADS).filter(([, { loadsIn }]) =>
        loadsIn === undefined || firewall.name in loadsIn
      );
      for (const [index, [name, row]] of rows.entries()) {
        const sources = [`198.18.2.${index + 1}`, `2001:db8:2::${index + 1}`];
        await checkReload(firewall, range, { name, row, sources });
      }
    }, FIREWALLS.filter(({ forgets }) => !forgets)),
  { tools: TOOLS },
);

async function checkReload(
  firewall: Firewall,
  range: Range,
  { name, row, sources }: { name: string; row: Reload; sources: readonly string[] },
): Promise<void> {
  const { server } = range.lab;
  const { before, after, waitMs = 0, staysIn, loadsIn } = row;
  const next = FIREWALLS.find((each) => each.name === loadsIn?.[firewall.name]) ?? firewall;
  await range.forget();
  const clean = await firewall.list(server);
  const shootFrom = async (plan: Plan, packets: typeof createKnocks) => {
    const traces = sources.map((source) => ({
      name: source,
      packets: paced([...packets(plan, source), probe(plan, source)]),
    }));
    return (await shoot(range, plan, traces)).map(({ lastSeen }) => lastSeen);
  };
  await firewall.load(server, before);
  assertEquals(await shootFrom(before, createKnocks), [true, true], `${firewall.name}: ${name}`);
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  await next.load(server, after);
  const stays = staysIn.includes(firewall.name);
  assertEquals(await shootFrom(after, () => []), [stays, stays], `${firewall.name}: ${name}`);
  await next.undo(server, after);
  await range.forget();
  assertEquals(await firewall.list(server), clean, `${firewall.name}: ${name} left something`);
}
