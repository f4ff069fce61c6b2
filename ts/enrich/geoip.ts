// GeoIpCity, GeoIpASN and IpToRange: what the geographic databases tell of an address. Texts are exactly CrowdSec's,
// which shows an unknown address as empty country, place 0,0 and AS 0.

import type { GeoReader } from '../expr-helpers/geo-reader.js';
import type { Fields } from '../event/fields.js';
import { formatFloatFixed } from '../util/go-float.js';

/** Sets IsoCode, IsInEU, Latitude and Longitude. The country is that of the place, else registered, else represented. */
export function enrichCity(geo: GeoReader | null, address: string, enriched: Fields): void {
  const record = geo?.city(address) ?? null;
  if (record === null) return;
  const country = [record.country, record.registeredCountry, record.representedCountry]
    .find(({ isoCode }) => isoCode !== '');
  enriched.set('IsoCode', country?.isoCode ?? '');
  enriched.set('IsInEU', String(country?.isInEuropeanUnion ?? false));
  enriched.set('Latitude', formatFloatFixed(record.location.latitude));
  enriched.set('Longitude', formatFloatFixed(record.location.longitude));
}

/** Sets ASNNumber, its older name ASNumber, and ASNOrg. */
export function enrichAsn(geo: GeoReader | null, address: string, enriched: Fields): void {
  const record = geo?.asn(address) ?? null;
  if (record === null) return;
  enriched.set('ASNNumber', String(record.number));
  enriched.set('ASNumber', String(record.number));
  enriched.set('ASNOrg', record.organization);
}

/** Sets SourceRange to the network that the ASN database holds around the address. */
export function enrichRange(geo: GeoReader | null, address: string, enriched: Fields): void {
  const range = geo?.range(address) ?? null;
  if (range !== null) enriched.set('SourceRange', range.toString());
}
