// Helpers on IP addresses and networks. Text that is no address is an answer (false or ''), never an error.

import { boolType, stringType } from '../expr/types.js';
import { type IpAddress, IpPrefix, parseIp, parseLooseCidr, parseLooseIp } from '../util/ip.js';
import { IpRanges } from '../util/ip-ranges.js';
import { parseGoInt } from '../util/go-number.js';
import { remembered } from '../util/remembered.js';
import { type HelperFamily, pure } from './family.js';

/** IsIP, IsIPV4, IsIPV6, IpInRange and IpToRange. */
export const ipHelpers: HelperFamily = {
  IsIP: pure([stringType], boolType, (text: string) => addressOf(text) !== null),
  IsIPV4: pure([stringType], boolType, (text: string) => addressOf(text)?.version === 4),
  IsIPV6: pure([stringType], boolType, (text: string) => addressOf(text)?.version === 6),
  IpInRange: { ...pure([stringType, stringType], boolType, isInRange), ofList: isInRangeOf },
  IpToRange: {
    params: [stringType, stringType], returns: stringType,
    make: ({ log }) => (text: string, mask: string) => {
      const range = rangeAround(text, mask);
      if (range === null) log.error(`IpToRange: no network of '${text}' and '${mask}'`);
      return range?.toString() ?? '';
    },
  },
};

/** Rules ask for the same few networks line after line. */
const networkOf = remembered(parseLooseCidr);

let lastText = '';
let lastAddress: IpAddress | null = null;

/** A rule asks about the same address several times in a row. */
function addressOf(text: string): IpAddress | null {
  if (text !== lastText) {
    lastAddress = parseLooseIp(text);
    lastText = text;
  }
  return lastAddress;
}

function isInRange(text: string, range: string): boolean {
  const address = addressOf(text);
  return address !== null && (networkOf(range)?.contains(address) ?? false);
}

/** The same of many ranges at once; what is no network has no address in it. */
function isInRangeOf(ranges: readonly string[]): (text: string) => boolean {
  const networks = new IpRanges(ranges.map((range) => parseLooseCidr(range)).filter((network) => network !== null));
  return (text) => {
    const address = addressOf(text);
    return address !== null && networks.has(address);
  };
}

function rangeAround(text: string, mask: string): IpPrefix | null {
  const address = parseIp(text);
  const bits = parseGoInt(mask.startsWith('/') ? mask.slice(1) : mask);
  if (address === null || bits === null || bits < 0 || bits > address.bits) return null;
  // The mask cuts the zone off with the host bits.
  return new IpPrefix(parseIp(address.toString().replace(/%.*$/, ''))!, bits).masked();
}
