/** Archives that are the same bytes for the same files: in the given order, with one time for all. */
import { zipSync } from "fflate";
import { packTar } from "modern-tar";

/** A file of an archive. */
export interface ArchiveFile {
  /** From the archive's root, with slashes. */
  path: string;
  bytes: Uint8Array<ArrayBuffer>;
  isExecutable?: boolean;
}

/** Returns a .tar.gz; its files belong to root. */
export async function makeTarGz(
  files: readonly ArchiveFile[],
  time: Date,
): Promise<Uint8Array<ArrayBuffer>> {
  const tar = await packTar(
    files.map(({ path, bytes, isExecutable = false }) => ({
      header: {
        name: path,
        size: bytes.length,
        type: "file",
        mode: isExecutable ? 0o755 : 0o644,
        mtime: time,
        uid: 0,
        gid: 0,
        uname: "root",
        gname: "root",
      },
      body: bytes,
    })),
  );
  const packed = new Blob([tar]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** Returns a .zip. */
export function makeZip(files: readonly ArchiveFile[], time: Date): Uint8Array<ArrayBuffer> {
  // A zip file has local times; the fields of UTC make it the same in every time zone.
  const mtime = new Date(
    time.getUTCFullYear(),
    time.getUTCMonth(),
    time.getUTCDate(),
    time.getUTCHours(),
    time.getUTCMinutes(),
    time.getUTCSeconds(),
  );
  return zipSync(Object.fromEntries(files.map(({ path, bytes }) => [path, [bytes, { mtime }]])));
}
