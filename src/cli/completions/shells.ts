/** The shells that can complete, one row each; the usage, the help and the errors are made from it. */
import type { ShellCompletion } from "./shell.ts";

/** By the name that `completions` takes. */
export const SHELLS: Readonly<Record<string, () => Promise<ShellCompletion>>> = {
  bash: async () => (await import("./shells/bash.ts")).shell,
  zsh: async () => (await import("./shells/zsh.ts")).shell,
  fish: async () => (await import("./shells/fish.ts")).shell,
  powershell: async () => (await import("./shells/powershell.ts")).shell,
};

/** The names of the shells. */
export const SHELL_NAMES: readonly string[] = Object.keys(SHELLS);
