/** What the header of the RouterOS rules says: what is different there, and how to apply, undo and keep them. */
import { renderDuration } from "../../../core/duration.ts";
import {
  type Door,
  listCodedDoors,
  listSecretPorts,
  listTranslated,
  type Plan,
} from "../../../plan/plan.ts";
import { takeFileName } from "../../backend.ts";
import { findClosedMs, PATHS } from "./syntax.ts";
import { renderCodeCautions, renderCodeSteps, renderCodeUndo } from "./codes_header.ts";
import { renderTrialRun, renderVersions } from "./versions.ts";
import { quoteRouterOs } from "../quote/routeros.ts";

/** Returns the header's lines. */
export function renderHeader(plan: Plan, file: string): string[] {
  return [
    ...renderVersions(plan.families.includes("ipv6"), {
      hasCodes: listCodedDoors(plan).length > 0,
    }),
    ...renderCautions(plan),
    ...renderCodeCautions(plan),
    "",
    ...renderCodeSteps(plan),
    ...renderSteps(plan, takeFileName(file)),
  ];
}

function renderCautions(plan: Plan): string[] {
  const isIpv6 = plan.families.includes("ipv6");
  return [
    ...(isIpv6 && listSecretPorts(plan).length > 0
      ? [
        "It is not verified that packet-size counts the whole packet for IPv6: test a knock over IPv6.",
      ]
      : []),
    ...(plan.doors.some(({ guard }) => guard)
      ? [
        "RouterOS cannot remove a source from a list. Instead, after a packet to any other port the knocks",
        `of its source do not count for ${
          renderTimes(plan, "guard")
        }, and its sequence has expired by then. A stray packet makes`,
        "a legitimate user wait for this time.",
      ]
      : []),
    ...(plan.doors.some(({ closing }) => closing.length > 0)
      ? [
        "The closing knocks put their source on a list that outranks the open list: it can open the door",
        `again ${renderTimes(plan, "closing")} after it closed it.`,
      ]
      : []),
    ...renderForwardCautions(plan),
  ];
}

/** Returns one time, or that of each door. */
function renderTimes({ doors }: Plan, what: "guard" | "closing"): string {
  const concerned = doors.filter((door) => what === "guard" ? door.guard : door.closing.length > 0);
  const find = (door: Door) =>
    renderDuration(what === "guard" ? door.stageTimeoutMs : findClosedMs(door));
  const times = concerned.map(find);
  const [first = ""] = times;
  if (times.every((time) => time === first)) return first;
  return concerned.map((door) => `${find(door)} (${door.name})`).join(", ");
}

function renderForwardCautions({ doors, families }: Plan): string[] {
  const translated = doors.flatMap(listTranslated);
  const routed = doors.flatMap(({ forwards }) => forwards).filter(({ host }) => host !== undefined);
  return [
    ...(translated.length > 0
      ? [
        "A stranger's packet to a forwarded port is not translated: it comes to the router itself, and is",
        "dropped there. Dynamic rules above the jump in the dstnat chain, such as those of a hotspot or of",
        "UPnP, come before it: if one forwards the same port, the port is open. For open sources your own",
        "rules decide, as they did before.",
        ...(families.includes("ipv6")
          ? ["RouterOS 6 has no NAT for IPv6: write rules for IPv4 only there (spknock rules -4)."]
          : []),
      ]
      : []),
    ...(routed.length > 0
      ? [
        "The jump in the forward chain is before your own rules: what is open to a source passes them by.",
      ]
      : []),
  ];
}

function renderSteps(plan: Plan, file: string): string[] {
  const [door] = plan.doors;
  const lists = plan.doors.length === 1 && door !== undefined
    ? `list=${quoteRouterOs(`spknock:${plan.name}:${door.name}:open`)}`
    : `list~${quoteRouterOs(`^spknock:${plan.name}:[^:]*:open`)}`;
  return [
    ...renderTrialRun(file),
    "  press Ctrl+X for Safe Mode: all changes are undone if the session ends",
    `  /import ${file}`,
    "  press Ctrl+X again when a new connection of yours works",
    "Import it again after a change: open sources stay. During the import, only your own drop rule",
    `protects the ports${
      plan.doors.some(({ forwards }) => forwards.length > 0) ? ", and forwarded ones are open" : ""
    }.`,
    "The jump is put before the first drop rule of the input chain, or at its end: a rule above it that",
    "accepts packets (of a LAN, of ICMP, of a port that should be closed) still does, without a knock.",
    ...(plan.interfaces.length > 0
      ? [
        "An interface list is written list:NAME (--interface list:WAN); for the ports of a bridge, name the",
        "bridge. The import stops before its first change if there is none of that name.",
      ]
      : []),
    "Undo (and before a family, the last forwarded port or the last one-time code is left out):",
    ...renderCodeUndo(plan),
    ...renderUndo(plan),
    "Persist:  RouterOS keeps the rules after a reboot; the open sources are lost.",
    ...plan.families.slice(0, 1).map((family) =>
      `Show the open sources: ${PATHS[family]} address-list print where ${lists}`
    ),
  ];
}

function renderUndo({ name, doors, families }: Plan): string[] {
  const own = quoteRouterOs(`^spknock:${name}:`);
  const isTranslated = doors.flatMap(listTranslated).length > 0;
  return families.flatMap((family) =>
    [
      "filter remove [find comment",
      ...(isTranslated ? ["nat remove [find comment"] : []),
      "address-list remove [find list",
    ].map((what) => `  ${PATHS[family]} ${what}~${own}]`)
  );
}
