/**
 * Sends TCP knocks inside a network namespace: the arguments are one JSON array of places, knocked on
 * one after the other, and then as many times as the second argument says, all at once. Stays for as
 * many milliseconds as the third says, so that whatever would be retransmitted is.
 */
import type { Endpoint } from "../../src/net/connection.ts";
import { sendSyn } from "../../src/net/tcp.ts";

const [json = "[]", rounds = "0", stayMs = "0"] = Deno.args;
const places = JSON.parse(json) as Endpoint[];
for (const place of places) await sendSyn(place);
await Promise.all(Array.from({ length: Number(rounds) }, () => places.map(sendSyn)).flat());
await new Promise((resolve) => setTimeout(resolve, Number(stayMs)));
