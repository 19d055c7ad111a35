/**
 * A short name of a payload, for people who compare two sides: the first 8 hex digits of the SHA-256 of
 * the bytes that are sent. It is computed here, because the system's own digest is asynchronous and
 * rules are rendered in one piece.
 */

/** Returns the fingerprint of a payload: 8 hex digits. */
export function fingerprintPayload(payload: Uint8Array): string {
  return hashBytes(payload).slice(0, 4).toHex();
}

/** The first 32 bits of the fractional part of a root of the first primes (FIPS 180-4, 4.2.2, 5.3.3). */
function makeConstants(count: number, root: number): Uint32Array {
  const constants = new Uint32Array(count);
  let index = 0;
  for (let number = 2; index < count; number++) {
    if (!isPrime(number)) continue;
    const value = root === 2 ? Math.sqrt(number) : Math.cbrt(number);
    constants[index++] = Math.floor((value % 1) * 2 ** 32);
  }
  return constants;
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) {
    if (number % divisor === 0) return false;
  }
  return true;
}

/** SHA-256 (FIPS 180-4, 6.2). */
function hashBytes(bytes: Uint8Array): Uint8Array {
  const rounds = makeConstants(64, 3);
  const state = makeConstants(8, 2);
  const view = pad(bytes);
  for (let at = 0; at < view.byteLength; at += 64) addBlock(state, view, { at, rounds });
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, index) => digest.setUint32(4 * index, word));
  return new Uint8Array(digest.buffer);
}

/** The message, a 1 bit, zeros, and its length in bits (5.1.1). */
function pad(bytes: Uint8Array): DataView {
  const length = Math.ceil((bytes.length + 9) / 64) * 64;
  const padded = new Uint8Array(length);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(length - 8, BigInt(bytes.length) * 8n);
  return view;
}

function addBlock(
  state: Uint32Array,
  view: DataView,
  { at, rounds }: { at: number; rounds: Uint32Array },
): void {
  const words = new Uint32Array(64);
  const word = (index: number) => words[index] ?? 0;
  for (let index = 0; index < 64; index++) {
    const [near, far] = [word(index - 15), word(index - 2)];
    words[index] = index < 16
      ? view.getUint32(at + 4 * index)
      : word(index - 16) + (rotate(near, 7) ^ rotate(near, 18) ^ near >>> 3) +
        word(index - 7) + (rotate(far, 17) ^ rotate(far, 19) ^ far >>> 10);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let index = 0; index < 64; index++) {
    const one = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (e & f ^ ~e & g) +
      (rounds[index] ?? 0) + word(index);
    const two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + (a & b ^ a & c ^ b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, index) => state[index] = (state[index] ?? 0) + value);
}

function rotate(value: number, by: number): number {
  return value >>> by | value << (32 - by);
}
