/** From a target to the plan of its firewall rules, with warnings about what is weak. */
import type { Plan } from "../plan/plan.ts";
import type { Target } from "../core/target.ts";
import {
  checkPlan,
  type DoorDraft,
  findWeaknesses,
  makePlan,
  type PlanOptions,
  type PlanPayloads,
  type Weakness,
} from "../rules/mod.ts";
import { hashPassphrase } from "../secret/payload.ts";
import type { CodeKey } from "../plan/codes.ts";
import type { SecretRequest } from "../secret/collect.ts";
import { refuseFwknop } from "./fwknop/refuse.ts";
import {
  collectAllSequences,
  collectSecrets,
  type CollectSecretsOptions,
} from "./collect_secrets.ts";
import { collectKeys, type KeyFile } from "./rolling/read_keys.ts";
import type { Ports } from "./ports.ts";

/** A plan, what is weak about it, and what was collected for it. */
interface CheckedPlan {
  plan: Plan;
  weak: Weakness[];
  /** Of each door; the last one of a door with one-time codes is its key, or a placeholder where others have keys. */
  payloads: PlanPayloads[];
}

/** A target, and what its knocks open. */
export interface DoorRequest extends Omit<DoorDraft, "target" | "payloads"> {
  target: Target;
  /** The files of `keys`; the target's own key where both are undefined. */
  keyFiles?: readonly KeyFile[] | undefined;
}

/** How the secrets of a plan are collected, and who else checks the plan. */
interface BuildPlanOptions
  extends Pick<CollectSecretsOptions, "ask" | "secretsFrom" | "allowEmpty"> {
  /** Throws if the plan cannot be used; called with placeholder payloads before a secret is typed. */
  check?: (plan: Plan) => void;
}

/**
 * Returns the plan with placeholder payloads, before a secret is typed.
 *
 * @throws {UsageError} if the plan is refused.
 */
export function draftPlan(doors: readonly DoorRequest[], planOptions: PlanOptions): Plan {
  const plan = makePlan(doors.map(draftDoor), planOptions);
  checkPlan(plan);
  return plan;
}

function draftDoor(door: DoorRequest, index: number): DoorDraft {
  refuseFwknop([door.target]);
  const files = door.keyFiles?.map(({ name }, place) => ({ name, key: `${index}k${place}` }));
  const keys = door.keys ?? files;
  return { ...door, payloads: makePlaceholders(door.target, index), keys };
}

/**
 * Collects the secrets and makes the plan, with its weaknesses.
 *
 * @throws {UsageError} if the plan is refused, before any secret is collected; {SecretError}.
 */
export async function buildPlan(
  doors: readonly DoorRequest[],
  planOptions: PlanOptions,
  { ports, check = () => {}, ...options }: BuildPlanOptions & { ports: Ports },
): Promise<CheckedPlan> {
  check(draftPlan(doors, planOptions));
  const typed = new Map<string, string>();
  const hash = async (passphrase: string | Uint8Array) => {
    const payload = await hashPassphrase(passphrase);
    const isText = typeof passphrase === "string";
    typed.set(payload.toHex(), isText ? passphrase : new TextDecoder().decode(passphrase));
    return payload;
  };
  // Files first: nothing that is typed is lost then.
  const keys = await collectOthersKeys(doors, ports, options);
  const payloads = await collectAllSequences(doors.map(toSequences), ports, { ...options, hash });
  const filled = doors.map((door, index) => fillPayloads(door, payloads[index]));
  const drafts = doors.map((door, index): DoorDraft => ({
    ...door,
    keys: keys[index],
    payloads: filled[index] ?? { opening: [] },
  }));
  const plan = makePlan(drafts, planOptions);
  checkPlan(plan);
  const facts = Object.fromEntries(doors.map(({ target }, index) => {
    const { opening = [] } = payloads[index] ?? {};
    const passphrases = opening.map((payload) => typed.get(payload.toHex()));
    // A key is random: its strength is not in question.
    const isTyped = target.rolling === undefined;
    return [target.name, { passphrases: isTyped ? passphrases : [], pace: target }];
  }));
  return { plan, weak: findWeaknesses(plan, facts), payloads: filled };
}

/**
 * Returns the plan of which only the one-time codes are used: no other secret is collected.
 *
 * @throws {UsageError} if the plan is refused, before a key is collected; {SecretError}.
 */
export async function buildCodesPlan(
  doors: readonly DoorRequest[],
  planOptions: PlanOptions,
  { ports, check = () => {}, ...options }: BuildPlanOptions & { ports: Ports },
): Promise<Plan> {
  check(makePlan(doors.map(draftDoor), planOptions));
  const files = await collectOthersKeys(doors, ports, options);
  const own = await collectSecrets(doors.map(toKeyRequest), ports, options);
  const drafts = doors.map((door, index): DoorDraft => {
    const { target: { name, rolling } } = door;
    const [key] = own[index] ?? [];
    const keys = key === undefined
      ? files[index]
      : [{ name: rolling?.name ?? name, key: new TextDecoder().decode(key) }];
    return { ...draftDoor(door, index), keys };
  });
  return makePlan(drafts, planOptions);
}

/** The key of a target with one-time codes, unless others have the keys. */
function toKeyRequest(door: DoorRequest): SecretRequest {
  const { name, knocks, rolling } = door.target;
  const isOwn = rolling !== undefined && !hasOthersKeys(door);
  return { name, knocks: isOwn ? knocks.slice(-1) : [], reads: "code_key" };
}

async function collectOthersKeys(
  doors: readonly DoorRequest[],
  ports: Ports,
  { ask }: Pick<CollectSecretsOptions, "ask">,
): Promise<(readonly CodeKey[] | undefined)[]> {
  const all: (readonly CodeKey[] | undefined)[] = [];
  for (const { keys, keyFiles } of doors) {
    all.push(keyFiles === undefined ? keys : await collectKeys(keyFiles, ports, { ask }));
  }
  return all;
}

/** What is collected of a target: neither a former key, nor its own where others have the keys. */
function toSequences(door: DoorRequest): Target {
  const { target } = door;
  const { knocks, rolling } = target;
  if (rolling === undefined) return target;
  return hasOthersKeys(door)
    ? { ...target, rolling: undefined, knocks: knocks.slice(0, -1) }
    : { ...target, rolling: { ...rolling, formerKey: undefined } };
}

function hasOthersKeys({ keys, keyFiles }: DoorRequest): boolean {
  return keys !== undefined || keyFiles !== undefined;
}

/** Keys of others take the place of the last payload, which only has to be there. */
function fillPayloads(
  door: DoorRequest,
  { opening, ...payloads }: PlanPayloads = { opening: [] },
): PlanPayloads {
  const last = hasOthersKeys(door) ? makePlaceholders(door.target, 0).opening.slice(-1) : [];
  return { ...payloads, opening: [...opening, ...last] };
}

/** Payloads of the right kinds, each different from all others. */
function makePlaceholders(
  { knocks, close = [] }: Target,
  door: number,
): Required<PlanPayloads> {
  return {
    opening: knocks.map((knock, index) => makePlaceholder(knock, `${door}a${index}`)),
    closing: close.map((knock, index) => makePlaceholder(knock, `${door}b${index}`)),
  };
}

function makePlaceholder({ payload }: Target["knocks"][number], id: string): Uint8Array {
  if (payload.kind === "bytes") return payload.bytes;
  if (payload.kind === "none") return new Uint8Array();
  // Like a secret's payload: 64 hex digits.
  return new TextEncoder().encode(id.padStart(64, "0"));
}
