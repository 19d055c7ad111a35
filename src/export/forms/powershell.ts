/** A script for PowerShell 5.1 and newer, with nothing but .NET. */
import { isAddress } from "../../core/address/syntax.ts";
import { renderKnocks } from "../../core/knock.ts";
import { quotePowershell } from "../../core/system/commands.ts";
import type { Target } from "../../core/target.ts";
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
import {
  ADDRESS,
  CHECK,
  READ_HASH,
  READ_PASSPHRASE,
  SEND_ECHO,
  SEND_TCP,
  SEND_UDP,
} from "../powershell/script_parts.ts";

/** Writes the script. */
export const exporter: Exporter = {
  render(doors) {
    const door = requirePlainDoor(doors, "powershell");
    requirePayloads(door, "powershell");
    const { target } = door;
    const secrets = listScriptSecrets(door);
    const port = findCheckedPort(target);
    const text = [
      `# Knocks on ${target.name}: ${renderKnocks(target)}. Made by spknock.`,
      "# Run it: powershell -ExecutionPolicy Bypass -File FILE",
      "$ErrorActionPreference = 'Stop'",
      ...renderAddress(target),
      ...renderFunctions(door, secrets),
      ...(port === undefined ? [] : [CHECK]),
      "",
      ...secrets.map(renderSecret),
      "",
      ...door.knocks.flatMap((loaded) => renderKnock(loaded, secrets)),
      ...(port === undefined ? [] : [`Test-Door ${port}`]),
    ].join("\n");
    return {
      text: `${text}\n`,
      lost: listLosses(door, [
        ...(isAddress(target.source ?? "") ? ["source"] : []),
        ...(canCheck(target) ? ["probes"] : []),
      ]),
      holdsSecret: door.holdsSecret,
    };
  },
};

/** One look-up for all knocks, and the source where it is an address. */
function renderAddress({ host, family, source }: Target): string[] {
  const wanted = family === "ipv6"
    ? "'InterNetworkV6'"
    : family === "any"
    ? "'InterNetwork', 'InterNetworkV6'"
    : "'InterNetwork'";
  const from = source !== undefined && isAddress(source)
    ? `[Net.IPAddress]::Parse(${quotePowershell(source)})`
    : "$null";
  return [
    `$Target = ${quotePowershell(host)}`,
    `$Families = @(${isAddress(host) ? "'InterNetwork', 'InterNetworkV6'" : wanted})`,
    `$Source = ${from}`,
    ADDRESS,
  ];
}

/** Only what the knocks of this door need. */
function renderFunctions({ knocks }: PlainDoor, secrets: readonly ScriptSecret[]): string[] {
  const has = (protocol: string) => knocks.some(({ knock }) => knock.protocol === protocol);
  const asked = secrets.filter(({ hash }) => hash === undefined);
  return [
    ...(asked.length > 0 ? [READ_HASH] : []),
    ...(asked.some(({ isHash }) => !isHash) ? [READ_PASSPHRASE] : []),
    ...(has("udp") ? [SEND_UDP] : []),
    ...(has("tcp") ? [SEND_TCP] : []),
    ...(has("icmp") ? [SEND_ECHO] : []),
  ];
}

function renderSecret({ number, hash, question, isHash }: ScriptSecret): string {
  if (hash !== undefined) return `$Payload${number} = ${quotePowershell(hash)}`;
  return `$Payload${number} = ${isHash ? "Read-Hash" : "Read-Passphrase"} ${
    quotePowershell(question)
  }`;
}

function renderKnock(loaded: LoadedKnock, secrets: readonly ScriptSecret[]): string[] {
  const { knock, cargo, pauseMs } = loaded;
  const secret = secrets.find((secret) => secret.knocks.includes(loaded));
  const bytes = cargo.kind === "fixed" ? [...cargo.bytes ?? []] : [];
  const payload = secret !== undefined
    ? `([Text.Encoding]::ASCII.GetBytes($Payload${secret.number}))`
    : `([byte[]]@(${bytes.join(", ")}))`;
  const line = knock.protocol === "icmp"
    ? `Send-Echo ${knock.size ?? 0}`
    : knock.protocol === "tcp"
    ? `Send-Tcp ${knock.port}`
    : `Send-Udp ${knock.port} ${payload}`;
  return pauseMs ? [line, `Start-Sleep -Milliseconds ${Math.ceil(pauseMs)}`] : [line];
}
