// The ipset and iptables backends with the real programs, in a network namespace of its own; and intervals as networks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpsetBackend } from '../../bouncer/backends/ipset.js';
import { noElements, packRanges, textsOf, type ElementList, type SetId } from '../../bouncer/element-list.js';
import { families } from '../../bouncer/family.js';
import { cidrsOf } from '../../ts/util/cidr.js';
import { ipv4 } from '../../ts/util/ip.js';
import { inNetworkNamespace, run } from '../support/network-namespace.js';

const addresses: SetId = { family: 4, kind: 'address', group: '' };
const ranges: SetId = { family: 4, kind: 'range', group: '' };

if (process.env['PALISADE_TEST_OUTER_NETWORK'] === undefined) {
  const cases: readonly (readonly [first: string, last: string, expected: string])[] = [
    ['0.0.0.0', '255.255.255.255', '0.0.0.0/1 128.0.0.0/1'],
    ['10.0.0.0', '10.0.0.255', '10.0.0.0/24'],
    ['10.0.0.1', '10.0.0.6', '10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32'],
    ['255.255.255.255', '255.255.255.255', '255.255.255.255/32'],
  ];
  for (const [first, last, expected] of cases) {
    test(`${first} to ${last} are the networks ${expected}`, () => {
      assert.equal(cidrsOf(number(first), number(last), 32, 1).map((network) =>
        `${ipv4(Number(network.first))}/${network.bits}`).join(' '), expected);
    });
  }
}

function number(text: string): bigint {
  return BigInt(text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0));
}

inNetworkNamespace(import.meta.url, ['ipset', 'iptables'], () => {
  const backend = new IpsetBackend({ families: [4, 6], sets: { 4: 'bl', 6: 'bl6' }, size: 1000, chains: { 4: ['INPUT'], 6: ['INPUT'] },
    deny: { isReject: false, logPrefix: null }, hasRules: true });
  const now = Date.now();

  test('sets and rules are made once, hold what they are told, and go when asked', async () => {
    assert.equal((await backend.open()).wasRepaired, true);
    assert.deepEqual(await backend.open(), { wasRepaired: false, kept: [addresses, ranges,
      { ...addresses, family: 6 }, { ...ranges, family: 6 }] });
    assert.equal(run('iptables', ['-S', 'CROWDSEC_CHAIN']), '-N CROWDSEC_CHAIN\n'
      + '-A CROWDSEC_CHAIN -m set --match-set bl-never src -j RETURN\n-A CROWDSEC_CHAIN -m set --match-set bl src -j DROP\n'
      + '-A CROWDSEC_CHAIN -m set --match-set bl-net src -j DROP\n');
    assert.match(run('iptables', ['-S', 'INPUT']), /-A INPUT -j CROWDSEC_CHAIN/);
    const pack = (...keys: number[]): ElementList => ({ count: keys.length, first: Uint8Array.from(keys.flatMap((key) => [0, 0, 0, key])),
      last: null, untilMs: Float64Array.from(keys, () => now + 60_000) });
    await backend.apply({ set: addresses, isReplacement: false, deletes: noElements, adds: pack(1, 2, 3) }, now);
    await backend.apply({ set: addresses, isReplacement: false, deletes: pack(2, 99), adds: noElements }, now);
    const held = async (set: SetId): Promise<string[]> => [...textsOf(4, await backend.dump(set, now)).keys()].sort();
    assert.deepEqual(await held(addresses), ['0.0.0.1', '0.0.0.3']);
    await backend.apply({ set: addresses, isReplacement: true, deletes: noElements, adds: pack(7) }, now);
    assert.deepEqual(await held(addresses), ['0.0.0.7']);
    await backend.apply({ set: ranges, isReplacement: false, deletes: noElements, adds: packRanges(families[4],
      [{ first: 0x0a000000n, last: 0x0a0000ffn, untilMs: now + 60_000 }, { first: 0x0a000101n, last: 0x0a000102n, untilMs: Infinity }]) }, now);
    assert.deepEqual(await held(ranges), ['10.0.0.0-10.0.0.255', '10.0.1.1-10.0.1.1', '10.0.1.2-10.0.1.2']);
    run('iptables', ['-F', 'CROWDSEC_CHAIN']);
    assert.equal((await backend.open()).wasRepaired, true);
    await backend.cleanUp();
    assert.equal(run('ipset', ['list', '-name']), '');
    assert.doesNotMatch(run('iptables', ['-S']), /CROWDSEC/);
  });
});
