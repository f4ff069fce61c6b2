// Helpers on IP addresses and networks. Text that is no address is an answer (false or ''), never an error.

import { boolType, stringType } from '../expr/types.js';
import { IpPrefix, parseIp, parseLooseCidr, parseLooseIp } from '../util/ip.js';
import { parseGoInt } from '../util/go-number.js';
import { type HelperFamily, pure } from './family.js';

export const ipHelpers: HelperFamily = {
  IsIP: pure([stringType], boolType, (text: string) => parseLooseIp(text) !== null),
  IsIPV4: pure([stringType], boolType, (text: string) => parseLooseIp(text)?.version === 4),
  IsIPV6: pure([stringType], boolType, (text: string) => parseLooseIp(text)?.version === 6),
  IpInRange: pure([stringType, stringType], boolType, isInRange),
  IpToRange: {
    params: [stringType, stringType], returns: stringType,
    make: ({ log }) => (text: string, mask: string) => {
      const range = rangeAround(text, mask);
      if (range === null) log.error(`IpToRange: no network of '${text}' and '${mask}'`);
      return range?.toString() ?? '';
    },
  },
};

/** The last few networks parsed: rules ask for the same ones line after line. */
const networks = new Map<string, IpPrefix | null>();
const networksMax = 1000;

function isInRange(text: string, range: string): boolean {
  const address = parseLooseIp(text);
  if (address === null) return false;
  let network = networks.get(range);
  if (network === undefined) {
    network = parseLooseCidr(range);
    if (networks.size >= networksMax) networks.clear();
    networks.set(range, network);
  }
  return network?.contains(address) ?? false;
}

function rangeAround(text: string, mask: string): IpPrefix | null {
  const address = parseIp(text);
  const bits = parseGoInt(mask.startsWith('/') ? mask.slice(1) : mask);
  if (address === null || bits === null || bits < 0 || bits > address.bits) return null;
  // The mask cuts the zone off with the host bits.
  return new IpPrefix(parseIp(address.toString().replace(/%.*$/, ''))!, bits).masked();
}
