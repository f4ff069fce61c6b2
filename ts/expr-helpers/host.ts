// Helpers that touch the world: the log, this host's name, the DNS, other services that this program has not.

import { hostname } from 'node:os';
import { anyType, boolType, pointerTo, sliceOf, stringType, type StructType } from '../expr/types.js';
import { sprintf } from '../util/go-format.js';
import { parseIp } from '../util/ip.js';
import { type HelperFamily, pure, unsupported } from './family.js';

const smokeItemType: StructType = { kind: 'struct', name: 'cticlient.SmokeItem', fields: {}, methods: {} };

/** LogInfo, Hostname, LookupHost, and the four helpers that are not there. */
export const hostHelpers: HelperFamily = {
  LogInfo: {
    params: [stringType], variadic: anyType, returns: boolType, hasEffects: true,
    make: ({ log }) => (format: string, ...values: unknown[]) => {
      log.info(sprintf(format, ...values));
      return true;
    },
  },
  Hostname: pure([], stringType, hostname),
  LookupHost: {
    params: [stringType], returns: sliceOf(stringType), isAsync: true,
    // An address is its own answer, without a query.
    make: ({ dns }) => async (host: string) => (parseIp(host) === null ? dns.addresses(host) : [host]),
  },
  CrowdsecCTI: unsupported([stringType], pointerTo(smokeItemType), "CrowdSec's CTI service is not part of Palisade"),
  LibInjectionIsSQLI: unsupported([stringType], boolType, 'libinjection is not part of Palisade'),
  LibInjectionIsXSS: unsupported([stringType], boolType, 'libinjection is not part of Palisade'),
  JA4H: unsupported([anyType], stringType, 'HTTP requests are not inspected, so there is nothing to fingerprint'),
};
