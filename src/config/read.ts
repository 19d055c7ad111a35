/** TOML text to a configuration: the quick way, and the slow one where there is anything to say. */
import { ConfigError } from "../core/errors.ts";
import { checkConfig, type CheckedConfig, type Config, type ConfigReading } from "./schema.ts";
import { parsePlainToml } from "./toml/plain.ts";

/** Reads a configuration, with the mistakes beside what could be read. */
export async function readConfig(text: string, { file }: { file: string }): Promise<ConfigReading> {
  const checked = checkPlainConfig(text, { file });
  if (checked?.findings.length === 0) return { config: checked.config, problems: [] };
  const { readDocument } = await import("./read_document.ts");
  return readDocument(text, { file, checked });
}

/** Reads a configuration the quick way; undefined where its text is not plain. */
export function checkPlainConfig(
  text: string,
  { file }: { file: string },
): CheckedConfig | undefined {
  const value = parsePlainToml(text);
  return value && checkConfig(value, { file });
}

/**
 * Returns the configuration that `text` is.
 *
 * @throws {ConfigError} with every mistake, in file order, named `FILE:LINE: KEY: ...`.
 */
export async function parseConfig(text: string, options: { file: string }): Promise<Config> {
  const { config, problems } = await readConfig(text, options);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}
