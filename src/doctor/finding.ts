/** What the doctor concludes. */

/** The most likely cause. */
export interface Diagnosis {
  /** Stable: part of the JSON contract. */
  code: string;
  /** One or two sentences. */
  cause: string;
  /** A command for this machine that can be pasted; "" where nothing is wrong. */
  fix: string;
  /** A command for the firewall or the host behind it, where one helps. */
  remote?: string;
  /** What kind of trouble it is, for the exit code. */
  kind: "fine" | "closed" | "config" | "network" | "secret";
}

/** A cause without its code. */
export type Finding = Omit<Diagnosis, "code">;
