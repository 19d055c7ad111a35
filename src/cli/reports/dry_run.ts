/** `--dry-run`: what would be sent, without asking, resolving or sending anything. */
import { renderDuration } from "../../core/duration.ts";
import { type Knock, type KnockProtocol, renderPortSpec } from "../../core/knock.ts";
import { buildSequence, findFirstPace, findHandshake } from "../../core/sequence.ts";
import type { Target } from "../../core/target.ts";
import { plural } from "../../core/text.ts";
import { sanitize } from "../../output/sanitize.ts";
import { describeProbe } from "../../probe/mod.ts";
import { describeKey, describeSecret } from "../../secret/kinds.ts";
import { checkSecretsFrom } from "../../use_cases/collect_secrets.ts";
import { toSecretRequest } from "../../use_cases/rolling/rolling_codes.ts";
import type { Context } from "../command.ts";
import { readSecretChoice } from "../context.ts";
import { EXIT } from "../exit_codes.ts";
import { describeRequest, listFwknopRows } from "./fwknop/packet_report.ts";
import { listOneTimeRows } from "./one_time/left.ts";
import { lookAtSequences } from "../../use_cases/one_time/take_sequence.ts";
import { listRollingRows, toRollingValue } from "./rolling_report.ts";

const WITHOUT_PAYLOAD: Readonly<Record<KnockProtocol, string>> = {
  tcp: "SYN",
  udp: "empty",
  icmp: "echo request",
};

/** What the description of a knock depends on besides the knock. */
type KnockSetting = Pick<Target, "handshakeMs" | "rolling" | "opens" | "openForMs" | "fwknop">;

/** Describes what a knock carries; never the content. */
export function describePayload(
  { protocol, payload }: Knock,
  target: Omit<KnockSetting, "handshakeMs">,
): string {
  const request = describeRequest(target);
  if (request !== undefined) return request;
  const { rolling } = target;
  if (payload.kind === "bytes") return `${payload.bytes.length} fixed bytes`;
  if (payload.kind === "none") return WITHOUT_PAYLOAD[protocol];
  if (rolling === undefined) return describeSecret(payload.source);
  const { formerKey } = rolling;
  const former = formerKey === undefined ? "" : `, and one of the former key in ${formerKey}`;
  return `one-time code, ${describeKey(payload.source)}${former}`;
}

/** Describes a knock in full: `7000/tcp`, what it carries and how long its handshake may take. */
export function describeKnock(
  knock: Knock,
  target: KnockSetting,
): { spec: string; content: string } {
  const handshakeMs = findHandshake(knock, target);
  const content = describePayload(knock, target);
  return {
    spec: renderPortSpec(knock),
    content: handshakeMs === undefined
      ? content
      : `${content}, handshake up to ${renderDuration(handshakeMs)}`,
  };
}

/** Returns what JSON has of a knock besides its port, its protocol and its payload. */
export function listKnockExtras(
  knock: Knock,
  target: Pick<Target, "handshakeMs">,
): Record<string, number> {
  const handshakeMs = findHandshake(knock, target);
  return {
    ...(knock.size === undefined ? {} : { size: knock.size }),
    ...(handshakeMs === undefined ? {} : { handshake_ms: handshakeMs }),
  };
}

/**
 * Prints what would be sent to each target.
 *
 * @throws {SecretError} if the file of `--secrets-from` cannot be used.
 */
export async function showDryRun(
  targets: readonly Target[],
  { out, args, ports }: Context<"secrets-from" | "allow-empty">,
): Promise<number> {
  await checkSecretsFrom(
    targets.map((target) => toSecretRequest(target)),
    ports,
    readSecretChoice(args),
  );
  const values = [];
  for (const target of targets) {
    const nothing = target.knocks.map(() => new Uint8Array());
    const packets = buildSequence(target, nothing, { pace: findFirstPace(target) });
    const probes = target.probes.map(describeProbe);
    const oneTime = await lookAtSequences(target, ports);
    values.push({
      target: target.name,
      host: target.host,
      packets: packets.map(({ port, protocol, at, knock }) => ({
        port,
        protocol,
        at_ms: at,
        payload: describePayload(target.knocks[knock] as Knock, target),
        ...listKnockExtras(target.knocks[knock] as Knock, target),
      })),
      probes,
      ...(target.rolling === undefined ? {} : { rolling: toRollingValue(target) }),
      ...(oneTime === undefined ? {} : { one_time: oneTime }),
    });
    const host = target.host === target.name ? "" : ` (${sanitize(target.host)})`;
    out.print(`${target.name}${host}, nothing is sent\n`);
    const rows = [
      ...listRollingRows(target),
      ...listFwknopRows(target),
      ...listOneTimeRows(oneTime),
    ];
    for (const [what, text] of rows) out.print(`  ${what}: ${sanitize(text)}\n`);
    for (const { knock, at } of packets) {
      const { spec, content } = describeKnock(target.knocks[knock] as Knock, target);
      out.print(`  after ${renderDuration(at)}  ${spec}  ${sanitize(content)}\n`);
    }
    if (probes.length > 0) {
      const most = `at most ${plural(target.tries, "try", "tries")}`;
      out.print(
        `${out.wrap(`  then probe: ${sanitize(probes.join(", "))}, ${most}`, { indent: 4 })}\n`,
      );
    }
  }
  out.value({ dry_run: true, targets: values });
  return EXIT.done;
}
