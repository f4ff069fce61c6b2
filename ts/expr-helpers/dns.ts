// DNS look-ups with a bounded cache: reverse names, addresses, and names confirmed in both directions. One query for
// an answer that many wait for; failures are answers too, remembered for a shorter time. Never blocks a thread.

import { lookup, Resolver } from 'node:dns/promises';
import { limits } from '../limits.js';
import { Cache } from '../util/cache.js';
import { type IpAddress, parseIp } from '../util/ip.js';

/** The queries themselves; they reject when there is no answer. */
export interface DnsQueries {
  /** Names of an address, without the last dot. */
  reverse(address: string): Promise<readonly string[]>;
  /** Addresses of a name. */
  addresses(host: string): Promise<readonly string[]>;
}

/** `crowdsec_service.dns_cache` of the configuration. */
export interface DnsCacheOptions {
  readonly ttlMs?: number;
  readonly negativeTtlMs?: number;
  readonly size?: number;
}

/** Names of an address that are looked up again to confirm them. */
const confirmedNamesMax = 3;

const hourMs = 3_600_000;

/** Answers of the DNS, remembered. All methods but `knownReverse` may wait for a query; none rejects. */
export class DnsCache {
  readonly #queries: DnsQueries;
  readonly #nowMs: () => number;
  readonly #ttlMs: number;
  readonly #negativeTtlMs: number;
  readonly #answers: Cache<string, readonly string[]>;
  readonly #underWay = new Map<string, Promise<readonly string[]>>();

  constructor(nowMs: () => number, queries: DnsQueries = systemQueries(), options: DnsCacheOptions = {}) {
    this.#nowMs = nowMs;
    this.#queries = queries;
    this.#ttlMs = options.ttlMs ?? hourMs;
    this.#negativeTtlMs = options.negativeTtlMs ?? hourMs / 12;
    this.#answers = new Cache(options.size ?? limits.dnsAnswersMax);
  }

  /** Names of an address, each with its last dot; none when there is no answer in time. */
  reverse(address: string): Promise<readonly string[]> {
    return this.#answer(reverseKey(address), async () => (await this.#queries.reverse(address)).map(withDot));
  }

  /** Names of an address if they are known already, else undefined. For callers that must not wait. */
  knownReverse(address: string): readonly string[] | undefined {
    return this.#answers.get(reverseKey(address), this.#nowMs());
  }

  /** Addresses of a name; none when there is no answer in time. */
  addresses(host: string): Promise<readonly string[]> {
    const name = host.toLowerCase().replace(/\.$/, '');
    return this.#answer(`host:${name}`, () => this.#queries.addresses(name));
  }

  /** Names of an address, lower case and without the last dot, that have this address themselves. */
  async confirmedNames(address: IpAddress): Promise<string[]> {
    const wanted = address.unmap();
    const names = await this.reverse(address.toString());
    const confirmed: string[] = [];
    for (const name of names.slice(0, confirmedNamesMax)) {
      const host = name.toLowerCase().replace(/\.$/, '');
      const found = await this.addresses(host);
      if (found.some((text) => parseIp(text)?.unmap().equals(wanted) ?? false)) confirmed.push(host);
    }
    return confirmed;
  }

  #answer(key: string, query: () => Promise<readonly string[]>): Promise<readonly string[]> {
    const known = this.#answers.get(key, this.#nowMs());
    if (known !== undefined) return Promise.resolve(known);
    const waiting = this.#underWay.get(key);
    if (waiting !== undefined) return waiting;
    const promise = withTimeout(query()).catch(() => []).then((answer) => {
      this.#underWay.delete(key);
      this.#answers.set(key, answer, this.#nowMs() + (answer.length > 0 ? this.#ttlMs : this.#negativeTtlMs));
      return answer;
    });
    this.#underWay.set(key, promise);
    return promise;
  }
}

/** Queries by the servers and hosts file of this machine. */
export function systemQueries(): DnsQueries {
  const resolver = new Resolver({ timeout: limits.dnsTimeoutMs, tries: 1 });
  return {
    reverse: (address) => resolver.reverse(address),
    addresses: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  };
}

function reverseKey(address: string): string {
  return `reverse:${address}`;
}

function withDot(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), limits.dnsTimeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
