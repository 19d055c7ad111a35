import { assertEquals } from "@std/assert";
import * as model from "../../src/gate/model.ts";
import * as rules from "../../src/rules/limits.ts";

Deno.test("the rules and the model go by the same numbers", () => {
  assertEquals(rules.BAN_RULE, model.BAN_RULE);
  assertEquals(rules.SET_SIZE, model.SET_SIZE);
});
