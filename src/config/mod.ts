/** The configuration: where it is, and TOML text to targets. What changes it is in `changes.ts`. */
export { configPath, legacyPath } from "./paths.ts";
export { parseConfig } from "./read.ts";
export type { Config } from "./schema.ts";
export { parseProbeSpec } from "./probes.ts";
export { loadConfig, readSecretVariables, readText } from "./store.ts";
export type { FileSystem } from "./files.ts";
