/** What is noticed about a server before anything is changed. */

/** See the header. */
export interface Concern {
  /** `stop`: apply goes no further; `warning`: something does not work as people expect; `note`: good to know. */
  severity: "stop" | "warning" | "note";
  /** For scripts: `jump_host`, `port_dropped`. */
  code: string;
  text: string;
  hint?: string | undefined;
}
