import { assertEquals } from "@std/assert";
import { listProgramPaths } from "../../../src/core/system/programs.ts";
import { table } from "../../table.ts";

table<[os: string, program: string, env: Record<string, string>, paths: readonly string[]]>(
  "listProgramPaths",
  {
    "Linux": ["linux", "pass", { PATH: "/usr/bin::/bin" }, [
      "/usr/bin/pass",
      "./pass",
      "/bin/pass",
    ]],
    "macOS, a path": ["darwin", "/opt/pass", { PATH: "/bin" }, ["/opt/pass"]],
    "Linux, where a backslash is a letter": ["linux", "a\\b", { PATH: "/bin" }, ["/bin/a\\b"]],
    "Windows": ["windows", "pass", { PATH: 'C:\\bin\\;"D:\\my bin"', PATHEXT: ".EXE;.CMD" }, [
      "C:\\bin\\pass",
      "C:\\bin\\pass.exe",
      "C:\\bin\\pass.cmd",
      "D:\\my bin\\pass",
      "D:\\my bin\\pass.exe",
      "D:\\my bin\\pass.cmd",
    ]],
    "Windows, a path": ["windows", "C:\\bin\\pass", { PATHEXT: ".EXE" }, [
      "C:\\bin\\pass",
      "C:\\bin\\pass.exe",
    ]],
  },
  ([os, program, env, paths]) => {
    assertEquals(listProgramPaths(program, { os, env: (name) => env[name] }), [...paths]);
  },
);
