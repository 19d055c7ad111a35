/** TOML text to a configuration by the syntax tree: with the lines of mistakes, and for edits. */
import { ConfigError, type Problem } from "../core/errors.ts";
import { type Finding, renderPath } from "./toml/place.ts";
import { checkConfig, type CheckedConfig, type ConfigReading } from "./schema.ts";
import { findLine, type TomlDocument } from "./toml/ast.ts";
import { isTooLarge, readToml } from "./toml/read.ts";
import type { RawTable } from "./values.ts";

/** A configuration with the structure of its text. */
export interface DocumentReading extends ConfigReading {
  document: TomlDocument;
  /** What the text says, before it was checked. */
  value: RawTable;
}

/**
 * Reads a configuration, with the mistakes beside what could be read.
 *
 * @param options `checked` is what is known of the text already: where it is too large for a tree,
 *   its mistakes are named without their lines.
 */
export function readDocument(
  text: string,
  { file, checked }: { file: string; checked?: CheckedConfig | undefined },
): ConfigReading | DocumentReading {
  if (checked !== undefined && isTooLarge(text)) {
    return { config: checked.config, problems: nameFindings(checked.findings, { file }) };
  }
  const reading = readToml(text);
  if ("problems" in reading) {
    const { config } = checkConfig({}, { file });
    return { config, problems: nameFindings(reading.problems, { file }) };
  }
  const { document, value } = reading;
  const { config, findings } = checkConfig(value, { file });
  return { config, problems: nameFindings(findings, { file, document }), document, value };
}

/**
 * Reads a configuration for an edit.
 *
 * @throws {ConfigError} with every mistake, in file order.
 */
export function parseDocumentConfig(text: string, options: { file: string }): DocumentReading {
  const reading = readDocument(text, options);
  if (reading.problems.length > 0 || !("document" in reading)) {
    throw new ConfigError(reading.problems);
  }
  return reading;
}

/** Returns the mistakes as problems, with their lines where the text is known, in file order. */
export function nameFindings(
  findings: readonly Finding[],
  { file, document }: { file: string; document?: TomlDocument },
): Problem[] {
  return findings.map(({ path, isUnnamed, message, line }) => {
    const key = renderPath(isUnnamed ? path.slice(0, -1) : path);
    const place = document === undefined ? line : findLine(document, path);
    return { file, line: place, ...(key === "" ? {} : { key }), message };
  }).sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
}
