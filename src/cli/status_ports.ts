/** Where the status line gives way: to other output, and to programs that may ask on the terminal. */
import type { StatusLine } from "../output/status_line.ts";
import type { CliPorts } from "./ports.ts";

/** Returns the ports of a run that has this status line. */
export function shareTerminal(ports: CliPorts, status: StatusLine): CliPorts {
  /** Programs that gave a secret: what unlocks them has been asked for. */
  const unlocked = new Set<string | undefined>();
  return {
    ...ports,
    stdout: status.watch(ports.stdout),
    stderr: status.watch(ports.stderr),
    runAttached: (...call) => status.silence(() => ports.runAttached(...call)),
    async runProgram(command, options) {
      const [program] = command;
      const run = () => ports.runProgram(command, options);
      if (options.interactive !== true || unlocked.has(program)) return await run();
      const result = await status.silence(run);
      if (result.code === 0) unlocked.add(program);
      return result;
    },
  };
}
