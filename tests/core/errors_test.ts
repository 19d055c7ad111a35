import { assertEquals } from "@std/assert";
import {
  CancelledError,
  ConfigError,
  NetworkError,
  renderProblem,
  SecretError,
  SpknockError,
  UsageError,
} from "../../src/core/errors.ts";

Deno.test("every error has a stable code, a name and a hint", () => {
  const cases: [SpknockError, string, string][] = [
    [new UsageError("m"), "usage", "UsageError"],
    [new UsageError("m", { code: "unknown_target" }), "unknown_target", "UsageError"],
    [new ConfigError([]), "config", "ConfigError"],
    [new NetworkError("m"), "network", "NetworkError"],
    [new NetworkError("m", { code: "resolve" }), "resolve", "NetworkError"],
    [new SecretError("m"), "secret", "SecretError"],
    [new CancelledError(), "cancelled", "CancelledError"],
  ];
  for (const [error, code, name] of cases) {
    assertEquals([error.code, error.name, error.hint], [code, name, undefined]);
    assertEquals(error instanceof SpknockError && error instanceof Error, true);
    assertEquals("cause" in error, false);
  }
  const cause = new Error("below");
  const error = new SecretError("m", { hint: "h", cause });
  assertEquals([error.hint, error.cause], ["h", cause]);
});

Deno.test("problems are written as FILE:LINE: KEY: what is wrong", () => {
  const problems = [
    { file: "t.toml", line: 3, key: "targets.home.host", message: "is wrong" },
    { file: "t.toml", line: 4, message: "is wrong too" },
    { file: "t.toml", message: "cannot be read" },
  ];
  const lines = [
    "t.toml:3: targets.home.host: is wrong",
    "t.toml:4: is wrong too",
    "t.toml: cannot be read",
  ];
  assertEquals(problems.map(renderProblem), lines);
  assertEquals(new ConfigError(problems).message, lines.join("\n"));
});
