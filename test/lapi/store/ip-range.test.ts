import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, test } from 'node:test';
import { parseIpRange, rangeContains } from '../../../lapi/store/ip-range.js';
import { testSeed } from '../../support/random.js';

const max = 2n ** 63n - 1n;

describe('addresses as numbers', () => {
  const cases: [text: string, size: number, start: bigint, startSuffix: bigint, end: bigint, endSuffix: bigint][] = [
    ['0.0.0.0', 4, -max, -max, -max, -max],
    ['1.2.3.4', 4, 0x01020304n - max, -max, 0x01020304n - max, -max],
    ['::ffff:1.2.3.4', 4, 0x01020304n - max, -max, 0x01020304n - max, -max],
    ['1.2.3.4/24', 4, 0x01020300n - max, -max, 0x010203ffn - max, -max],
    ['0.0.0.0/0', 4, -max, -max, 0xffffffffn - max, -max],
    ['::1', 16, -max, 1n - max, -max, 1n - max],
    ['2001:db8::/32', 16, 0x20010db800000000n - max, -max, 0x20010db8ffffffffn - max, max],
    // The value in the middle is 0, and the topmost shares its place with its neighbour.
    ['7fff:ffff:ffff:ffff::', 16, 0n, -max, 0n, -max],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 16, max, max, max, max],
  ];
  for (const [text, size, start, startSuffix, end, endSuffix] of cases) {
    test(text, () => assert.deepEqual(parseIpRange(text), { size, start, startSuffix, end, endSuffix }));
  }
});

describe('what is no address is refused in CrowdSec\'s words', () => {
  const cases = {
    zz: "invalid ip address 'zz'", '': "invalid ip address ''", '1.2.3': "invalid ip address '1.2.3'",
    '01.2.3.4': "invalid ip address '01.2.3.4'", '1.2.3.256': "invalid ip address '1.2.3.256'",
    ':::': "invalid ip address ':::'", '1::2::3': "invalid ip address '1::2::3'", '1:2:3:4:5:6:7': "invalid ip address '1:2:3:4:5:6:7'",
    '1:2:3:4:5:6:7:8::': "invalid ip address '1:2:3:4:5:6:7:8::'", 'fe80::1%eth0': "invalid ip address 'fe80::1%eth0'",
    '1.2.3.4/33': "invalid ip range '1.2.3.4/33': invalid CIDR address: 1.2.3.4/33",
    '1.2.3.4/': "invalid ip range '1.2.3.4/': invalid CIDR address: 1.2.3.4/",
    '::/129': "invalid ip range '::/129': invalid CIDR address: ::/129",
  };
  for (const [text, message] of Object.entries(cases)) {
    test(JSON.stringify(text), () => assert.throws(() => parseIpRange(text), { message }));
  }
});

test('containment agrees with the block list of Node on random ranges', () => {
  const seed = testSeed();
  const random = seeded(seed);
  for (let round = 0; round < 3000; round++) {
    const isV4 = random() < 0.5;
    const bits = isV4 ? 32 : 128;
    const length = Math.floor(random() * (bits + 1));
    const outer = isV4 ? v4(random) : v6(random);
    // Most random addresses lie nowhere near; take half of them close by.
    const inner = random() < 0.5 ? (isV4 ? v4(random) : v6(random)) : outer;
    const list = new BlockList();
    list.addSubnet(outer, length, isV4 ? 'ipv4' : 'ipv6');
    assert.equal(rangeContains(parseIpRange(`${outer}/${length}`), parseIpRange(inner)),
      list.check(inner, isV4 ? 'ipv4' : 'ipv6'), `seed ${seed}: ${inner} in ${outer}/${length}`);
  }
});

function v4(random: () => number): string {
  return Array.from({ length: 4 }, () => Math.floor(random() * 4) * 85).join('.');
}

function v6(random: () => number): string {
  return Array.from({ length: 8 }, () => (1 + Math.floor(random() * 3) * 32767).toString(16)).join(':');
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
