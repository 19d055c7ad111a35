/** What `agent.ts` and the tests say to each other, and the tests' end of it. */

/** A packet for an agent to send. */
export interface SendItem {
  /** Any address: the packet is raw. */
  source: string;
  host: string;
  protocol: "tcp" | "udp" | "icmp";
  port: number;
  /** A new one for every packet where undefined. */
  sourcePort?: number | undefined;
  payloadHex?: string | undefined;
  flags?: "syn" | "ecn" | "other" | undefined;
  icmpType?: number | undefined;
  /** The packet is sent in fragments of as many bytes. */
  fragmentBytes?: number | undefined;
  /** Milliseconds after the first packet of the request; at once where undefined. */
  atMs?: number | undefined;
}

/** A line to the agent. */
export type AgentRequest =
  & { id: number }
  & (
    | { op: "send"; items: readonly SendItem[] }
    | {
      op: "connect";
      source?: string | undefined;
      host: string;
      port: number;
      timeoutMs: number;
      hold?: boolean | undefined;
    }
    | { op: "say"; connection: number; timeoutMs: number }
    | { op: "listen"; port: number }
  );

/** A line from the agent. */
export interface AgentAnswer {
  id: number;
  result?: unknown;
  error?: string;
}

type WithoutId<Type> = Type extends unknown ? Omit<Type, "id"> : never;

/** What came of an attempt to connect. */
export type ConnectState = "open" | "refused" | "silent";

/** A connection that the agent keeps open. */
export interface HeldConnection {
  /** Whether the other side still echoes. */
  isAlive(timeoutMs: number): Promise<boolean>;
}

/** An agent in a namespace. */
export interface Agent {
  /** Sends raw packets in order; resolves to the milliseconds, from the first, when each left. */
  send(items: readonly SendItem[]): Promise<number[]>;
  /** Tries a TCP connection and closes it again. */
  connect(place: ConnectPlace): Promise<ConnectState>;
  /** Opens a TCP connection and keeps it; throws where it does not open. */
  hold(place: ConnectPlace): Promise<HeldConnection>;
  /** Listens on a TCP port of every address and echoes what comes. */
  listen(port: number): Promise<void>;
  /** Stops the process. */
  stop(): Promise<void>;
}

/** Where to connect to. */
export interface ConnectPlace {
  /** An address of the agent's namespace; the kernel's choice where undefined. */
  source?: string | undefined;
  host: string;
  port: number;
  /** 300 where undefined: below the kernel's first retransmission (1 s). */
  timeoutMs?: number | undefined;
}

const CONNECT_TIMEOUT_MS = 300;

/** Speaks to an agent process with piped stdin and stdout. */
export function linkAgent(process: Deno.ChildProcess): Agent {
  const writer = process.stdin.getWriter();
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let nextId = 0;
  const reading = readAnswers(process, pending);

  async function ask(request: WithoutId<AgentRequest>): Promise<{ id: number; result: unknown }> {
    const id = ++nextId;
    const answer = Promise.withResolvers<unknown>();
    pending.set(id, answer);
    await writer.write(new TextEncoder().encode(`${JSON.stringify({ id, ...request })}\n`));
    return { id, result: await answer.promise };
  }

  async function connect(place: ConnectPlace, hold: boolean) {
    const timeoutMs = place.timeoutMs ?? CONNECT_TIMEOUT_MS;
    return await ask({ op: "connect", ...place, timeoutMs, hold });
  }

  return {
    send: async (items) => (await ask({ op: "send", items })).result as number[],
    connect: async (place) => (await connect(place, false)).result as ConnectState,
    async hold(place) {
      const { id, result } = await connect(place, true);
      if (result !== "open") throw new Error(`${place.host}:${place.port} is ${result}`);
      return {
        isAlive: async (timeoutMs) =>
          (await ask({ op: "say", connection: id, timeoutMs })).result as boolean,
      };
    },
    async listen(port) {
      await ask({ op: "listen", port });
    },
    async stop() {
      await writer.close().catch(() => {});
      await reading;
      await process.status;
    },
  };
}

async function readAnswers(
  process: Deno.ChildProcess,
  pending: Map<number, PromiseWithResolvers<unknown>>,
): Promise<void> {
  let rest = "";
  for await (const chunk of process.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { id, result, error } = JSON.parse(line) as AgentAnswer;
      const waiting = pending.get(id);
      pending.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    }
  }
  for (const waiting of pending.values()) waiting.reject(new Error("the agent ended"));
}
