/**
 * SSH_ASKPASS as ssh(1) understands it: a program that asks for a passphrase where there is no terminal.
 * SSH_ASKPASS_REQUIRE is `never`, `prefer` (before the terminal) or `force` (also without a display). It
 * needs DISPLAY or WAYLAND_DISPLAY, unless it is forced (OpenSSH, readpass.c).
 */
import { SecretError } from "../core/errors.ts";
import type { SecretPorts } from "./kinds.ts";
import { readPassphrase } from "./text.ts";

/** The program, and when it is asked. */
interface Askpass {
  program: string;
  /** Whether it is asked where there is a terminal, too. */
  isPreferred: boolean;
  /** Whether it may be asked. */
  isAllowed: boolean;
}

/** Returns what the environment says about the program; undefined where it names none. */
export function findAskpass(env: (name: string) => string | undefined): Askpass | undefined {
  const program = env("SSH_ASKPASS");
  if (!program) return undefined;
  const required = env("SSH_ASKPASS_REQUIRE")?.toLowerCase();
  const hasDisplay = Boolean(env("DISPLAY") || env("WAYLAND_DISPLAY"));
  const isAllowed = required === "force" || (required !== "never" && hasDisplay);
  return {
    program,
    isPreferred: isAllowed && (required === "force" || required === "prefer"),
    isAllowed,
  };
}

/**
 * Asks by the program, once.
 *
 * @throws {SecretError} if it cannot be started, is cancelled, or gives nothing.
 */
export async function askByProgram(
  { program }: Askpass,
  { message, run, allowEmpty }: {
    message: string;
    run: SecretPorts["run"];
    allowEmpty: boolean;
  },
): Promise<Uint8Array> {
  const subject = `the program "${program}" of SSH_ASKPASS`;
  const { code, stdout } = await run([program, `${message}: `]).catch((cause) => {
    throw new SecretError(`${subject} could not be started`, {
      hint: "set SSH_ASKPASS to a program, or SSH_ASKPASS_REQUIRE=never",
      cause,
    });
  });
  if (code === undefined) throw new SecretError(`${subject} did not end in time`);
  if (code !== 0) throw new SecretError(`${subject} was cancelled (exit code ${code})`);
  return readPassphrase(stdout, { subject: `the answer of ${subject}`, allowEmpty });
}
