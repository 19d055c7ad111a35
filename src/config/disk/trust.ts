/**
 * Whether a configuration may make us run programs or read files: as ssh does with its own, one that
 * another user (root aside) owns or can change is refused. A folder counts as well, the folder of each
 * link on the way included: who can change it can replace the file. In a sticky folder, such as /tmp,
 * users cannot replace the files of others.
 *
 * The programs that it names are not looked at, as ssh does not: the user who may write the
 * configuration decides which they are.
 */
import { quoteShell, renderMode } from "../../core/text.ts";
import { listKeys } from "../../core/fwknop.ts";
import type { Knock, SecretSource } from "../../core/knock.ts";
import type { Target } from "../../core/target.ts";
import { type FileFacts, type FileSystem, mayChangeMode } from "../files.ts";
import type { Config } from "../schema.ts";
import { followLinks } from "./links.ts";
import { parentFolder } from "./replace_file.ts";

/** Why a configuration is refused, and what mends it. */
interface Distrust {
  message: string;
  hint: string;
}

/** What a secret makes us do besides asking the user. */
const EFFECTS: Readonly<Record<SecretSource["kind"], string | undefined>> = {
  prompt: undefined,
  hash: undefined,
  env: "read environment variables",
  file: "read files",
  command: "run programs",
};

/**
 * Returns why a configuration must not be used; undefined where it may be.
 *
 * @param options.facts of the file that was read.
 */
export async function findDistrust(
  config: Config,
  { facts, files }: { facts: FileFacts; files: FileSystem },
): Promise<Distrust | undefined> {
  const effects = listEffects(config);
  if (effects.length === 0) return undefined;
  const then = `, and it makes spknock ${effects.join(" and ")}`;
  const reason = judge(facts, files);
  if (reason !== undefined) {
    return { message: reason.message + then, hint: makeHint(reason, config.file) };
  }
  const chain = await followLinks(config.file, files);
  for (const folder of new Set(chain.map(parentFolder))) {
    const judged = judgeFolder(await files.stat(folder), files);
    if (judged === undefined) continue;
    const message = `is in the folder "${folder}", which ${judged.message}${then}`;
    return { message, hint: makeHint(judged, folder) };
  }
  return undefined;
}

function listEffects({ targets }: Config): string[] {
  const effects = new Set<string>();
  const all = [...targets.values()];
  const runs = all.some(({ probes, after }) =>
    after.length > 0 || probes.some((probe) => "command" in probe)
  );
  if (runs) effects.add("run programs");
  const reads = all.some(({ rolling, oneTime }) =>
    rolling?.formerKey !== undefined || oneTime !== undefined
  );
  if (reads) effects.add("read files");
  for (const { payload } of all.flatMap(listCarriers)) {
    const effect = payload.kind === "secret" ? EFFECTS[payload.source.kind] : undefined;
    if (effect !== undefined) effects.add(effect);
  }
  return [...effects].sort().reverse();
}

function listCarriers(target: Target): Pick<Knock, "payload">[] {
  const { knocks, close = [] } = target;
  return [...knocks, ...close, ...listKeys(target)];
}

interface Judgement {
  message: string;
  /** Whether we can change its mode, and that is all it needs. */
  isMode: boolean;
}

function judge({ uid, mode }: FileFacts, files: FileSystem): Judgement | undefined {
  const own = files.ownUid();
  if (uid !== null && own !== undefined && uid !== own && uid !== 0) {
    return { message: `belongs to another user (uid ${uid})`, isMode: false };
  }
  if (mode === null || (mode & 0o022) === 0) return undefined;
  return {
    message: `can be changed by other users (mode ${renderMode(mode)})`,
    isMode: mayChangeMode(uid, files),
  };
}

function judgeFolder(facts: FileFacts, files: FileSystem): Judgement | undefined {
  const isSticky = facts.mode !== null && (facts.mode & 0o1000) !== 0;
  return judge(isSticky ? { ...facts, mode: 0 } : facts, files);
}

function makeHint({ isMode }: Judgement, path: string): string {
  const trust = "--trust-config uses it all the same";
  return isMode ? `chmod go-w ${quoteShell(path)}; ${trust}` : `if you trust that user: ${trust}`;
}
