/** A new key in place of the present one, which stays until the firewall has the new codes. */
import { changeTargets, updateConfig } from "../../config/changes.ts";
import { type Problem, UsageError } from "../../core/errors.ts";
import { chooseCommands } from "../../core/system/commands.ts";
import { readText } from "../../config/mod.ts";
import type { KnockPayload } from "../../core/knock.ts";
import { refuseFwknop } from "../fwknop/refuse.ts";
import { isKey, type Rolling } from "../../core/rolling.ts";
import type { Target } from "../../core/target.ts";
import { describeSystemError } from "../../core/system_errors.ts";
import { type FormerFile, nameNextKeyFile, removeFormerFile, saveWithKey } from "./key_files.ts";
import { locateKeyFile, readSaved, type SavedTargets, type TargetsFile } from "../secret_files.ts";

/** A target with one-time codes. */
export type RollingTarget = Target & { rolling: Rolling };

/** The files of a rotation. */
interface Rotation {
  /** The new key. */
  path: string;
  formerPath: string;
  /** Whether the former key is kept: one that is missing, or no key, would stop each knock. */
  keepsFormer: boolean;
  warnings: readonly Problem[];
}

/**
 * Makes a new key, and keeps the present one, where its file has one, as the former key.
 *
 * @throws {UsageError} where it has none, is not in a file, or another one is former still.
 * @throws {ConfigError} where nothing was changed.
 */
export async function rotateKey(name: string, { file, fs }: TargetsFile): Promise<Rotation> {
  const saved = await readSaved({ file, fs });
  const { filled, written } = requireSaved(name, saved);
  if (written.rolling.formerKey !== undefined) {
    throw new UsageError(`the last rotation of "${name}" is not finished`, {
      hint: `when the firewall has the new rules: ${renderFinish(name)}`,
    });
  }
  const formerPath = requireFile(filled, fs);
  const key = await nameNextKeyFile(name, { present: formerPath, file, fs });
  // Whose home `~` is, only the knock finds out.
  const keepsFormer = /^~[/\\]/.test(formerPath) ||
    isKey((await readText(locateKeyFile(formerPath, file), fs))?.split("\n")[0] ?? "");
  const payload: KnockPayload = { kind: "secret", source: { kind: "file", path: key } };
  const edit = (text: string) =>
    changeTargets(text, (targets) => {
      const { knocks, rolling } = requireUnchanged(written, targets);
      const fresh = knocks.map((knock) =>
        knock.payload.kind === "secret" ? { ...knock, payload } : knock
      );
      return [{
        name,
        knocks: fresh,
        rolling: { ...rolling, formerKey: keepsFormer ? formerPath : undefined },
      }];
    }, { file });
  const warnings = await saveWithKey({ key, edit, text: saved.text }, { file, fs });
  return { path: locateKeyFile(key, file), formerPath, keepsFormer, warnings };
}

/** What became of a former key. */
interface Finished {
  former: FormerFile;
  warnings: readonly Problem[];
}

/**
 * Forgets the former key of a target, and removes its file.
 *
 * @throws {UsageError} where there is none; {ConfigError} where nothing was changed.
 */
export async function finishRotation(name: string, { file, fs }: TargetsFile): Promise<Finished> {
  const { written } = requireSaved(name, await readSaved({ file, fs }));
  const { formerKey } = written.rolling;
  if (formerKey === undefined) {
    throw new UsageError(`"${name}" has no former key: no rotation is begun`, {
      hint: `for a new key: spknock rolling rotate ${name}`,
    });
  }
  const edit = (text: string) =>
    changeTargets(text, (targets) => {
      const { rolling } = requireUnchanged(written, targets);
      return [{ name, rolling: { ...rolling, formerKey: undefined } }];
    }, { file });
  const { warnings } = await updateConfig(file, edit, fs);
  try {
    return { former: await removeFormerFile(formerKey, { file, fs }), warnings };
  } catch (cause) {
    const message = `cannot be removed: ${describeSystemError(cause)}`;
    const problem = { file: formerKey, message };
    return { former: { path: formerKey, status: "kept" }, warnings: [...warnings, problem] };
  }
}

/** Returns the command that writes rules with codes of the present key. */
export function renderNewRules(name: string): string {
  return `spknock rules ${name} --for BACKEND --until 1y --save`;
}

/** Returns the command that ends a rotation. */
export function renderFinish(name: string): string {
  return `spknock rolling rotate ${name} --finish`;
}

/**
 * Returns a target if it has one-time codes.
 *
 * @throws {UsageError}
 */
export function requireRolling(target: Target): RollingTarget {
  refuseFwknop([target]);
  const { name, rolling } = target;
  if (rolling !== undefined) return { ...target, rolling };
  throw new UsageError(`"${name}" has no one-time codes`, {
    hint: `give it a key: spknock rolling new ${name}`,
  });
}

function requireSaved(
  name: string,
  { filled, written }: SavedTargets,
): Record<"filled" | "written", RollingTarget> {
  const [one, other] = [filled.targets.get(name), written.targets.get(name)];
  if (one === undefined || other === undefined) throw new UsageError(`unknown target "${name}"`);
  return { filled: requireRolling(one), written: requireRolling(other) };
}

/** Between the look and the write another spknock can have changed it. */
function requireUnchanged(
  { name, knocks, rolling: { formerKey } }: RollingTarget,
  targets: ReadonlyMap<string, Target>,
): RollingTarget {
  const now = targets.get(name);
  const isSame = now?.rolling !== undefined && now.rolling.formerKey === formerKey &&
    JSON.stringify(now.knocks) === JSON.stringify(knocks);
  if (isSame) return requireRolling(now);
  throw new UsageError(`"${name}" was changed by another spknock meanwhile`, {
    hint: "try again",
  });
}

function requireFile({ name, knocks }: RollingTarget, { os }: TargetsFile["fs"]): string {
  const payload = knocks.at(-1)?.payload;
  const source = payload?.kind === "secret" ? payload.source : undefined;
  if (source?.kind === "file") return source.path;
  const place = source?.kind === "env"
    ? `the environment variable ${source.name}`
    : "a program's output";
  throw new UsageError(`the key of "${name}" is ${place}, which spknock cannot change`, {
    hint: `by hand: save the present key in a file (mode 0600), name it in rolling.former_key of ` +
      `"${name}", and put a new key in its place: ${chooseCommands(os).makeKey}`,
  });
}
