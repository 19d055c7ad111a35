/** A command line of a tool that sends one knock a call: the calls in one line, with pauses between them. */
import { HASH_PLACEHOLDER, PAYLOAD_PLACEHOLDER } from "../../core/placeholder.ts";
import { isEcho, type Knock } from "../../core/knock.ts";
import { quoteShell } from "../../core/text.ts";
import { isAddress } from "../../core/address/syntax.ts";
import type { Target } from "../../core/target.ts";
import type { Exported } from "../form.ts";
import { type LoadedKnock, type PlainDoor } from "../plain_door.ts";

/** Returns the calls of all knocks as one line; echo requests are sent by ping. */
export function renderLine(
  door: PlainDoor,
  { tool, renderCall, lost }: {
    tool: string;
    renderCall: (knock: LoadedKnock) => string;
    lost: readonly string[];
  },
): Exported {
  const { target, knocks, holdsSecret } = door;
  const calls = knocks.flatMap((loaded) => {
    const call = isEcho(loaded.knock) ? renderPing(target, loaded.knock) : renderCall(loaded);
    return loaded.pauseMs ? [call, `sleep ${renderSeconds(loaded.pauseMs)}`] : [call];
  });
  const needsPayload = knocks.some(({ cargo }) =>
    cargo.kind === "fixed" && cargo.bytes === undefined
  );
  const needsHash = knocks.some(({ cargo }) => cargo.kind === "secret" && cargo.hash === undefined);
  const lines = [
    `# ${target.name}: a knock by ${tool}, made by spknock`,
    ...(needsHash
      ? [`# ${HASH_PLACEHOLDER}: write the hex digits that "spknock hash" prints, or sha256sum`]
      : []),
    ...(needsPayload
      ? [`# ${PAYLOAD_PLACEHOLDER}: write the payload that the owner of the door has told you`]
      : []),
    calls.join("; "),
  ];
  return { text: `${lines.join("\n")}\n`, lost, holdsSecret };
}

/** Returns milliseconds as seconds for `sleep`. */
export function renderSeconds(ms: number): string {
  return String(ms / 1_000);
}

/** Returns `-4` or `-6` where the host alone does not say it. */
export function listFamilyFlags({ host, family }: Pick<Target, "host" | "family">): string[] {
  if (isAddress(host)) return [];
  if (family === "ipv4" || family === "both") return ["-4"];
  return family === "ipv6" ? ["-6"] : [];
}

/** Returns an echo request of a size. */
export function renderPing(target: Target, { size = 0 }: Knock): string {
  const { host, source } = target;
  const flags = listFamilyFlags(target);
  const from = source === undefined ? [] : ["-I", quoteShell(source)];
  return ["ping", "-c", "1", "-W", "1", "-s", `${size}`, ...flags, ...from, quoteShell(host)].join(
    " ",
  );
}

/** Returns the arguments of printf that print some bytes, without a line end. */
export function renderPrintf(bytes: Uint8Array): string {
  const plain = [...bytes].map((byte) => String.fromCharCode(byte)).join("");
  if (/^[A-Za-z0-9_./:=@+,-]+$/.test(plain)) return `%s ${plain}`;
  const escaped = plain.replace(
    /[^A-Za-z0-9_./:=@+,-]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  // A word that begins with a dash would be an option of printf.
  return `'${escaped.replace(/^-/, "\\055")}'`;
}
