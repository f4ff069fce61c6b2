// Look-ups in MaxMind databases, with the records complete: every field of CrowdSec's structs is there, empty where the
// database is silent. The files are read once and shared by all threads.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reader, type AsnResponse, type CityResponse } from 'maxmind';
import { type IpAddress, IpPrefix, parseIp } from '../util/ip.js';

/** Names of the database files below data_dir. */
export const cityDatabaseName = 'GeoLite2-City.mmdb';
export const asnDatabaseName = 'GeoLite2-ASN.mmdb';

/** The databases' bytes; plain data that threads share without copying. */
export interface GeoData {
  readonly city: SharedArrayBuffer;
  readonly asn: SharedArrayBuffer;
}

/** A country as the databases tell of it. */
export interface GeoCountry {
  readonly names: Readonly<Record<string, string>>;
  readonly isoCode: string;
  readonly type: string;
  readonly geoNameId: number;
  readonly isInEuropeanUnion: boolean;
}

/** A place below the country: city or subdivision. */
export interface GeoPlace {
  readonly names: Readonly<Record<string, string>>;
  readonly isoCode: string;
  readonly geoNameId: number;
}

/** What the city database tells of an address. */
export interface GeoCity {
  readonly city: GeoPlace;
  readonly postal: { readonly code: string };
  readonly continent: { readonly names: Readonly<Record<string, string>>; readonly code: string;
    readonly geoNameId: number };
  readonly subdivisions: readonly GeoPlace[];
  readonly country: GeoCountry;
  readonly registeredCountry: GeoCountry;
  readonly representedCountry: GeoCountry;
  readonly location: { readonly timeZone: string; readonly latitude: number; readonly longitude: number;
    readonly metroCode: number; readonly accuracyRadius: number };
  readonly traits: { readonly isAnonymousProxy: boolean; readonly isAnycast: boolean;
    readonly isSatelliteProvider: boolean };
}

/** What the ASN database tells of an address. */
export interface GeoAsn {
  readonly number: number;
  readonly organization: string;
}

/**
 * Reads the two databases of a folder. Null when neither is there, which is how most hosts are, or when one cannot be
 * used: `complain` then says why.
 */
export function loadGeoData(dataDir: string, complain: (text: string) => void): GeoData | null {
  if (![cityDatabaseName, asnDatabaseName].some((name) => existsSync(join(dataDir, name)))) return null;
  try {
    const data = { city: readShared(join(dataDir, cityDatabaseName)), asn: readShared(join(dataDir, asnDatabaseName)) };
    // Opening reads no more than the metadata, and is where a file of another kind is noticed.
    new GeoReader(data);
    return data;
  } catch (error) {
    complain(`no geographic enrichment: ${(error as Error).message}`);
    return null;
  }
}

/** The databases, open. Throws when they are not of MaxMind's format. */
export class GeoReader {
  readonly #city: Reader<CityResponse>;
  readonly #asn: Reader<AsnResponse>;

  constructor(data: GeoData) {
    this.#city = new Reader<CityResponse>(Buffer.from(data.city));
    this.#asn = new Reader<AsnResponse>(Buffer.from(data.asn));
  }

  /** Whether a text is an address that the databases can be asked for. */
  canLookUp(text: string): boolean {
    return plainAddress(text) !== null;
  }

  /** The city record of an address; all empty when the database does not know it. Null when the text is no address. */
  city(text: string): GeoCity | null {
    const address = plainAddress(text);
    return address === null ? null : completeCity(this.#city.get(address.toString()));
  }

  /** The ASN record of an address; all empty when unknown. Null when the text is no address. */
  asn(text: string): GeoAsn | null {
    const address = plainAddress(text);
    if (address === null) return null;
    const record = this.#asn.get(address.toString());
    return { number: record?.autonomous_system_number ?? 0,
      organization: record?.autonomous_system_organization ?? '' };
  }

  /** The network that the ASN database holds around an address; null when unknown or no address. */
  range(text: string): IpPrefix | null {
    const address = plainAddress(text);
    if (address === null) return null;
    const [record, bits] = this.#asn.getWithPrefixLength(address.toString());
    return record === null ? null : new IpPrefix(address, bits).masked();
  }
}

/** An address as the databases are asked: no zone, IPv4 inside IPv6 as IPv4. */
function plainAddress(text: string): IpAddress | null {
  const address = parseIp(text);
  return address === null || address.zone !== '' ? null : address.unmap();
}

function readShared(path: string): SharedArrayBuffer {
  const bytes = readFileSync(path);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  return shared;
}

type Place = { readonly names?: object; readonly iso_code?: string; readonly geoname_id?: number };
type Country = Place & { readonly type?: string; readonly is_in_european_union?: boolean };

function completeCity(record: CityResponse | null): GeoCity {
  const { city, postal, continent, subdivisions, location, traits } = record ?? ({} as Partial<CityResponse>);
  return {
    city: completePlace(city),
    postal: { code: postal?.code ?? '' },
    continent: { names: namesOf(continent), code: continent?.code ?? '', geoNameId: continent?.geoname_id ?? 0 },
    subdivisions: (subdivisions ?? []).map(completePlace),
    country: completeCountry(record?.country),
    registeredCountry: completeCountry(record?.registered_country),
    representedCountry: completeCountry(record?.represented_country),
    location: { timeZone: location?.time_zone ?? '', latitude: location?.latitude ?? 0,
      longitude: location?.longitude ?? 0, metroCode: location?.metro_code ?? 0,
      accuracyRadius: location?.accuracy_radius ?? 0 },
    traits: { isAnonymousProxy: traits?.is_anonymous_proxy ?? false, isAnycast: traits?.is_anycast ?? false,
      isSatelliteProvider: traits?.is_satellite_provider ?? false },
  };
}

function completePlace(place: Place | undefined): GeoPlace {
  return { names: namesOf(place), isoCode: place?.iso_code ?? '', geoNameId: place?.geoname_id ?? 0 };
}

function completeCountry(country: Country | undefined): GeoCountry {
  return { ...completePlace(country), type: country?.type ?? '',
    isInEuropeanUnion: country?.is_in_european_union ?? false };
}

function namesOf(place: { readonly names?: object } | undefined): Record<string, string> {
  return Object.assign(Object.create(null) as Record<string, string>, place?.names);
}
