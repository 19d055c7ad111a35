/**
 * Returns the path of a `file:` URL, as the system writes it: `C:\a` of `file:///C:/a`, `\\nas\a` of `file://nas/a`.
 * `fileURLToPath` would start Deno's Node layer.
 */
export function toFilePath(url: string, os: string): string {
  const { pathname, hostname } = new URL(url);
  const path = decodeURIComponent(pathname);
  if (os !== "windows") return path;
  const host = hostname === "" ? "" : `\\\\${hostname}`;
  return host + path.replace(/^\/(?=[A-Za-z]:)/, "").replaceAll("/", "\\");
}
