import { assertEquals } from "@std/assert";
import { hashPassphrase } from "../../src/secret/payload.ts";
import { textOf } from "../fakes.ts";
import { table } from "../table.ts";

table("hashPassphrase: the 64 lowercase hex digits of the SHA-256", {
  "MikroTik": "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad",
  "is": "fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6",
  "awesome": "705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c",
  "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "žluťoučký kůň 🔑": "107447da44568129679de457fd1d18d1390e8ed27b36c829fd074068202689dc",
  "two words ": "aa2fc7529d0b7d5a0c77b0dfed01072b2241a7da5eb5df89ecd16e6f9f8bdc76",
}, async (hash, passphrase) => {
  assertEquals(textOf(await hashPassphrase(passphrase)), hash);
  assertEquals(textOf(await hashPassphrase(new TextEncoder().encode(passphrase))), hash);
});

Deno.test("hashPassphrase: bytes that are not UTF-8 are hashed as they are", async () => {
  const bytes = new Uint8Array([0xff, 0x00, 0x80]).subarray(0, 2);
  assertEquals(
    textOf(await hashPassphrase(bytes)),
    "ea5dbf9596d187e9500f23e9a680109475341cf4e81f7e043f7d97152c10772f",
  );
});
