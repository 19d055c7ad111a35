/** Where a system looks for a program. */

/**
 * Returns the paths at which a program may be, in the order in which they are tried: in the folders of `PATH`, unless
 * its name has a folder; on Windows with the endings of `PATHEXT` as well, unless its name has one.
 */
export function listProgramPaths(
  program: string,
  { env, os }: { env: (name: string) => string | undefined; os: string },
): string[] {
  const isWindows = os === "windows";
  const folders = (isWindows ? /[/\\]/ : /\//).test(program)
    ? [""]
    : (env("PATH") ?? "").split(isWindows ? ";" : ":").map((folder) => toPrefix(folder, os));
  const endings = isWindows && !/\.\w+$/.test(program)
    ? (env("PATHEXT") || ".COM;.EXE;.BAT;.CMD").toLowerCase()
    : "";
  return folders.flatMap((folder) =>
    ["", ...endings.split(";").filter((each) => each !== "")]
      .map((ending) => `${folder}${program}${ending}`)
  );
}

/** An empty folder of `PATH` is the current one; on Windows one may be in quotes. */
function toPrefix(folder: string, os: string): string {
  if (os !== "windows") return `${folder || "."}/`;
  return `${folder.replaceAll('"', "").replace(/[/\\]$/, "") || "."}\\`;
}
