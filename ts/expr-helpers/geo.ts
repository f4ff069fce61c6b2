// Helpers that ask the geographic databases, and the types of CrowdSec's records for them.

import { boolType, bytesType, floatType, intType, mapOf, pointerTo, sliceOf, stringType, type StructType,
  type Type } from '../expr/types.js';
import { ExprError } from '../expr/values.js';
import { IpAddress, type IpPrefix } from '../util/ip.js';
import type { HelperContext } from './context.js';
import type { HelperEntry, HelperFamily } from './family.js';
import type { GeoReader } from './geo-reader.js';

/** A struct whose fields are [Go name, our property, type]. */
function struct(name: string, fields: readonly (readonly [string, string, Type])[]): StructType {
  return {
    kind: 'struct', name, methods: {},
    fields: Object.fromEntries(fields.map(([goName, property, type]) => [goName, { property, type }])),
  };
}

const names = ['Names', 'names', mapOf(stringType)] as const;
const isoCode = ['IsoCode', 'isoCode', stringType] as const;
const geoNameId = ['GeoNameID', 'geoNameId', intType] as const;
const isInEu = ['IsInEuropeanUnion', 'isInEuropeanUnion', boolType] as const;
const country = struct('geoip2.Country', [names, isoCode, geoNameId, isInEu]);

const cityType = struct('geoip2.City', [
  ['City', 'city', struct('geoip2.City', [names, geoNameId])],
  ['Postal', 'postal', struct('geoip2.Postal', [['Code', 'code', stringType]])],
  ['Continent', 'continent', struct('geoip2.Continent', [names, ['Code', 'code', stringType], geoNameId])],
  ['Subdivisions', 'subdivisions', sliceOf(struct('geoip2.Subdivision', [names, isoCode, geoNameId]))],
  ['Country', 'country', country],
  ['RegisteredCountry', 'registeredCountry', country],
  ['RepresentedCountry', 'representedCountry',
    struct('geoip2.RepresentedCountry', [names, isoCode, ['Type', 'type', stringType], geoNameId, isInEu])],
  ['Location', 'location', struct('geoip2.Location', [['TimeZone', 'timeZone', stringType],
    ['Latitude', 'latitude', floatType], ['Longitude', 'longitude', floatType], ['MetroCode', 'metroCode', intType],
    ['AccuracyRadius', 'accuracyRadius', intType]])],
  ['Traits', 'traits', struct('geoip2.Traits', [['IsAnonymousProxy', 'isAnonymousProxy', boolType],
    ['IsAnycast', 'isAnycast', boolType], ['IsSatelliteProvider', 'isSatelliteProvider', boolType]])],
]);

const asnType = struct('geoip2.ASN', [['AutonomousSystemNumber', 'number', intType],
  ['AutonomousSystemOrganization', 'organization', stringType]]);

/** A network as expressions see it: bytes of address and mask, and its text. */
interface NetworkRecord {
  readonly ip: Uint8Array;
  readonly mask: Uint8Array;
  readonly text: string;
}

const networkType: StructType = {
  ...struct('net.IPNet', [['IP', 'ip', bytesType], ['Mask', 'mask', bytesType]]),
  methods: {
    String: { params: [], returns: stringType, onPointer: true, call: (network: NetworkRecord) => network.text },
    Network: { params: [], returns: stringType, onPointer: true, call: () => 'ip+net' },
  },
};

/** GeoIPEnrich, GeoIPASNEnrich, GeoIPRangeEnrich and IPToCountry. */
export const geoHelpers: HelperFamily = {
  GeoIPEnrich: lookup(cityType, (geo, text) => geo.city(text)),
  GeoIPASNEnrich: lookup(asnType, (geo, text) => geo.asn(text)),
  GeoIPRangeEnrich: lookup(networkType, (geo, text) => networkRecord(geo.range(text))),
  IPToCountry: {
    params: [stringType], returns: stringType,
    make: ({ geo }) => (text: string) => geo?.city(text)?.country.isoCode ?? '',
  },
};

/** Nil without databases; an error where the text is no address; nil where only the network is unknown. */
function lookup(type: StructType, find: (geo: GeoReader, text: string) => unknown): HelperEntry {
  return {
    params: [stringType], returns: pointerTo(type),
    make: ({ geo }: HelperContext) => (text: string) => {
      if (geo === null) return null;
      if (!geo.canLookUp(text)) throw new ExprError(`'${text}' is not an address`);
      return find(geo, text);
    },
  };
}

function networkRecord(network: IpPrefix | null): NetworkRecord | null {
  if (network === null) return null;
  const ones = new IpAddress(6, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff).toBytes();
  const mask = ones.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, network.bits - 8 * index));
    return (byte << (8 - kept)) & 0xff;
  }).slice(0, network.address.bits / 8);
  return { ip: network.address.toBytes(), mask, text: network.toString() };
}
