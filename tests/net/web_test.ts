import { assertEquals, assertRejects } from "@std/assert";
import { fetchText } from "../../src/net/web.ts";

/** Answers on loopback. */
async function withServer(
  handler: (request: Request) => Response,
  work: (url: string) => Promise<void>,
): Promise<void> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  await work(`http://127.0.0.1:${server.addr.port}/`);
}

const { signal } = new AbortController();

Deno.test("fetchText: the answer", async () => {
  await withServer(() => new Response("192.0.2.1\n"), async (url) => {
    assertEquals(await fetchText(url, signal), "192.0.2.1\n");
  });
});

Deno.test("fetchText: no more than the start of an answer without end", async () => {
  const endless = () =>
    new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) });
  await withServer(() => new Response(endless()), async (url) => {
    assertEquals((await fetchText(url, signal)).length < 200_000, true);
  });
});

Deno.test("fetchText: a status that is an error", async () => {
  await withServer(() => new Response("192.0.2.1", { status: 503 }), async (url) => {
    await assertRejects(() => fetchText(url, signal), Error, "status 503");
  });
});
