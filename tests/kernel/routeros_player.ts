/**
 * The scripts of the `mikrotik` back end, imported on Linux: an in-memory router runs the text, and what it holds then is
 * translated and loaded in a namespace. Entries that rules add to lists live in the kernel; a script
 * finds them there and can remove them.
 */
import type { Plan } from "../../src/plan/plan.ts";
import { mikrotik } from "../../src/rules/backends/mikrotik/mikrotik.ts";
import { renderRules } from "../../src/rules/render.ts";
import { createFirewallModel } from "../../src/model/model.ts";
import { createRouter, type Item, type Router } from "../rules/router.ts";
import type { Namespace } from "./lab.ts";
import {
  FAMILY_MENUS,
  HOOKS,
  nameChain,
  type SetDraft,
  translateRouter,
  type Translation,
} from "./routeros_translator.ts";
import { type Firewall, HOST, listTables, type Trace } from "./rules_lab.ts";

type Family = keyof typeof FAMILY_MENUS;

/** What is in a namespace now. */
interface Device {
  router: Router;
  sets: Map<string, SetDraft>;
  /** The chains of each family and table, as `filter NAME`. */
  chains: Record<Family, Set<string>>;
}

const FAMILIES = ["ipv4", "ipv6"] as const;
/** What tests name; the import of a name that there is not stops. */
const INTERFACES = ["knock0", "knock1", "knock2", "eth0", "eth1", "_@b-0.1"];
/** The interfaces of the interface lists. */
const MEMBERS = { WAN: ["knock0", "knock2"], NONE: [] };
const devices = new WeakMap<Namespace, Device>();

function findDevice(server: Namespace): Device {
  const device = devices.get(server) ?? {
    router: createRouter([], { interfaces: INTERFACES, lists: Object.keys(MEMBERS) }),
    sets: new Map(),
    chains: { ipv4: new Set<string>(), ipv6: new Set<string>() },
  };
  devices.set(server, device);
  return device;
}

/** Runs a script at the router of a namespace, and loads what it holds then. */
export async function importScript(server: Namespace, script: string): Promise<void> {
  const device = findDevice(server);
  const found = await readEntries(server, device);
  for (const { item, family } of found) listEntries(device, family).push(item);
  device.router.run(script);
  const removed = found.filter(({ item, family }) => !listEntries(device, family).includes(item));
  for (const { item, family } of found) forgetItem(listEntries(device, family), item);
  const translation = translateRouter(device.router, MEMBERS);
  // A set is created before the rules name it, and goes after them.
  const kept = keepSets(device, translation, found.filter((entry) => !removed.includes(entry)));
  await server.run(["ipset", "-exist", "restore"], { stdin: renderSets(kept, removed) });
  for (const family of FAMILIES) await loadRules(server, device, { translation, family });
  for (const name of device.sets.keys()) {
    if (!kept.has(name)) await server.run(["ipset", "destroy", name]);
  }
  device.sets = kept;
}

function listEntries({ router }: Device, family: Family): Item[] {
  return router.menu(`${FAMILY_MENUS[family]} firewall address-list`);
}

function forgetItem(items: Item[], item: Item): void {
  const place = items.indexOf(item);
  if (place !== -1) items.splice(place, 1);
}

/** An entry that a rule added. */
interface Found {
  set: string;
  family: Family;
  item: Item;
}

async function readEntries(server: Namespace, { sets }: Device): Promise<Found[]> {
  const saved = await server.run(["ipset", "save"]);
  return [...saved.matchAll(/^add (\S+) (\S+)/gm)].flatMap(([, set = "", address = ""]) => {
    const draft = sets.get(set);
    if (draft?.type !== "hash:ip") return [];
    const item = { list: draft.list, address, dynamic: "yes" };
    return { set, family: draft.family, item };
  });
}

/** The sets that rules name, and those that still hold something. */
function keepSets(device: Device, { sets }: Translation, left: readonly Found[]) {
  const kept = new Map(sets);
  for (const { set } of left) {
    const draft = device.sets.get(set);
    if (draft !== undefined && !kept.has(set)) kept.set(set, draft);
  }
  return kept;
}

function renderSets(sets: ReadonlyMap<string, SetDraft>, removed: readonly Found[]): string {
  const created = [...sets].flatMap(([name, { type, family, networks }]) => {
    const create = `create ${name} ${type} family ${family === "ipv4" ? "inet" : "inet6"}`;
    return type === "hash:ip"
      ? [`${create} timeout 0 maxelem 1000000`]
      : [create, `flush ${name}`, ...networks.map((network) => `add ${name} ${network}`)];
  });
  const deleted = removed.filter(({ set }) => sets.has(set))
    .map(({ set, item }) => `del ${set} ${item["address"]}`);
  return [...created, ...deleted, ""].join("\n");
}

const RESTORE = { ipv4: "iptables-restore", ipv6: "ip6tables-restore" } as const;

/** Replaces the own chains, and hooks them behind the rules that are there; forwarded packets meet them first. */
async function loadRules(
  server: Namespace,
  device: Device,
  { translation, family }: { translation: Translation; family: Family },
): Promise<void> {
  const before = device.chains[family];
  const after = new Set<string>();
  const blocks = translation.rules[family].split("COMMIT\n").filter((block) => block !== "")
    .map((block) => {
      const table = /^\*(\S+)$/m.exec(block)?.[1] ?? "";
      const own = block.includes("\n-A ")
        ? [...block.matchAll(/^:(\S+) /gm)].map(([, name]) => `${table} ${name}`)
        : [];
      for (const name of own) after.add(name);
      return renderTable(table, own.length > 0 ? block : `*${table}\n`, { before, after });
    });
  await server.run([RESTORE[family], "--noflush"], { stdin: blocks.join("") });
  device.chains[family] = after;
}

function renderTable(
  table: string,
  block: string,
  { before, after }: { before: ReadonlySet<string>; after: ReadonlySet<string> },
): string {
  const gone = [...before].filter((name) => name.startsWith(`${table} `) && !after.has(name))
    .map((name) => name.slice(table.length + 1));
  const hooks = HOOKS.filter((hook) => hook.table === table).flatMap(({ chain, from }) => {
    const name = nameChain(chain);
    const [was, is] = [before.has(`${table} ${name}`), after.has(`${table} ${name}`)];
    if (was === is) return [];
    // Where the script puts its jump: RouterOS' own rules are not in the in-memory router.
    const add = chain === "input" ? "-A" : "-I";
    return `${is ? add : "-D"} ${from} -j ${name}`;
  });
  const heads = gone.map((name) => `:${name} - [0:0]`);
  const [first = "", ...rules] = block.trimEnd().split("\n");
  return [
    ...[first, ...heads, ...rules, ...hooks],
    ...gone.map((name) => `-X ${name}`),
    ...["COMMIT", ""],
  ].join("\n");
}

/**
 * RouterOS' rules as a row beside the firewalls of Linux.
 *
 * @param edit changes the script first, for tests of the tests.
 */
export function createPlayedMikrotik(edit = (script: string) => script): Firewall {
  return {
    name: "MikroTik, played on netfilter",
    backend: mikrotik,
    capacity: 10_000,
    isExact: isSameAsModel,
    strict: { "ban-few": "a mistake is a penalty", "closing-reopened": "a closed list outranks" },
    load: (server, plan) => importScript(server, edit(renderRules(mikrotik, plan, HOST))),
    list: listTables,
    async undo(server, plan) {
      const lines = renderRules(mikrotik, plan, HOST).split("\n")
        .filter((line) => /^# {3}\/(ip|system).* remove /.test(line)).map((line) => line.slice(4));
      await importScript(server, lines.join("\n"));
    },
  };
}

/** The row of {@linkcode createPlayedMikrotik} with the rules as they are. */
export const PLAYED_MIKROTIK = createPlayedMikrotik();

/**
 * Whether the rules do with each packet what the model does. With a guard a mistake is a penalty, which the
 * model does not know; and the source of a closing sequence stays on the closed list for the open time.
 */
function isSameAsModel(plan: Plan, { packets }: Trace): boolean {
  if (plan.doors.some(({ guard }) => guard)) return false;
  const model = createFirewallModel(plan);
  let isClosed = false;
  return packets.every(({ packet, at }) => {
    const { knocks } = model.receive(packet, at);
    if (isClosed && knocks.some(({ kind }) => kind === "open")) return false;
    isClosed ||= knocks.some((knock) => knock.kind === "closing" && knock.isLast);
    return true;
  });
}
