/** How other commands send their users to `doctor`. */
import { chooseCommands } from "../core/system/commands.ts";
import type { Target } from "../core/target.ts";
import type { Context } from "./command.ts";

/** Returns the options that find the same file of targets again, quoted where necessary. */
export function listFileOptions(
  { configFile, trustConfig, ports }: Pick<Context, "configFile" | "trustConfig" | "ports">,
): string[] {
  return [
    ...(configFile === undefined ? [] : ["-c", chooseCommands(ports.os).quote(configFile)]),
    ...(trustConfig ? ["--trust-config"] : []),
  ];
}

/**
 * Returns the command that examines a saved target.
 *
 * @param options.secretsFrom the file of the passphrases; standard input cannot be read again.
 */
export function renderDoctorCommand(
  { name }: Pick<Target, "name">,
  context: Pick<Context, "configFile" | "trustConfig" | "ports">,
  { secretsFrom }: { secretsFrom?: string | undefined } = {},
): string {
  const secrets = secretsFrom === undefined || secretsFrom === "-"
    ? []
    : ["--secrets-from", chooseCommands(context.ports.os).quote(secretsFrom)];
  return ["spknock doctor", name, ...secrets, ...listFileOptions(context)].join(" ");
}

/** Returns the hint of a door that did not open; what the knock carries matters only where packets get there. */
export function makeDoctorHint(
  command: string,
  { isReachable = true, rolling, fwknop }:
    & { isReachable?: boolean }
    & Partial<Pick<Target, "rolling" | "fwknop">> = {},
): string {
  const more = `find out more with: ${command}`;
  const question = fwknop !== undefined
    ? "are both keys and both clocks right?"
    : rolling === undefined
    ? "is the passphrase right?"
    : "are both clocks right?";
  return isReachable ? `${question} ${more}` : more;
}
