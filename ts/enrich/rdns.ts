// reverse_dns: the first name of an address, with its last dot. Waits for the DNS, so it is asynchronous.

import type { DnsCache } from '../expr-helpers/dns.js';
import type { Fields } from '../event/fields.js';
import { parseIp } from '../util/ip.js';

/** Sets reverse_dns; nothing when the text is no address or the address has no name. */
export async function enrichReverseDns(dns: DnsCache, text: string, enriched: Fields): Promise<void> {
  const address = parseIp(text);
  if (address === null) return;
  const [name] = await dns.reverse(address.toString());
  if (name !== undefined) enriched.set('reverse_dns', name);
}
