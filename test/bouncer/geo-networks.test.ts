// Countries and networks by number as networks: what the database says of each address, and nothing else.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { open, type AsnResponse, type CountryResponse } from 'maxmind';
import { DecisionIntake } from '../../bouncer/decision-intake.js';
import { GeoNetworks } from '../../bouncer/geo-networks.js';
import { WantedState } from '../../bouncer/state.js';
import { asnDatabaseName, cityDatabaseName } from '../../ts/expr-helpers/geo-reader.js';
import { IpAddress } from '../../ts/util/ip.js';
import { writeGeoDatabases } from '../support/geo-databases.js';
import { sharedPath } from '../support/shared.js';
import { randomBelow } from './naive-bans.js';
import { testSeed } from '../support/random.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-geo-'));
after(() => rmSync(folder, { recursive: true }));
const seed = testSeed();
const place = { isInEuropeanUnion: false, latitude: 0, longitude: 0 };
writeGeoDatabases(folder, [
  { network: '192.0.2.0/25', country: 'FR', ...place, asn: { number: 64_496, organization: 'a' } },
  { network: '192.0.2.128/25', country: 'FR', ...place, asn: { number: 64_497, organization: 'b' } },
  { network: '10.0.0.0/8', country: 'DE', ...place },
  { network: '255.255.255.255/32', country: 'FR', ...place },
]);
const own = { country: join(folder, cityDatabaseName), asn: join(folder, asnDatabaseName) };

const cases: readonly (readonly [scope: string, value: string, expected: readonly string[] | null])[] = [
  ['Country', 'FR', ['192.0.2.0/24', '255.255.255.255/32']],
  ['country', 'de', ['10.0.0.0/8']],
  ['Country', 'XX', []],
  ['AS', '64496', ['192.0.2.0/25']],
  ['as', 'AS64497', ['192.0.2.128/25']],
  ['AS', 'a network', null],
  ['username', 'root', null],
];
for (const [scope, value, expected] of cases) {
  test(`${scope} ${value} is ${expected?.join(' and ') || (expected === null ? 'not known' : 'nothing')}`, () => {
    assert.deepEqual(new GeoNetworks(own).networksOf(scope, value)?.map(String).sort() ?? null, expected);
  });
}

test('what has no database is not known, and a file that is none is refused', () => {
  assert.equal(new GeoNetworks({ country: null, asn: own.asn }).networksOf('Country', 'FR'), null);
  assert.throws(() => new GeoNetworks({ country: fileURLToPath(import.meta.url), asn: null }), /cannot use the database/);
});

test('a decision on a country bans its networks, follows its end, and leaves with it', () => {
  const state = new WantedState();
  const intake = new DecisionIntake(state, { types: new Set(['ban']), families: new Set([4, 6]), widestBits: { 4: 16, 6: 32 },
    hasOneGroup: false }, () => 0, new GeoNetworks(own));
  const decision = { id: 7, duration: '1h', origin: 'cscli', scenario: 's', scope: 'Country', type: 'ban', value: 'FR' };
  intake.add([decision, { ...decision, id: 8, value: 'DE', duration: '2h' }]);
  assert.deepEqual([state.size, state.nextEndMs], [3, 3_600_000]);
  intake.add([{ ...decision, duration: '3h' }]);
  assert.deepEqual([state.size, state.nextEndMs], [3, 7_200_000]);
  intake.remove([{ id: 8 }]);
  assert.deepEqual([state.size, state.nextEndMs], [2, 10_800_000]);
  intake.begin(false);
  intake.finish();
  assert.equal(state.size, 0);
});

const shared = sharedPath('geo');
for (const [name, scope] of [['GeoLite2-City-Test.mmdb', 'Country'], ['GeoLite2-ASN-Test.mmdb', 'AS']] as const) {
  test(`${name}: its reader says the same of random addresses`, { skip: shared === null ? 'needs the reference databases' : false }, async () => {
    const path = join(shared!, name);
    const reader = await open<CountryResponse & AsnResponse>(path);
    const networks = new GeoNetworks({ country: path, asn: path });
    const valueOf = (address: IpAddress): string | undefined => {
      const record = reader.get(address.toString());
      return scope === 'Country' ? record?.country?.iso_code : record?.autonomous_system_number?.toString();
    };
    const random = randomBelow(seed);
    const values = scope === 'Country' ? ['US', 'GB', 'SE', 'CN', 'BT'] : ['1221', '7018', '6939', '237'];
    for (const value of values) {
      const found = networks.networksOf(scope, value)!;
      assert.ok(found.length > 0, value);
      // At the edges of each network and outside of it, and anywhere.
      const probes = found.flatMap(({ first, last }) => [first, last, neighbour(first, -1), neighbour(last, 1)])
        .concat(Array.from({ length: 500 }, () => new IpAddress(4, 0, 0, 0, random(2 ** 32))),
          Array.from({ length: 500 }, () => new IpAddress(6, 0x20010000 + random(0x1000), random(2 ** 32), random(2 ** 32), random(2 ** 32))));
      for (const address of probes) {
        // Other ways to write an IPv4 address are not enforced as IPv6.
        if (address.version === 6 && /^(::|2002:|2001:0:|2001::|64:ff9b:)/.test(address.toString())) continue;
        const covering = found.filter((network) => network.contains(address)).length;
        assert.equal(covering, valueOf(address) === value ? 1 : 0, `seed ${seed}: ${value} ${address}`);
      }
    }
  });
}

function neighbour(address: IpAddress, by: 1 | -1): IpAddress {
  const bytes = Uint8Array.from(address.toBytes());
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = (bytes[at] + by) & 0xff;
    if (bytes[at] !== (by === 1 ? 0 : 0xff)) break;
  }
  return IpAddress.fromBytes(bytes);
}
