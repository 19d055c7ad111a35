/**
 * A script for any POSIX shell: it knocks by bash where there is one, which it starts for each knock, else by
 * nc. The parts that only some doors need are left out of the others.
 */
import { isAddress } from "../../core/address/syntax.ts";
import { renderKnocks } from "../../core/knock.ts";
import type { Target } from "../../core/target.ts";
import { quoteShell } from "../../core/text.ts";
import type { Exporter } from "../form.ts";
import {
  canCheck,
  findCheckedPort,
  listLosses,
  type LoadedKnock,
  type PlainDoor,
  requirePayloads,
  requirePlainDoor,
} from "../plain_door.ts";
import { listScriptSecrets, type ScriptSecret } from "../prompts.ts";
import { listFamilyFlags, renderPing, renderPrintf, renderSeconds } from "../shell/line.ts";
import {
  ASK,
  DIGEST,
  FAIL,
  HASH,
  PAUSE,
  PUT,
  REAP,
  renderCheck,
  renderKnockTcp,
  renderKnockUdp,
  renderWay,
  type ScriptWay,
} from "../shell/script_parts.ts";

/** Writes the script. */
export const exporter: Exporter = {
  render(doors) {
    const door = requirePlainDoor(doors, "bash");
    requirePayloads(door, "bash");
    const secrets = listScriptSecrets(door);
    const way = findWay(door.target);
    const port = findCheckedPort(door.target);
    const text = [
      ...renderHead(door, secrets),
      ...renderFunctions(way, door),
      ...(port === undefined ? [] : [renderCheck(way)]),
      ...renderSecrets(secrets),
      "",
      ...renderKnockLines(door, secrets),
      ...(port === undefined ? [] : [`check ${port}`]),
    ].join("\n");
    return {
      text: `${text}\n`,
      lost: listLosses(door, [
        "source",
        "handshake",
        ...(canCheck(door.target) ? ["probes"] : []),
      ]),
      holdsSecret: door.holdsSecret,
    };
  },
};

function renderHead({ target }: PlainDoor, secrets: readonly ScriptSecret[]): string[] {
  const asked = secrets.filter(({ hash }) => hash === undefined);
  return [
    "#!/bin/sh",
    `# Knocks on ${target.name}: ${renderKnocks(target)}. Made by spknock.`,
    `# Run it with any shell: sh FILE. It needs bash or nc${
      asked.some(({ isHash }) => !isHash) ? ", and sha256sum, shasum or openssl" : ""
    }.`,
    ...(asked.length > 0 ? ["# Without a terminal it reads one line a secret."] : []),
    "set -u",
    `host=${quoteShell(target.host)}`,
    "",
    FAIL,
  ];
}

/** All secrets are there before the first packet leaves. */
function renderSecrets(secrets: readonly ScriptSecret[]): string[] {
  const asked = secrets.filter(({ hash }) => hash === undefined);
  return [
    ...(secrets.length > 0 ? [PUT] : []),
    ...(asked.length > 0 ? [ASK] : []),
    ...(asked.some(({ isHash }) => !isHash) ? [DIGEST] : []),
    ...(asked.some(({ isHash }) => isHash) ? [HASH] : []),
    ...secrets.flatMap(({ number, hash, question, isHash }) =>
      hash !== undefined ? [`payload_${number}=${hash}`] : [
        "",
        `ask ${quoteShell(question)}`,
        `${isHash ? "take_hash" : "take_passphrase"}`,
        `payload_${number}=$payload`,
      ]
    ),
  ];
}

function findWay({ host, source, family }: Target): ScriptWay {
  const flags = listFamilyFlags({ host, family });
  const [flag] = flags;
  const named = flag === "-4" ? "ahostsv4" : flag === "-6" ? "ahostsv6" : "ahosts";
  return {
    canUseBash: source === undefined,
    lookUp: isAddress(host) ? undefined : named,
    flags: source === undefined ? flags : [...flags, "-s", quoteShell(source)],
  };
}

/** Only what the knocks of this door need. */
function renderFunctions(way: ScriptWay, { knocks }: PlainDoor): string[] {
  const has = (protocol: string) => knocks.some(({ knock }) => knock.protocol === protocol);
  return [
    ...renderWay(way, { hasUdp: has("udp") }),
    REAP,
    ...(knocks.some(({ pauseMs }) => pauseMs) ? [PAUSE] : []),
    ...(has("tcp") ? [renderKnockTcp(way)] : []),
    ...(has("udp") ? [renderKnockUdp(way)] : []),
  ];
}

function renderKnockLines(
  { target, knocks }: PlainDoor,
  secrets: readonly ScriptSecret[],
): string[] {
  return knocks.flatMap((loaded) => {
    const secret = secrets.find((secret) => secret.knocks.includes(loaded));
    const line = renderKnockLine(target, loaded, secret?.number);
    return loaded.pauseMs ? [line, `pause ${renderSeconds(loaded.pauseMs)}`] : [line];
  });
}

function renderKnockLine(target: Target, { knock, cargo }: LoadedKnock, secret?: number): string {
  // Whether anything answers does not matter.
  if (knock.protocol === "icmp") return `${renderPing(target, knock)} >/dev/null 2>&1`;
  if (knock.protocol === "tcp") return `knock_tcp ${knock.port}`;
  const printed = secret !== undefined
    ? `put "$payload_${secret}"`
    : `printf ${renderPrintf(cargo.kind === "fixed" && cargo.bytes || new Uint8Array(1))}`;
  return `${printed} | knock_udp ${knock.port} || exit 3`;
}
