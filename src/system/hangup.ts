/** SIGHUP: the terminal was closed, or the session ended. */
import { hasHangup } from "./signals.ts";

/** Succeeds only where SIGHUP is ignored: a shell keeps what it inherits, and dies of it elsewhere. */
const ASK = "kill -HUP $$; exit 0";

/** Calls `end` at SIGHUP, unless we were started to survive it (nohup). Needs the permission to run. */
export async function onHangup(end: () => void, { os }: { os: string }): Promise<void> {
  if (!hasHangup(os) || await isHangupIgnored()) return;
  Deno.addSignalListener("SIGHUP", end);
}

/** Deno can neither ask for the disposition of a signal nor read it from /proc. */
async function isHangupIgnored(): Promise<boolean> {
  try {
    const shell = new Deno.Command("/bin/sh", { args: ["-c", ASK], stdin: "null" });
    return (await shell.output()).success;
  } catch {
    return false;
  }
}
