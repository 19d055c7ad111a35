/** The configuration: where it is, and TOML text to targets. What changes it is in `changes.ts`. */
export { configPath, legacyPath, readConfigVariable } from "./paths.ts";
export { parseConfig } from "./read.ts";
export type { Config } from "./schema.ts";
export { parseProbeSpecs } from "./target/probes.ts";
export { readText } from "./disk/read_text.ts";
export { loadConfig, readSecretVariables } from "./store.ts";
export type { FileSystem } from "./files.ts";
