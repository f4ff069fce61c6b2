import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { Event, newEventNames } from '../../ts/event/event.js';
import { asyncEnrichMethods, type Enricher, enrichMethods, linkEnrichers } from '../../ts/enrich/table.js';
import { ExprError } from '../../ts/expr/values.js';
import type { HelperContext } from '../../ts/expr-helpers/context.js';
import { DnsCache } from '../../ts/expr-helpers/dns.js';
import { asnDatabaseName, cityDatabaseName, type GeoCity, GeoReader, loadGeoData } from '../../ts/expr-helpers/geo-reader.js';
import { sharedPath, skipWithout } from '../support/shared.js';
import { call, noonMs, testContext } from '../expr-helpers/helper-context.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-geo-'));
after(() => rmSync(folder, { recursive: true }));

const geoPath = sharedPath('geo');
if (geoPath !== null) {
  symlinkSync(join(geoPath, 'GeoLite2-City-Test.mmdb'), join(folder, cityDatabaseName));
  symlinkSync(join(geoPath, 'GeoLite2-ASN-Test.mmdb'), join(folder, asnDatabaseName));
}

function geoReader(): GeoReader {
  const data = loadGeoData(folder, assert.fail);
  return new GeoReader(data as NonNullable<typeof data>);
}

/** What one method puts into an empty event. */
async function enriched(method: string, value: string, parts: Partial<HelperContext>): Promise<Record<string, string>> {
  const event = new Event(newEventNames());
  await (linkEnrichers(testContext(parts)).get(method) as Enricher).enrich(value, event);
  return { ...event.enriched.toObject() };
}

type GeoRow = [ip: string, iso: string, isInEu: string, latitude: string, longitude: string, asn: string,
  organization: string, range: string | null, city: string, subdivisions: number, zone: string];

/** Recorded from the Go libraries that CrowdSec uses, over the same test databases. */
const geoRows: readonly GeoRow[] = [
  ['81.2.69.142', 'GB', 'false', '51.514200', '-0.093100', '0', '', null, 'London', 1, 'Europe/London'],
  ['2.125.160.216', 'GB', 'false', '51.750000', '-1.250000', '0', '', null, 'Boxford', 2, 'Europe/London'],
  ['89.160.20.112', 'SE', 'true', '58.416700', '15.616700', '29518', 'Bredband2 AB', '89.160.0.0/17', 'Linköping', 1,
    'Europe/Stockholm'],
  ['216.160.83.56', 'US', 'false', '47.251300', '-122.314900', '209', '', '216.160.64.0/18', 'Milton', 1,
    'America/Los_Angeles'],
  ['1.2.3.4', '', 'false', '0.000000', '0.000000', '0', '', null, '', 0, ''],
  ['1.128.0.5', '', 'false', '0.000000', '0.000000', '1221', 'Telstra Pty Ltd', '1.128.0.0/11', '', 0, ''],
  ['12.81.92.1', '', 'false', '0.000000', '0.000000', '7018', 'AT&T Services', '12.81.92.0/22', '', 0, ''],
  ['::ffff:89.160.20.112', 'SE', 'true', '58.416700', '15.616700', '29518', 'Bredband2 AB', '89.160.0.0/17', 'Linköping',
    1, 'Europe/Stockholm'],
  ['2001:218::1', 'JP', 'false', '35.685360', '139.753090', '0', '', null, '', 0, 'Asia/Tokyo'],
  ['2600:6000::5', '', 'false', '0.000000', '0.000000', '237', 'Merit Network Inc.', '2600:6000::/20', '', 0, ''],
  ['67.43.156.1', 'BT', 'false', '27.500000', '90.500000', '35908', '', '67.43.152.0/21', '', 0, 'Asia/Thimphu'],
  ['::1.128.0.5', '', 'false', '0.000000', '0.000000', '1221', 'Telstra Pty Ltd', '::180:0/107', '', 0, ''],
];

test('geographic methods give the texts of CrowdSec', skipWithout('geo'), async () => {
  const geo = geoReader();
  for (const [ip, iso, isInEu, latitude, longitude, asn, organization, range] of geoRows) {
    assert.deepEqual(await enriched('GeoIpCity', ip, { geo }),
      { IsoCode: iso, IsInEU: isInEu, Latitude: latitude, Longitude: longitude }, ip);
    assert.deepEqual(await enriched('GeoIpASN', ip, { geo }),
      { ASNNumber: asn, ASNumber: asn, ASNOrg: organization }, ip);
    assert.deepEqual(await enriched('IpToRange', ip, { geo }), range === null ? {} : { SourceRange: range }, ip);
  }
});

test('geographic helpers give the records of the databases', skipWithout('geo'), () => {
  const context = testContext({ geo: geoReader() });
  for (const [ip, iso, , , , asn, organization, range, city, subdivisions, zone] of geoRows) {
    const record = call(context, 'GeoIPEnrich', ip) as GeoCity;
    assert.deepEqual([record.city.names['en'] ?? '', record.subdivisions.length, record.location.timeZone],
      [city, subdivisions, zone], ip);
    assert.equal(call(context, 'IPToCountry', ip), record.country.isoCode);
    assert.equal(record.country.isoCode || record.registeredCountry.isoCode, iso);
    assert.deepEqual(call(context, 'GeoIPASNEnrich', ip), { number: Number(asn), organization });
    assert.equal((call(context, 'GeoIPRangeEnrich', ip) as { text: string } | null)?.text ?? null, range);
  }
  assert.throws(() => call(context, 'GeoIPEnrich', 'x'), ExprError);
  assert.equal(call(context, 'IPToCountry', 'x'), '');
});

test('a network record has its address and mask as bytes', skipWithout('geo'), () => {
  const record = call(testContext({ geo: geoReader() }), 'GeoIPRangeEnrich', '1.128.0.5') as { ip: Uint8Array; mask: Uint8Array };
  assert.deepEqual([[...record.ip], [...record.mask]], [[1, 128, 0, 0], [255, 224, 0, 0]]);
});

test('without databases, and for text that is no address, geographic methods add nothing', async () => {
  for (const method of ['GeoIpCity', 'GeoIpASN', 'IpToRange', 'reverse_dns']) {
    assert.deepEqual(await enriched(method, '1.2.3.4', { geo: null }), {});
    assert.deepEqual(await enriched(method, '', {}), {});
    if (geoPath !== null) assert.deepEqual(await enriched(method, 'x', { geo: geoReader() }), {});
  }
  const context = testContext();
  assert.equal(call(context, 'GeoIPEnrich', '1.2.3.4'), null);
  assert.equal(call(context, 'IPToCountry', '1.2.3.4'), '');
});

test('databases that are not there are no news, broken ones are told of and are no error', () => {
  const complaints: string[] = [];
  assert.equal(loadGeoData(join(folder, 'nowhere'), (text) => complaints.push(text)), null);
  assert.equal(complaints.length, 0);
  const broken = mkdtempSync(join(folder, 'broken-'));
  for (const name of [cityDatabaseName, asnDatabaseName]) writeFileSync(join(broken, name), 'no database');
  assert.equal(loadGeoData(broken, (text) => complaints.push(text)), null);
  assert.equal(complaints.length, 1);
  rmSync(join(broken, asnDatabaseName));
  assert.equal(loadGeoData(broken, (text) => complaints.push(text)), null);
  assert.equal(complaints.length, 2);
});

test('reverse_dns gives the first name with its last dot', async () => {
  const dns = new DnsCache(() => noonMs, {
    reverse: () => Promise.resolve(['one.example', 'two.example']), addresses: () => Promise.resolve([]),
  });
  assert.deepEqual(await enriched('reverse_dns', '1.2.3.4', { dns }), { reverse_dns: 'one.example.' });
  assert.deepEqual(await enriched('reverse_dns', 'host', { dns }), {});
});

test('UnmarshalJSON merges the object of a line and leaves everything else alone', () => {
  const event = new Event(newEventNames());
  const context = testContext();
  const unmarshal = linkEnrichers(context).get('UnmarshalJSON') as Enricher;
  event.unmarshaled['kept'] = 1;
  event.unmarshaled['a'] = { old: true };
  for (const line of ['{"a":{"new":1},"__proto__":2}', '[1]', 'null', '{', '"text"']) {
    event.line.raw = line;
    void unmarshal.enrich('ignored', event);
  }
  assert.deepEqual(Object.entries(event.unmarshaled).map(([key, value]) => [key, JSON.stringify(value)]),
    [['kept', '1'], ['a', '{"new":1}'], ['__proto__', '2']]);
  assert.equal(context.lines.length, 3);
});

test('the methods are the six of CrowdSec, one of them asynchronous', () => {
  assert.deepEqual([...enrichMethods].sort(), ['GeoIpASN', 'GeoIpCity', 'IpToRange', 'ParseDate', 'UnmarshalJSON', 'reverse_dns']);
  assert.deepEqual([...asyncEnrichMethods], ['reverse_dns']);
});
