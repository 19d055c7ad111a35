/** The folder's second face: what changes a configuration. A knock loads only `mod.ts`. */
export { addTargets, changeTargets, removeTarget, renameTarget } from "./edit.ts";
export { importTargets, NO_HOST, requireFormat } from "./import/import_targets.ts";
export { findField, parseOptionalKey, type TargetChange, type TargetDraft } from "./target/keys.ts";
export { updateConfig, writeNewText } from "./update.ts";
export { isSameData } from "./values.ts";
