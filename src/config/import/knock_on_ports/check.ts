/** The app's check of a door as the port that it opens, or a probe; it does not change the knock. */
import { isSameHost } from "../../../core/target.ts";
import type { TargetDraft } from "../../target/keys.ts";
import { APP_TRIES, CHECK_S, MAX_APP_TRIES, MAX_CHECK_S, WORDS } from "./format.ts";
import type { JsonPlace } from "./json.ts";

/** The settings that a check becomes. */
type CheckSettings = Partial<Pick<TargetDraft, "opens" | "probes" | "timeoutMs" | "tries">>;

/** Returns the settings that the check of a sequence is; none where there is no check. */
export function readCheck(place: JsonPlace, host: string): CheckSettings {
  if (place.at("checkAccess").readBoolean() !== true) return {};
  const seconds = place.at("check_timeout").readInteger() ?? CHECK_S;
  const tries = place.at("check_max_retries").readInteger() ?? APP_TRIES;
  const isRepeated = place.at("check_post_knock").readBoolean() === true;
  const found = readQuestion(place, host);
  if (found === undefined) return {};
  return {
    ...found,
    timeoutMs: clamp(seconds, MAX_CHECK_S) * 1_000,
    tries: isRepeated ? clamp(tries, MAX_APP_TRIES) : 1,
  };
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 1), max);
}

/** Returns what is asked; undefined, with a remark, where it is not the host that is knocked on. */
function readQuestion(place: JsonPlace, host: string): CheckSettings | undefined {
  const at = place.at("check_host");
  const asked = at.readText()?.trim() ?? "";
  const type = place.at("check_type").readChoice(WORDS.check_type, "URL");
  const url = type === "URL" ? URL.parse(asked) : null;
  const isWeb = url !== null && /^https?:$/.test(url.protocol) && url.username === "" &&
    url.password === "";
  const name = type === "URL" ? url?.hostname.replace(/^\[(.*)\]$/, "$1") ?? "" : asked;
  const port = place.at("check_port").readInteger() ?? 0;
  const isPort = port >= 1 && port <= 65_535;
  if (type === undefined) return undefined;
  if (
    name === "" || !isSameHost(name, host) || (type === "URL" ? !isWeb : type === "PORT" && !isPort)
  ) {
    at.remark("the app's check is left out: it does not ask the host that is knocked on");
    return undefined;
  }
  if (type === "PORT") return { opens: [{ port, protocol: "tcp" }] };
  return { probes: [type === "URL" ? { type: "http", url: asked } : { type: "ping" }] };
}
