/**
 * What the runtime of `../shared/tools/compile-real.sh` (Deno 2.4.2) lacks. Only `.ci/run` puts it in front of
 * the program, in the executable that it makes for the tests; no release has it.
 */

import process from "node:process";

// Its node:dns and node:url load `punycode`, with a warning on stderr.
(process as { noDeprecation?: boolean }).noDeprecation = true;

/** Milliseconds after which a lock that is free would have been taken. */
const TAKEN_MS = 50;

/** Waits for locks; a file that is asked again goes on with its own. */
const waits = new WeakMap<Deno.FsFile, Promise<true>>();

Deno.FsFile.prototype.tryLock ??= async function (this: Deno.FsFile, exclusive = false) {
  const wait = waits.get(this) ?? this.lock(exclusive).then(() => true as const);
  waits.set(this, wait);
  const timer = Promise.withResolvers<false>();
  const id = setTimeout(() => timer.resolve(false), TAKEN_MS);
  return await Promise.race([wait, timer.promise]).finally(() => clearTimeout(id));
};
