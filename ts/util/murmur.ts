// MurmurHash3, the variant for x86 with 32 bits, by Austin Appleby (public domain): fast and well mixed, for checksums and
// tables. Not a secret: anybody can make two texts with one hash.

const scratch = Buffer.alloc(1024);

/** Returns the hash of a text's UTF-8 bytes, from 0 to 2^32 - 1. */
export function murmur3(text: string, seed: number): number {
  const needed = text.length * 3;
  if (needed > scratch.length) {
    const bytes = Buffer.from(text);
    return murmur3Bytes(bytes, bytes.length, seed);
  }
  return murmur3Bytes(scratch, writeText(text), seed);
}

/** As murmur3, of the first `length` bytes. */
export function murmur3Bytes(bytes: Uint8Array, length: number, seed: number): number {
  let hash = seed | 0;
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const block = bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
    hash ^= scramble(block);
    hash = hash << 13 | hash >>> 19;
    hash = Math.imul(hash, 5) + 0xe6546b64 | 0;
  }
  let tail = 0;
  for (let at = length - 1; at >= whole; at--) tail = tail << 8 | bytes[at];
  if (whole < length) hash ^= scramble(tail);
  hash ^= length;
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul(mixed << 15 | mixed >>> 17, 0x1b873593);
}

/** Writes into the scratch buffer and returns how many bytes: one call into the runtime costs more than a short loop. */
function writeText(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return scratch.write(text);
    scratch[at] = code;
  }
  return text.length;
}
