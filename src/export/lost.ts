/** What a form leaves out, by the keys of the schema: a key that is new is lost until a form carries it. */
import { FWKNOP_SETTINGS } from "../config/target/fwknop.ts";
import { SETTING_KEYS } from "../config/target/keys.ts";
import { isSameData } from "../config/values.ts";
import { DEFAULT_SETTINGS, makeDefaultProbes, type Target } from "../core/target.ts";

/**
 * Returns one sentence with the keys of a target that say something else than a target without them, and that
 * the form does not carry; none where nothing is lost.
 *
 * @param carried keys in the spelling of TOML, such as `open_for`, `close` and `connect`.
 */
export function listLostKeys(target: Target, carried: readonly string[]): string[] {
  const usual = {
    ...DEFAULT_SETTINGS,
    ...(target.fwknop && FWKNOP_SETTINGS),
    probes: makeDefaultProbes(target.opens),
  };
  const settings = Object.entries(SETTING_KEYS)
    .filter(([, { field }]) =>
      target[field] !== undefined && !isSameData(target[field], usual[field])
    )
    .map(([key]) => key);
  const tables = (["close", "connect"] as const).filter((key) => target[key] !== undefined);
  const lost = [...settings, ...tables].filter((key) => !carried.includes(key));
  return lost.length === 0 ? [] : [`${target.name}: ${lost.join(", ")}`];
}
