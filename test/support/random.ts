// Seeded randomness for comparisons: the same seed gives the same texts.

/**
 * The seed of random tests, printed when one fails: PALISADE_SEED, else always the same, so that a run says something about
 * the code and not about the day. `PALISADE_SEED=random` takes another one each time, to look further.
 */
export function testSeed(): number {
  const wanted = process.env['PALISADE_SEED'] ?? '20261123';
  return wanted === 'random' ? Date.now() % 1_000_000_007 : Number(wanted);
}

/** Returns one of the items. */
export function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)];
}

/** Returns a text with a few bytes dropped, replaced, doubled or cut off; the result need not be valid UTF-8. */
export function mutate(random: () => number, text: Buffer): Buffer {
  let bytes = [...text];
  for (let left = 1 + Math.floor(random() * 4); left > 0 && bytes.length > 0; left--) {
    const at = Math.floor(random() * bytes.length);
    const way = random();
    if (way < 0.3) bytes.splice(at, 1);
    else if (way < 0.7) bytes[at] = pick(random, [0x20, 0x30, 0x3a, 0x2e, 0x22, 0x5b, 0x5d, 0x0d, 0x00, 0x80, 0xc3, 0xff]);
    else if (way < 0.9) bytes.splice(at, 0, ...bytes.slice(at, at + 8));
    else bytes = bytes.slice(0, at);
  }
  return Buffer.from(bytes);
}
