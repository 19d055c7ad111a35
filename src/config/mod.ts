/** The configuration: TOML text to targets and back, the file store, and imports. */
export { configPath, legacyPath, type Surroundings } from "./paths.ts";
export { type Config, parseConfig } from "./schema.ts";
export { parseProbeSpec, type Plugin, type Plugins, PROBE_KINDS } from "./probes.ts";
export {
  addTarget,
  addTargets,
  type EditOptions,
  removeTarget,
  renameTarget,
  replaceTarget,
  type TargetDraft,
} from "./edit.ts";
export { type ConfigSource, loadConfig, MAX_BYTES, readText, updateConfig } from "./store.ts";
export { type FileSystem, realFiles } from "./files.ts";
export { nameOfHost, parseLegacy, uniqueName } from "./legacy.ts";
export {
  detectFormat,
  IMPORT_FORMATS,
  type ImportFormat,
  type ImportOptions,
  type ImportResult,
  importTargets,
} from "./import.ts";
