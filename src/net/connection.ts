/** What every part of the program knows about a TCP connection. */

/** Where a TCP packet goes, and from where. */
export interface Endpoint {
  address: string;
  /** 1..65535 */
  port: number;
  source?: string | undefined;
  /** How it shares the room for sockets; see `room.ts`. */
  turn?: SocketTurn | undefined;
}

/** One of several connections that ask the same question. */
export interface SocketTurn {
  /** Whether another one is under way, so that this one can wait for room. */
  isSpare: boolean;
  /** Called when one that is not spare has to wait. */
  onWait(): void;
}

/** A knock of one SYN or, with a payload, of a connection that carries it. */
export interface SynKnock extends Endpoint {
  /** Nothing else is sent where it is empty or undefined. */
  payload?: Uint8Array | undefined;
  /** Milliseconds that the handshake may take; a bare SYN where undefined. */
  handshakeMs?: number | undefined;
  /** Whether the caller wants to know where the packet came from. */
  isTraced?: boolean | undefined;
}

/** What is known about a packet that left. */
export interface SentPacket {
  /** The local address; undefined where that is not certain, or was not asked for. */
  address?: string | undefined;
  /** The local port. */
  port?: number | undefined;
  /** The error that says that it cannot arrive; undefined where there is none so far. */
  unreachable?: unknown;
}

/** An open connection: what probes and the relay need of one. */
export interface TcpConnection {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array<ArrayBufferLike>>;
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}
