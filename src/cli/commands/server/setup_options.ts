/** The options of `setup`, and what is asked for by them. */
import { UsageError } from "../../../core/errors.ts";
import type { SecretSource } from "../../../core/knock.ts";
import { parseServices } from "../../../core/service.ts";
import { parseHost, parseLogin, parseTargetName } from "../../../core/target.ts";
import { parseTrusted } from "../../../rules/mod.ts";
import { parseSecretOption } from "../../../secret/kinds.ts";
import type { SetupRequest } from "../../../use_cases/setup/request.ts";
import { readServerArgs, SERVER_OPTIONS } from "../../arguments/server_args.ts";
import { readTagList } from "../../arguments/target_args.ts";
import type { Context } from "../../command.ts";
import { asUsageError, type OptionNames, type OptionSpec } from "../../options.ts";

/** See the header. */
export const SETUP_OPTIONS = [
  { name: "open", value: "PORTS", help: "what to protect: 22/tcp,443/tcp (default: 22/tcp)" },
  { name: "trust", value: "NETWORKS", help: "networks that are never locked out" },
  { name: "tag", value: "TAG", many: true, help: "tags, for knock --tag: family,work" },
  { name: "host", value: "HOST", help: "where to knock (default: where ssh logs in)" },
  ...SERVER_OPTIONS,
  { name: "rolling", help: "one-time codes (default: where the server can check them)" },
  { name: "passphrases", help: "a sequence of random passphrases" },
  {
    name: "secret",
    value: "SOURCE",
    help: "where the secret is: command:'pass fw/{target}' (default: made)",
  },
  { name: "no-ssh-config", help: "write no block for ssh" },
] as const satisfies readonly OptionSpec[];

/** A run of `setup`. */
export type SetupContext = Context<OptionNames<typeof SETUP_OPTIONS>>;

/** What the options say; name and place are arguments or answers. */
type SetupWishes = Omit<SetupRequest, "name" | "place">;

/**
 * Reads the options.
 *
 * @throws {UsageError}
 */
export function readWishes({ args }: SetupContext): SetupWishes {
  if (args.has("rolling") && args.has("passphrases")) {
    throw new UsageError("choose one: --rolling or --passphrases");
  }
  return {
    ...readServerArgs(args),
    host: args.read("host", parseHost),
    opens: args.read("open", parseServices),
    trusted: args.read("trust", parseTrusted) ?? [],
    tags: args.has("tag") ? [...new Set(args.values("tag").flatMap(readTagList))] : undefined,
    kind: args.has("rolling") ? "codes" : args.has("passphrases") ? "passphrases" : undefined,
    secret: args.read("secret", parseSavedSecret),
  };
}

/** Returns the arguments NAME and USER@HOST, each if it is right. */
export function readNames(name: string, place: string): Pick<SetupRequest, "name" | "place"> {
  return {
    name: asUsageError(() => parseTargetName(name)),
    place: asUsageError(() => parseLogin(place)),
  };
}

/** What is typed can be weak, and a hash is the payload itself. */
function parseSavedSecret(text: string): SecretSource {
  const payload = parseSecretOption(text);
  const kinds: readonly SecretSource["kind"][] = ["command", "env", "file"];
  if (payload.kind === "secret" && kinds.includes(payload.source.kind)) return payload.source;
  throw new RangeError(
    "not where a secret is saved: use command:'pass fw/{target}', env:NAME or file:PATH",
  );
}
