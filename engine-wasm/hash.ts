// SipHash-1-3 of a key, seeded per memory: partition texts are the attacker's, so nobody may choose collisions.

import { header } from './layout';

/** Returns the 64-bit hash of a key number and `length` bytes at `at`. */
export function hashOf(keyId: u32, at: u32, length: u32): u64 {
  let v0: u64 = header().seed0 ^ 0x736f6d6570736575;
  let v1: u64 = header().seed1 ^ 0x646f72616e646f6d;
  let v2: u64 = header().seed0 ^ 0x6c7967656e657261;
  let v3: u64 = header().seed1 ^ 0x7465646279746573;
  const end = at + (length & ~7);
  // Word 0 is the key number, then the whole words, then the rest with the length in its top byte; after them
  // three rounds without input. One loop, because a round must not be a function of four results.
  let word: u64 = u64(keyId) | (u64(length) << 32);
  let left: i32 = 2 + 3;
  while (left > 0) {
    v3 ^= word;
    v0 += v1; v1 = rotl(v1, 13); v1 ^= v0; v0 = rotl(v0, 32);
    v2 += v3; v3 = rotl(v3, 16); v3 ^= v2;
    v0 += v3; v3 = rotl(v3, 21); v3 ^= v0;
    v2 += v1; v1 = rotl(v1, 17); v1 ^= v2; v2 = rotl(v2, 32);
    v0 ^= word;
    if (at < end) {
      word = load<u64>(at);
      at += 8;
    } else {
      left--;
      if (left == 4) word = lastWord(at, length);
      else {
        if (left == 3) v2 ^= 0xff;
        word = 0;
      }
    }
  }
  return v0 ^ v1 ^ v2 ^ v3;
}

function lastWord(at: u32, length: u32): u64 {
  let word: u64 = u64(length) << 56;
  const rest = length & 7;
  for (let i: u32 = 0; i < rest; i++) word |= u64(load<u8>(at + i)) << (i * 8);
  return word;
}
