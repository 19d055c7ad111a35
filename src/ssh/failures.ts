/** What ssh says when it fails, as errors. */
import { NetworkError } from "../core/errors.ts";
import { describeStartError, isMissingProgram } from "../core/system_errors.ts";

/** ssh's own exit code: the connection or the login failed. */
export const SSH_FAILED = 255;

const KNOCK_HINT =
  "a port that is closed until a knock opens for ssh by itself with the block of " +
  '"spknock ssh-config TARGET"';

/** The hint for a reason of ssh; the first that fits. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/connection refused|timed out|no route to host|network is unreachable/i, KNOCK_HINT],
  [/identification has changed/i, "compare the server's new key before you trust it"],
  [/host key verification failed/i, "log in once with ssh by hand, and compare the server's key"],
  [/permission denied/i, "the same login has to work with ssh by hand; --ssh names its options"],
  [
    /could not resolve|not known|nodename nor servname/i,
    "name the server as ssh knows it: [USER@]HOST",
  ],
];

/** Returns the line with which ssh, or a `spknock connect` below it, said why it failed; from outside. */
export function findSshReason(stderr: string, code: number): string {
  const lines = stderr.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  const own = lines.findLast((line) => line.startsWith("error: "));
  const last = own?.slice("error: ".length) ?? lines.at(-1);
  return last?.replace(/^ssh: /, "") ?? `exit code ${code}`;
}

/** Returns the error for a login that failed. */
export function explainLogin(place: string, { stderr, code }: { stderr: string; code: number }) {
  const reason = findSshReason(stderr, code);
  const hint = HINTS.find(([pattern]) => pattern.test(stderr) || pattern.test(reason))?.[1];
  return new NetworkError(`ssh cannot log in to "${place}": ${reason}`, { code: "ssh", hint });
}

/** Returns the error for an ssh that could not be started. */
export function explainStart([program = ""]: readonly string[], cause: unknown): NetworkError {
  const hint = isMissingProgram(cause)
    ? "install OpenSSH's client, or name it: --ssh PATH"
    : undefined;
  const why = describeStartError(cause);
  return new NetworkError(`"${program}" could not be started: ${why}`, {
    code: "ssh",
    hint,
    cause,
  });
}
