/** Where a packet of a script that calls libc goes, or comes from. */

/** The address family of IPv4 (Linux). */
export const AF_INET = 2;

/** Returns a struct sockaddr_in: the port at 2, the address at 4. */
export function makePlace(address: string, port: number): Uint8Array<ArrayBuffer> {
  const place = new Uint8Array(16);
  place[0] = AF_INET;
  new DataView(place.buffer).setUint16(2, port);
  place.set(address.split(".").map(Number), 4);
  return place;
}
