/** The shells that can complete, one row each; the usage, the help and the errors are made from it. */
import type { ShellCompletion } from "./shell.ts";

/** By the name that `completions` takes. */
export const SHELLS: Readonly<Record<string, () => Promise<{ shell: ShellCompletion }>>> = {
  bash: () => import("./shells/bash.ts"),
  zsh: () => import("./shells/zsh.ts"),
  fish: () => import("./shells/fish.ts"),
  powershell: () => import("./shells/powershell.ts"),
};

/** The names of the shells. */
export const SHELL_NAMES: readonly string[] = Object.keys(SHELLS);
