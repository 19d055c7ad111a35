/** A real knockd in the server's namespace. */
import type { Namespace } from "./lab.ts";

/** Starts a knockd with this file, and waits until its capture is open. */
export async function startKnockd(server: Namespace, file: string): Promise<Deno.ChildProcess> {
  const knockd = server.spawn(["knockd", "-i", server.device, "-c", file]);
  const started = "until [ $(wc -l < /proc/net/packet) -gt 1 ]; do sleep 0.05; done";
  await server.run(["sh", "-c", started]);
  return knockd;
}
