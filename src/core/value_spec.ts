/**
 * How a value of the configuration is written, as data: the tables of probes and of secret sources are
 * made of these. `config/value_specs.ts` reads and writes them, `tools/schema.ts` makes a JSON schema
 * of them.
 */

/** The form of one value. */
export type ValueSpec =
  /** A whole number from 1 to 65535. */
  | { type: "port" }
  | { type: "integer"; min: number; max: number }
  /** `http://...` or `https://...`, without a user or password. */
  | { type: "web-address" }
  /** Program and arguments: a list of strings. */
  | { type: "command" }
  /** A file; relative to the folder of the configuration. */
  | { type: "path" }
  /** Fixed bytes: `"none"` or `{ text | hex | base64 = "..." }`. */
  | { type: "payload" }
  /** One of a few values; `true` where the key itself says everything. */
  | { type: "choice"; values: readonly (true | string)[] }
  /** A string that matches; `problem` says what is wrong with any other, and what is allowed. */
  | { type: "pattern"; pattern: RegExp; problem: string; isLowerCased?: true };
