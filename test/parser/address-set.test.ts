// Whitelisted addresses: the binary search against a walk over all networks, and Go's rules for odd forms.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressSet } from '../../ts/parser/address-set.js';
import { ipFromBigInt, parseCidr, parseIp } from '../../ts/util/ip.js';
import { testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

const set = new AddressSet(['192.0.2.7', '2001:db8::1'], ['10.0.0.0/8', '10.1.0.0/16', '172.16.5.9/12', 'fe80::/10']);

for (const [address, inside] of [
  ['192.0.2.7', true], ['192.0.2.8', false], ['10.0.0.0', true], ['10.255.255.255', true], ['11.0.0.0', false],
  ['172.16.0.0', true], ['172.31.255.255', true], ['172.32.0.0', false], ['2001:db8::1', true], ['2001:DB8:0::1', true],
  ['2001:db8::2', false], ['fe80::1', true], ['fe80::1%eth0', false], ['::ffff:10.0.0.1', false], ['10.0.0.01', false],
  ['', false], ['10.0.0', false], ['host', false], ['10.0.0.1 ', false],
] as const) {
  test(`"${address}" is ${inside ? '' : 'not '}in the set`, () => assert.equal(set.has(address), inside));
}

test('what is no address or network is refused by name', () => {
  assert.throws(() => new AddressSet(['10.0.0'], []), /"10\.0\.0" is not an IP address/);
  assert.throws(() => new AddressSet([], ['10.0.0.0']), /"10\.0\.0\.0" is not a network/);
});

test('random sets answer as a walk over their networks does', () => {
  const seed = testSeed();
  const random = generator(seed);
  for (let round = 0; round < 50; round++) {
    const networks = Array.from({ length: 1 + random(30) }, () => randomNetwork(random));
    const candidate = new AddressSet([], networks);
    for (let probe = 0; probe < 100; probe++) {
      const near = networks[random(networks.length)];
      const address = ipFromBigInt((parseCidr(near)?.address.toBigInt() ?? 0n) + BigInt(random(512)), near.includes(':') ? 6 : 4);
      const wanted = networks.some((network) => parseCidr(network)?.contains(address));
      assert.equal(candidate.has(String(address)), wanted, `seed ${seed}: ${address} in ${networks.join(' ')}`);
      assert.ok(parseIp(String(address))?.equals(address));
    }
  }
});

function randomNetwork(random: (below: number) => number): string {
  if (random(2) === 0) return `10.${random(4)}.${random(4)}.${random(256)}/${16 + random(17)}`;
  return `2001:db8:${random(4)}::${random(4)}:${random(256)}/${32 + random(97)}`;
}

/** Whole numbers below a bound. */
function generator(seed: number): (below: number) => number {
  const random = randomFrom(seed);
  return (below) => Math.floor(random() * below);
}
