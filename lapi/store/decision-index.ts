// Decisions on addresses and ranges in memory, so that "is this address banned" needs no scan. Pure: it is told of
// every change and looks nothing up itself. Following the database is decision-follower.ts.

import type { GoTime } from '../../ts/util/go-time.js';
import { IpRangeError, parseIpRange, type IpRange } from './ip-range.js';

/** A decision as the index keeps it. */
export interface IndexedDecision {
  readonly id: number;
  readonly until: GoTime;
  readonly scenario: string;
  readonly type: string;
  readonly scope: string;
  readonly value: string;
  readonly origin: string;
  readonly uuid: string;
  readonly simulated: boolean;
}

interface Entry {
  readonly decision: IndexedDecision;
  /** null: no address, so no lookup finds it. */
  readonly network: Network | null;
}

/** A network: `length` leading bits of `key` count. IPv4 keys are numbers, IPv6 keys text. */
interface Network {
  readonly size: 4 | 16;
  readonly length: number;
  readonly key: number | string;
}

type Family = Map<number, Map<number | string, number[]>>;

const signedMax = 2n ** 63n - 1n;

/** The index. */
export class DecisionIndex {
  readonly #entries = new Map<number, Entry>();
  /** Ids by prefix length, then by masked first address. */
  readonly #families: Readonly<Record<4 | 16, Family>> = { 4: new Map(), 16: new Map() };

  get size(): number {
    return this.#entries.size;
  }

  /** Adds a decision, or replaces the one with its id. */
  put(decision: IndexedDecision): void {
    this.remove(decision.id);
    const network = networkOf(decision);
    this.#entries.set(decision.id, { decision, network });
    if (network === null) return;
    const family = this.#families[network.size];
    let keys = family.get(network.length);
    if (keys === undefined) family.set(network.length, keys = new Map());
    const ids = keys.get(network.key);
    if (ids === undefined) keys.set(network.key, [decision.id]);
    else ids.push(decision.id);
  }

  remove(id: number): void {
    const network = this.#entries.get(id)?.network;
    this.#entries.delete(id);
    if (!network) return;
    const keys = this.#families[network.size].get(network.length)!;
    const left = keys.get(network.key)!.filter((other) => other !== id);
    if (left.length > 0) keys.set(network.key, left);
    else keys.delete(network.key);
    if (keys.size === 0) this.#families[network.size].delete(network.length);
  }

  /** Forgets decisions that ended before `now`. */
  sweep(now: GoTime): void {
    for (const { decision } of this.#entries.values()) if (decision.until.compare(now) < 0) this.remove(decision.id);
  }

  /** Decisions whose address or range contains the whole of `range`, by id; ended ones too. */
  containing(range: IpRange): IndexedDecision[] {
    const inner = networkOfRange(range);
    const ids: number[] = [];
    // There are at most 33 or 129 lengths, in practice a handful.
    for (const [length, keys] of this.#families[inner.size]) {
      if (length <= inner.length) ids.push(...keys.get(maskedKey(range, length)) ?? []);
    }
    return ids.sort((a, b) => a - b).map((id) => this.#entries.get(id)!.decision);
  }
}

function networkOf({ scope, value }: IndexedDecision): Network | null {
  const name = scope.toLowerCase();
  if (name !== 'ip' && name !== 'range') return null;
  try {
    return networkOfRange(parseIpRange(value));
  } catch (error) {
    if (error instanceof IpRangeError) return null;
    throw error;
  }
}

/** Ranges come from CIDR text, so they are networks: the length follows from first and last address. */
function networkOfRange(range: IpRange): Network {
  let length: number;
  if (range.size === 4) length = 32 - bitLength(range.end - range.start);
  else if (range.start === range.end) length = 128 - bitLength(range.endSuffix - range.startSuffix);
  else length = 64 - bitLength(range.end - range.start);
  return { size: range.size, length, key: maskedKey(range, length) };
}

function maskedKey(range: IpRange, length: number): number | string {
  if (range.size === 4) {
    const hosts = 2 ** (32 - length);
    return Math.floor(Number(range.start + signedMax) / hosts) * hosts;
  }
  const high = maskHigh(range.start + signedMax, Math.min(length, 64));
  const low = maskHigh(range.startSuffix + signedMax, Math.max(length - 64, 0));
  return `${high.toString(16)}:${low.toString(16)}`;
}

/** The upper `bits` bits of 64. */
function maskHigh(value: bigint, bits: number): bigint {
  const hosts = BigInt(64 - bits);
  return (value >> hosts) << hosts;
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
