/** The folder's second face: what changes a configuration. A knock loads only `mod.ts`. */
export {
  addTarget,
  addTargets,
  changeTargets,
  removeTarget,
  renameTarget,
  type TargetChange,
  type TargetDraft,
} from "./edit.ts";
export { importTargets } from "./import/import_targets.ts";
export { findField, parseOptionalKey } from "./keys.ts";
export { updateConfig } from "./update.ts";
export { isSameData } from "./values.ts";
