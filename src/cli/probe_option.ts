/** `--probe SPEC`; a file of its own, for it needs the whole configuration reader. */
import { parseProbeSpec } from "../config/mod.ts";
import type { ProbeSpec } from "../core/target.ts";
import { asUsage } from "./options.ts";

/**
 * The probe that `text` writes.
 *
 * @throws {UsageError}
 */
export function readProbe(text: string): ProbeSpec {
  try {
    return parseProbeSpec(text);
  } catch (cause) {
    throw asUsage(cause, "--probe: ");
  }
}
