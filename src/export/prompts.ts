/** What a script asks for: one question a secret, as the target's own sources say. */
import { renderPortSpec } from "../core/knock.ts";
import type { LoadedKnock, PlainDoor } from "./plain_door.ts";

/** A value that a script needs before its first packet. */
export interface ScriptSecret {
  /** 1-based. */
  number: number;
  /** The hash itself, with `--with-secrets`; undefined where the script asks. */
  hash: string | undefined;
  question: string;
  /** Whether the answer is the hash, and not a passphrase. */
  isHash: boolean;
  knocks: readonly LoadedKnock[];
}

/** Returns the secrets of a door in the order of its knocks; knocks with the same source share one. */
export function listScriptSecrets({ target, knocks }: PlainDoor): ScriptSecret[] {
  const groups = new Map<string, LoadedKnock[]>();
  for (const [index, loaded] of knocks.entries()) {
    const { payload } = loaded.knock;
    if (payload.kind !== "secret") continue;
    const { source } = payload;
    // Each of these is typed for itself, also where it is the same for several knocks.
    const isOwn = source.kind === "prompt" && source.mode !== "once";
    const key = isOwn ? `${index}` : JSON.stringify(source);
    groups.set(key, [...groups.get(key) ?? [], loaded]);
  }
  return [...groups.values()].map((group, index) => {
    const [first] = group;
    const { payload } = first?.knock ?? { payload: { kind: "none" as const } };
    const isHash = payload.kind === "secret" && payload.source.kind === "hash";
    const ports = group.map(({ knock }) => renderPortSpec(knock)).join(", ");
    return {
      number: index + 1,
      hash: first?.cargo.kind === "secret" ? first.cargo.hash : undefined,
      question: `${isHash ? "Hash" : "Passphrase"} for ${target.name} (${ports})`,
      isHash,
      knocks: group,
    };
  });
}
