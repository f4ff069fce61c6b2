// An interval of addresses as the fewest networks that make it up, for those who know networks only.

/** A network by its first number and its prefix length. */
export interface Network {
  readonly first: bigint;
  readonly bits: number;
}

/** Returns the networks of [first, last] in order; `width` is 32 or 128. None is wider than `bitsMin`: ipset has no /0. */
export function cidrsOf(first: bigint, last: bigint, width: number, bitsMin = 0): Network[] {
  const networks: Network[] = [];
  let at = first;
  while (at <= last) {
    let bits = width;
    // As wide as the alignment of `at` and what is left allow.
    while (bits > bitsMin && (at & ((1n << BigInt(width - bits + 1)) - 1n)) === 0n
      && at + (1n << BigInt(width - bits + 1)) - 1n <= last) bits--;
    networks.push({ first: at, bits });
    at += 1n << BigInt(width - bits);
  }
  return networks;
}
