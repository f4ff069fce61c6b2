import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { intervalOf, networksOf, united, without, type AddressIntervals } from '../../../lapi/blocklists/intervals.js';
import { ipFromBigInt, prefixOf } from '../../../ts/util/ip.js';
import { testSeed } from '../../support/random.js';

describe('intervals of addresses', () => {
  const cases: [name: string, from: string[], taken: string[], joins: boolean, networks: string[]][] = [
    ['neighbours join', ['1.2.3.0', '1.2.3.1', '1.2.3.2', '1.2.3.3'], [], true, ['1.2.3.0/30']],
    ['neighbours stay apart when not wanted', ['1.2.3.0', '1.2.3.1'], [], false, ['1.2.3.0', '1.2.3.1']],
    ['what lies inside disappears', ['1.2.3.0/24', '1.2.3.7', '1.2.3.64/26'], [], false, ['1.2.3.0/24']],
    ['one address inside a network splits it', ['1.2.3.0/30'], ['1.2.3.1'], true, ['1.2.3.0', '1.2.3.2/31']],
    ['what is taken may cover several', ['1.2.3.1', '1.2.3.2', '1.2.4.0/24', '1.2.5.1'], ['1.2.3.0/24', '1.2.4.0/24'], true, ['1.2.5.1']],
    ['all of IPv4 but its first and last half', ['0.0.0.0/0'], ['0.0.0.0/2', '192.0.0.0/2'], true, ['64.0.0.0/2', '128.0.0.0/2']],
    ['the whole of IPv4', ['0.0.0.0/0'], [], true, ['0.0.0.0/0']],
    ['IPv6 splits and joins too', ['2001:db8::/126', '2001:db8::4/126'], ['2001:db8::1'], true,
      ['2001:db8::', '2001:db8::2/127', '2001:db8::4/126']],
    ['the whole of IPv6', ['::/0'], [], true, ['::/0']],
    ['the last address of IPv6', ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127'], [], true, ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127']],
  ];
  for (const [name, from, taken, joins, networks] of cases) {
    test(name, () => {
      assert.deepEqual([...networksOf(without(united(read(from), joins), united(read(taken), true)))], networks);
    });
  }

  test('are what single addresses say, on random networks', () => {
    const seed = testSeed();
    const random = seeded(seed);
    for (let round = 0; round < 300; round++) {
      const version = random() < 0.5 ? 4 : 6;
      // A space of 256 addresses at the end of the whole one, so that the last address is met.
      const base = version === 4 ? 2n ** 32n - 256n : 2n ** 128n - 256n;
      const pick = (): string => {
        const bits = Math.floor(random() * 6);
        const first = base + (BigInt(Math.floor(random() * 256)) >> BigInt(bits) << BigInt(bits));
        return `${ipFromBigInt(first, version)}/${(version === 4 ? 32 : 128) - bits}`;
      };
      const from = Array.from({ length: Math.floor(random() * 20) }, pick);
      const taken = Array.from({ length: Math.floor(random() * 8) }, pick);
      const covered = (texts: Iterable<string>): Set<bigint> => new Set([...texts].flatMap((text) => {
        const { first, last } = prefixOf(text)!;
        return Array.from({ length: Number(last.toBigInt() - first.toBigInt()) + 1 }, (_, index) => first.toBigInt() + BigInt(index));
      }));
      const gone = covered(taken);
      const wanted = [...covered(from)].filter((address) => !gone.has(address)).sort();
      for (const joins of [true, false]) {
        const found = [...networksOf(without(united(read(from), joins), united(read(taken), true)))];
        assert.deepEqual([...covered(found)].sort(), wanted, `seed ${seed}, round ${round}`);
        assert.equal(found.reduce((sum, text) => sum + covered([text]).size, 0), wanted.length, `overlap, seed ${seed}, round ${round}`);
      }
      const count = [...networksOf(united(read(from), true))].length;
      assert.ok(count <= [...networksOf(united(read(from), false))].length, `seed ${seed}, round ${round}`);
    }
  });
});

function read(texts: readonly string[]): AddressIntervals {
  const entries = texts.map((text) => intervalOf(prefixOf(text)!));
  return { v4: entries.flatMap((entry) => entry.version === 4 ? [entry.interval] : []),
    v6: entries.flatMap((entry) => entry.version === 6 ? [entry.interval] : []) };
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
