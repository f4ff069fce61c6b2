// A blocklist's settings for tests: those of a plain list, changed where a test says so.

import type { Blocklist } from '../../../ts/config/protection.js';

/** The settings of a list called `test`. */
export function blocklist(changes: Partial<Blocklist> = {}): Blocklist {
  return { name: 'test', url: '', file: '/nowhere', format: 'text', column: '1', separator: ',', intervalMs: 3_600_000,
    ttlMs: 10_800_000, type: 'ban', bytesMax: 1_000_000, entriesMax: 100_000, aggregates: true, allowsHttp: true,
    withPrivate: false, widestIpv4: 8, widestIpv6: 24, ...changes };
}
