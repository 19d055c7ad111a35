import { assertEquals } from "@std/assert";
import { fingerprintPayload } from "../../src/core/fingerprint.ts";

Deno.test("fingerprintPayload: the first digits of the system's own SHA-256, for every length of padding", async () => {
  const all = crypto.getRandomValues(new Uint8Array(200));
  for (let length = 0; length <= all.length; length++) {
    const bytes = all.slice(0, length);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    assertEquals(fingerprintPayload(bytes), digest.slice(0, 8), `${length} bytes`);
  }
});
