/** What a plan does, as text for people: what is closed to whom, what opens it, and what closes it again. */
import { ADDRESS_BITS, renderFamily } from "../../../core/address/syntax.ts";
import { renderDuration } from "../../../core/duration.ts";
import { renderPortSpec } from "../../../core/knock.ts";
import { BAN_RULE, type Door, isSecret, type Plan, type Stage } from "../../../plan/plan.ts";
import {
  type Forward,
  mergePorts,
  renderForward,
  renderService,
  renderServices,
  type Service,
} from "../../../core/service.ts";
import { wrapWords } from "../../../output/wrap.ts";

const WIDTH = 80;
const INDENT = 4;
const LABEL = 11;

/** A heading, and its rows of a label and a text. */
interface Section {
  title: string;
  rows: readonly (readonly [label: string, text: string])[];
}

/** Returns lines of at most 80 columns, each with its line end. */
export function drawPlan(plan: Plan): string {
  const sections = [listClosed(plan), ...plan.doors.map((door) => describeDoor(door, plan)), {
    title: "Stays open",
    rows: listOpen(plan),
  }];
  return sections.map(renderSection).join("\n");
}

function renderSection({ title, rows }: Section): string {
  const lines = rows.flatMap(([label, text]) => {
    const width = WIDTH - INDENT - LABEL;
    return wrapWords(text, { width }).map((line, index) =>
      " ".repeat(INDENT) + (index === 0 ? label : "").padEnd(LABEL) + line
    );
  });
  return [`  ${title}`, ...lines, ""].join("\n");
}

function listClosed({ doors, ban, banPrefix6, families }: Plan): Section {
  const network = families.includes("ipv6") ? ` (over IPv6 its /${banPrefix6})` : "";
  const { mistakes, banMs } = BAN_RULE;
  const opens = doors.flatMap((door) => door.opens);
  const forwards = doors.flatMap((door) => door.forwards);
  const translated = forwards.filter(({ host }) => host === undefined);
  const routed = forwards.filter(({ host }) => host !== undefined);
  const rows = [
    ["here", listServices(opens)],
    ["forwarded", translated.map(renderForward).join(", ")],
    ["behind", routed.map(renderForward).join(", ")],
    [
      "banned",
      ban
        ? `a source${network} for ${
          renderDuration(banMs)
        } after more than ${mistakes} wrong packets a minute`
        : "",
    ],
  ] as const;
  return {
    title: "Closed to everyone who did not knock",
    rows: rows.filter(([, text]) => text !== ""),
  };
}

function listServices(services: readonly Service[]): string {
  if (services.some(({ protocol }) => protocol === "all")) {
    return "everything but what stays open, and what the network itself needs";
  }
  const icmp = services.some(({ protocol }) => protocol === "icmp");
  const ports = [...mergePorts(services, "tcp"), ...mergePorts(services, "udp")];
  return [...ports.map(renderService), ...(icmp ? ["icmp (ping)"] : [])].join(", ");
}

function describeDoor(door: Door, plan: Plan): Section {
  const { name, stages, closing, opens, forwards, openForMs, stageTimeoutMs, guard } = door;
  const pace = stages.length === 1 ? "" : `, each within ${renderDuration(stageTimeoutMs)}`;
  const closes = `${renderDuration(openForMs)} after the last knock`;
  return {
    title: `Door of ${name}`,
    rows: [
      ["knocks", `${renderStages(stages)}${pace}`],
      ["opens", renderOpened(opens, forwards)],
      ["for", describeSource(plan)],
      [
        "closes",
        closing.length === 0 ? closes : `${closes}, or by the knocks ${renderStages(closing)}`,
      ],
      ...(guard ? [["guard", "a packet to any other port resets the knocks"] as const] : []),
    ],
  };
}

function renderStages(stages: readonly Stage[]): string {
  return stages.map((stage) => `${renderPortSpec(stage)}${describePayload(stage)}`).join(", ");
}

function describePayload(stage: Stage): string {
  if (stage.codes === undefined) return isSecret(stage) ? " (secret)" : "";
  const { keys, until } = stage.codes;
  const names = keys.length > 1 ? ` of ${keys.map(({ name }) => name).join(", ")}` : "";
  const end = Number.isFinite(until) ? ` until ${new Date(until).toISOString().slice(0, 10)}` : "";
  return ` (one-time code${names}${end})`;
}

function renderOpened(opens: readonly Service[], forwards: readonly Forward[]): string {
  const parts = [
    ...(opens.length === 0 ? [] : [renderServices(opens)]),
    ...forwards.map((forward) =>
      `${renderForward(forward)} (${forward.host === undefined ? "forwarded" : "behind"})`
    ),
  ];
  return parts.join(", ");
}

function describeSource({ families, prefixes }: Plan): string {
  const wide = families.filter((family) => prefixes[family] < ADDRESS_BITS[family]);
  if (wide.length === 0) return "the address that knocked";
  const networks = wide.map((family) => `${renderFamily(family)} /${prefixes[family]}`);
  return `the whole ${networks.join(" and ")} of the address that knocked`;
}

function listOpen(plan: Plan): Section["rows"] {
  const { publicServices, trusted, interfaces, families, doors } = plan;
  const isAll = doors.some(({ opens }) => opens.some(({ protocol }) => protocol === "all"));
  const missing = (["ipv4", "ipv6"] as const).filter((family) => !families.includes(family));
  const other = isAll ? [] : ["every port that is not named here, as your other rules have it"];
  const toAll = [...(publicServices.length === 0 ? [] : [listServices(publicServices)]), ...other];
  return [
    ["to all", toAll.join("; ") || "nothing"],
    ["trusted", trusted.length === 0 ? "no network" : `${trusted.join(", ")}: everything`],
    ["connected", "connections that are made stay, also when the door closes"],
    ...(interfaces.length === 0
      ? []
      : [["elsewhere", `packets that do not arrive on ${interfaces.join(", ")}`] as const]),
    ...missing.map((family) => ["uncovered", renderFamily(family)] as const),
  ];
}
