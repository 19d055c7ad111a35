import { fuzz } from "./fuzz.ts";
import { imports } from "./imports.ts";
import { kills } from "./kills.ts";
import { sweeps } from "./sweeps.ts";
import type { Torture } from "./torture.ts";
import { writers } from "./writers.ts";
import { firewalls } from "./firewalls.ts";

/** Every torture, by its flag. */
export const TORTURES: Readonly<Record<string, Torture>> = {
  kills,
  writers,
  fuzz,
  imports,
  sweeps,
  firewalls,
};
