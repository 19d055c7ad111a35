/** The folder's second face: what changes a configuration. A knock loads only `mod.ts`. */
export {
  addTarget,
  addTargets,
  type EditOptions,
  removeTarget,
  renameTarget,
  replaceTarget,
  type TargetDraft,
} from "./edit.ts";
export { updateConfig } from "./store.ts";
export { nameOfHost, parseLegacy, uniqueName } from "./legacy.ts";
export { importTargets } from "./import.ts";
