/** What every part of the program knows about a TCP connection. */

/** Where a TCP packet goes, and from where. */
export interface Endpoint {
  address: string;
  /** 1..65535 */
  port: number;
  source?: string | undefined;
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
