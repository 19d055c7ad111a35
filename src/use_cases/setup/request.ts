/** What a setup is asked for, what it has done, and how it ended. */
import type { SecretSource } from "../../core/knock.ts";
import type { Service } from "../../core/service.ts";
import type { Target } from "../../core/target.ts";
import type { ApplyOutcome } from "../apply/job.ts";

/** What the knocks of a new door carry: one-time codes, or a sequence of random passphrases. */
export type DoorKind = "codes" | "passphrases";

/** See the header. What is undefined is as the saved target has it, or chosen. */
export interface SetupRequest {
  name: string;
  /** Where ssh logs in: `[USER@]HOST`. */
  place: string;
  /** The words that start ssh, options included. */
  ssh: readonly string[];
  /** Where to knock; where ssh's configuration leads the login to where undefined. */
  host: string | undefined;
  opens: readonly Service[] | undefined;
  tags: readonly string[] | undefined;
  trusted: readonly string[];
  kind: DoorKind | undefined;
  /** Where the secret of the knocks is already; made, in files beside the configuration, where undefined. */
  secret: SecretSource | undefined;
  backend: string | undefined;
  variant: string | undefined;
  rollbackMs: number;
  persists: boolean;
}

/** What a setup has done, in this order. */
export type SetupStage = "saved" | "applied" | "installed" | "checked";

/** The saved target. */
export interface SavedDoor {
  /** As knocks use it, with the files of its secrets. */
  target: Target;
  /** Whether the target was saved by this run. */
  isNew: boolean;
  kind: DoorKind | "other";
  /** Why it has passphrases where one-time codes would have been better. */
  reason: string | undefined;
  /** The files that its secrets are in. */
  secretFiles: readonly string[];
}

/** What came of the login at the end. */
export interface LoginCheck {
  isIn: boolean;
  /** The command, as a shell takes it. */
  command: string;
  /** ssh's last line, from outside. */
  detail: string;
}

/** How a setup ended. `done`: a login came through the closed door. */
export interface SetupReport {
  status: "done" | "refused" | "declined" | "not-applied" | "no-login";
  stages: readonly SetupStage[];
  door: SavedDoor | undefined;
  outcome: ApplyOutcome | undefined;
  /** The files of ssh's configuration that were written; undefined where that is not wanted. */
  written: readonly string[] | undefined;
  login: LoginCheck | undefined;
  /** Whether the door was seen to be shut before the login. */
  isShut: boolean;
  problem: { text: string; hint?: string | undefined } | undefined;
}
