// Takes in what the Local API says of decisions, polled or streamed: bans go to the wanted state, the rest is counted by
// reason. Knows which decisions were told, so that a new telling of everything ends what it does not name, and keeps the
// checksum of docs/stream.md over them. Simple version of the checksum: hash all that was told, and add.

import { murmur3, murmur3Bytes } from '../ts/util/murmur.js';
import { readBan, type Enforcement, type Refusal, type WireDecision } from './decision.js';
import type { GeoNetworks } from './geo-networks.js';
import { NumberSet } from './key-table.js';
import type { WantedState } from './state.js';

/** What the Local API says the whole set is. */
export interface Claim {
  readonly count: number;
  readonly checksum: string;
}

const wordMax = 2 ** 32;
/** Above all ids of a database. */
const firstPart = 2 ** 52;

/** Decisions on their way into the state. */
export class DecisionIntake {
  /** Decisions that are not enforced, by reason. */
  readonly refused = new Map<Refusal, number>();
  readonly #state: WantedState;
  readonly #enforcement: Enforcement;
  readonly #now: () => number;
  /** null: countries and networks by number are not enforced. */
  readonly #geo: GeoNetworks | null;
  /** Ids of the bans that a decision on a country or network by number was made into, one after the other from the first. */
  readonly #parts = new Map<number, { readonly first: number; readonly count: number }>();
  #nextPart = firstPart;
  /** Ids, enforced or not. */
  #told = new NumberSet();
  /** What is told anew while `#told` still holds. */
  #new: NumberSet | null = null;
  /** Sums of the two hashes, null when nobody compares. */
  #sums: [number, number] | null = null;

  constructor(state: WantedState, enforcement: Enforcement, now: () => number, geo: GeoNetworks | null = null) {
    this.#geo = geo;
    this.#state = state;
    this.#enforcement = enforcement;
    this.#now = now;
  }

  /** Everything is told anew from here. `isSummed`: there will be a claim to compare with. */
  begin(isSummed: boolean): void {
    // A telling that broke off has put bans into force too: they end unless they are named again.
    for (const id of this.#new ?? []) this.#told.add(id);
    this.#new = new NumberSet();
    this.#sums = isSummed ? [0, 0] : null;
  }

  /** Everything has been told: what was not named is over. Without a `begin` nothing happens; tells whether there was one. */
  finish(): boolean {
    if (this.#new === null) return false;
    for (const id of this.#told) if (!this.#new.has(id)) this.#lift(id);
    this.#told = this.#new;
    this.#new = null;
    return true;
  }

  /** Whether a decision was told and not taken back since `begin`. */
  isTold(id: number): boolean {
    return (this.#new ?? this.#told).has(id);
  }

  add(decisions: readonly WireDecision[]): void {
    const nowMs = this.#now();
    const told = this.#new ?? this.#told;
    for (const decision of decisions) {
      if (decision.id !== undefined && told.add(decision.id)) this.#sum(decision, 1);
      const ban = readBan(decision, this.#enforcement, nowMs);
      if (typeof ban !== 'string') this.#state.add(ban);
      else if (ban !== 'scope' || !this.#addParts(decision, nowMs)) this.#refuse(decision, ban);
    }
  }

  remove(decisions: readonly WireDecision[]): void {
    const told = this.#new ?? this.#told;
    for (const decision of decisions) {
      if (decision.id === undefined) continue;
      this.#lift(decision.id);
      if (told.delete(decision.id)) this.#sum(decision, -1);
    }
  }

  /** Whether what was told is what is claimed; true when no sum was kept. */
  agrees({ count, checksum }: Claim): boolean {
    if (this.#sums === null) return true;
    const own = this.#sums.map((sum) => sum.toString(16).padStart(8, '0')).join('');
    return this.#told.size === count && own === checksum;
  }

  #refuse({ id }: WireDecision, reason: Refusal): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
    // It may have been enforceable in an earlier form.
    if (id !== undefined) this.#lift(id);
  }

  /** A decision on a country or a network by number: a ban of each of its networks. False when they are not known. */
  #addParts(decision: WireDecision, nowMs: number): boolean {
    const { id, scope = '', value = '' } = decision;
    const networks = id === undefined ? null : this.#geo?.networksOf(scope, value) ?? null;
    if (id === undefined || networks === null) return false;
    let parts = this.#parts.get(id);
    if (parts === undefined) {
      parts = { first: this.#nextPart, count: networks.length };
      this.#nextPart += networks.length;
      this.#parts.set(id, parts);
    }
    // Who bans a country means its widest network too.
    const enforcement = { ...this.#enforcement, widestBits: { 4: 0, 6: 0 } };
    for (const [index, network] of networks.entries()) {
      const part = { ...decision, id: parts.first + index, scope: 'Range', value: network.toString() };
      const ban = readBan(part, enforcement, nowMs);
      if (typeof ban !== 'string') this.#state.add(ban);
    }
    return true;
  }

  #lift(id: number): void {
    const parts = this.#parts.get(id);
    this.#parts.delete(id);
    for (let index = 0; index < (parts?.count ?? 0); index++) this.#state.remove(parts!.first + index);
    this.#state.remove(id);
  }

  #sum({ id, value = '' }: WireDecision, sign: 1 | -1): void {
    if (this.#sums === null) return;
    const text = `${id} ${value}`;
    const length = text.length > scratch.length ? -1 : writeAscii(text);
    for (const seed of [0, 1] as const) {
      const hash = length < 0 ? murmur3(text, seed) : murmur3Bytes(scratch, length, seed);
      this.#sums[seed] = (this.#sums[seed] + sign * hash + wordMax) % wordMax;
    }
  }
}

const scratch = new Uint8Array(256);

/** Writes a text for both hashes and returns its length, -1 when it is not ASCII. */
function writeAscii(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return -1;
    scratch[at] = code;
  }
  return text.length;
}
