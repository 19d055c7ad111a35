/** The folder's second face: what changes a configuration. A knock loads only `mod.ts`. */
export {
  addTarget,
  addTargets,
  removeTarget,
  renameTarget,
  replaceTarget,
  type TargetDraft,
} from "./edit.ts";
export { importTargets } from "./import/import_targets.ts";
export { updateConfig } from "./update.ts";
