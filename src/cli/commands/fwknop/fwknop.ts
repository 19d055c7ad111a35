/** `fwknop`: keys of a door of fwknopd, and what its server needs to know. */
import { parseDuration } from "../../../core/duration.ts";
import { UsageError } from "../../../core/errors.ts";
import { FWKNOP_OPEN_FOR_MS } from "../../../core/fwknop.ts";
import { parsePort } from "../../../core/knock.ts";
import { parseServices, type Service } from "../../../core/service.ts";
import { parseHost, parseTargetName } from "../../../core/target.ts";
import { checkAccess, checkTimeout } from "../../../fwknop/message.ts";
import { renderStanza } from "../../../fwknop/stanza.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { makeFwknopDoor, makeFwknopKeys } from "../../../use_cases/fwknop/make_keys.ts";
import { parseAction } from "../../arguments/action.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import { loadForAdding, noteWarnings, refuseLegacy, targetsPath } from "../../context.ts";
import { EXIT } from "../../exit_codes.ts";
import { printStanza, warnOfKeys } from "../../reports/fwknop/stanza.ts";
import { asUsageError, type OptionNames, type OptionSpec } from "../../options.ts";
import { SECRET_OPTIONS } from "../../option_specs.ts";

const KEYGEN_OPTIONS = [
  { name: "host", value: "HOST", help: "keygen: the host of the new target" },
  { name: "open", value: "PORTS", help: "keygen: what its packets ask for (default: 22/tcp)" },
  {
    name: "open-for",
    value: "DURATION",
    help: "keygen: for how long they ask (default: as the server)",
  },
  { name: "port", value: "N", help: "keygen: the udp port of fwknopd (default: 62201)" },
] as const satisfies readonly OptionSpec[];

const OPTIONS = [...KEYGEN_OPTIONS, ...SECRET_OPTIONS] as const;

/** A run of either action. */
type FwknopContext = Context<OptionNames<typeof OPTIONS>>;

const ACTIONS = ["keygen", "access"] as const;
const USAGE = `spknock fwknop ${ACTIONS.join("|")} [TARGET]`;

/** What opens where nothing says so. */
const DEFAULT_OPENS: readonly Service[] = [{ port: 22, protocol: "tcp" }];

/** The command `fwknop`. */
export const command = defineCommand({
  usage: ["fwknop keygen [TARGET --host HOST --open PORTS]", "fwknop access TARGET"],
  details: "keygen makes both keys of a door of fwknopd, in files of mode 0600 beside the\n" +
    "configuration (keys/TARGET.key, keys/TARGET.hmac), saves the target, and prints the\n" +
    "lines for the server's access.conf; without TARGET it prints only. access prints\n" +
    "them for a saved target. They hold the keys: keep them secret.",
  options: OPTIONS,
  examples: [
    "fwknop keygen work --host fw.example.com --open 22/tcp",
    "fwknop access work",
  ],
  async run(context) {
    const [text = "", name] = requirePositionals(context, { min: 1, max: 2, usage: USAGE });
    const action = parseAction(text, ACTIONS, { usage: USAGE });
    refuseOthers(action, context);
    if (action === "keygen") return await generate(name, context);
    if (name === undefined) {
      throw new UsageError("missing argument TARGET", {
        hint: "usage: spknock fwknop access TARGET",
      });
    }
    return await (await import("./access.ts")).printAccess(name, context);
  },
});

function refuseOthers(action: typeof ACTIONS[number], { args }: FwknopContext): void {
  const others: readonly OptionSpec[] = action === "keygen" ? SECRET_OPTIONS : KEYGEN_OPTIONS;
  const idle = OPTIONS.find(({ name }) =>
    args.has(name) && others.some((other) => other.name === name)
  );
  if (idle === undefined) return;
  throw new UsageError(`--${idle.name} has no effect with "fwknop ${action}"`);
}

/** Makes keys and prints the stanza; with a name, saves the target too. */
async function generate(name: string | undefined, context: FwknopContext): Promise<number> {
  const { args, out, ports } = context;
  ports.dropPermissions(["run"]);
  const opens = args.read("open", (text) => [...checkAccess(parseServices(text))]) ?? DEFAULT_OPENS;
  const openForMs = args.read("open-for", (text) => {
    const ms = parseDuration(text);
    checkTimeout(ms / 1_000);
    return ms;
  });
  const timeout = (openForMs ?? FWKNOP_OPEN_FOR_MS) / 1_000;
  const port = args.read("port", parsePort);
  const host = args.read("host", parseHost);
  if (name === undefined) {
    ports.dropPermissions(["write"]);
    if (host !== undefined || port !== undefined) {
      const idle = host === undefined ? "port" : "host";
      throw new UsageError(`--${idle} has no effect without TARGET`, {
        hint: "name the new target: spknock fwknop keygen TARGET --host HOST",
      });
    }
    const keys = makeFwknopKeys();
    warnOfKeys(context);
    printStanza(renderStanza({ ...keys, opens, timeout }), context, {
      key: keys.key,
      hmac_key: keys.hmacKey,
    });
    return EXIT.done;
  }
  asUsageError(() => parseTargetName(name));
  if (host === undefined) {
    throw new UsageError(`missing option --host: where is the fwknopd of "${name}"?`, {
      hint: `for example: spknock fwknop keygen ${name} --host fw.example.com --open 22/tcp`,
    });
  }
  refuseLegacy(await loadForAdding(context));
  const file = await targetsPath(context);
  const request = { name, host, opens, port, openForMs };
  const { warnings, ...made } = await makeFwknopDoor(request, { file, fs: ports.fs });
  noteWarnings(warnings, context);
  out.say(
    `made the keys ${sanitize(made.keyFile)} and ${sanitize(made.hmacKeyFile)}: ` +
      `only their owner can read them\nsaved ${name} in ${sanitize(file)}\n`,
  );
  warnOfKeys(context);
  printStanza(renderStanza({ ...made, name, opens, timeout, port }), context, {
    target: name,
    file,
    key_file: made.keyFile,
    hmac_key_file: made.hmacKeyFile,
  });
  return EXIT.done;
}
