/** Sends wrong one-time codes as fast as it can: `HOST PORT COUNT`. */
import { AF_INET, makePlace } from "../../tests/kernel/sockaddr.ts";

const [host = "", port = "", count = ""] = Deno.args;
const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
});
const SOCK_DGRAM = 2;
const fd = libc.symbols.socket(AF_INET, SOCK_DGRAM, 0);
const place = makePlace(host, Number(port));
const digits = crypto.getRandomValues(new Uint8Array(32_768)).toHex();
const random = new TextEncoder().encode(digits);
for (let sent = 0; sent < Number(count); sent++) {
  const at = sent % (random.length - 32);
  libc.symbols.sendto(fd, random.subarray(at, at + 32), 32n, 0, place, place.length);
}
