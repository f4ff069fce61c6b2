// Takes in what the Local API says of decisions, polled or streamed: bans go to the wanted state, the rest is counted by
// reason. Knows which decisions were told, so that a new telling of everything ends what it does not name, and keeps the
// checksum of docs/stream.md over them. Simple version of the checksum: hash all that was told, and add.

import { murmur3, murmur3Bytes } from '../ts/util/murmur.js';
import { readBan, type Enforcement, type Refusal, type WireDecision } from './decision.js';
import type { GeoNetworks } from './geo-networks.js';
import type { WantedState } from './state.js';
import { ToldTable } from './told-table.js';

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
  /** Enforced or not. */
  readonly #told = new ToldTable();
  /** Rows of the bans that a decision on a country or network by number was made into, by its row. */
  readonly #parts = new Map<number, readonly number[]>();
  #nextPart = firstPart;
  /** Everything is being told. */
  #isTelling = false;
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
    this.#told.begin();
    this.#isTelling = true;
    this.#sums = isSummed ? [0, 0] : null;
  }

  /**
   * Everything has been told: what was not named is over, also what only a telling that broke off has named. Without a `begin`
   * nothing happens; tells whether there was one.
   */
  finish(): boolean {
    if (!this.#isTelling) return false;
    this.#isTelling = false;
    for (const row of this.#told.missing()) this.#end(row);
    return true;
  }

  /** Whether a decision was told and not taken back since `begin`. */
  isTold(id: number): boolean {
    const row = this.#told.find(id);
    return row >= 0 && this.#told.isTold(row);
  }

  add(decisions: readonly WireDecision[]): void {
    const nowMs = this.#now();
    for (const decision of decisions) {
      const row = typeof decision.id === 'number' ? this.#tell(decision, decision.id) : null;
      const ban = readBan(decision, this.#enforcement, nowMs);
      // Without an id there is no ban.
      if (typeof ban !== 'string') this.#state.add(row!, ban);
      else if (ban !== 'scope' || row === null || !this.#addParts(row, decision, nowMs)) this.#refuse(row, ban);
    }
  }

  remove(decisions: readonly WireDecision[]): void {
    for (const decision of decisions) {
      const row = decision.id === undefined ? -1 : this.#told.find(decision.id);
      if (row < 0) continue;
      if (this.#told.isTold(row)) this.#sum(decision, -1);
      this.#end(row);
    }
  }

  /** Whether what was told is what is claimed; true when no sum was kept. */
  agrees({ count, checksum }: Claim): boolean {
    if (this.#sums === null) return true;
    const own = this.#sums.map((sum) => sum.toString(16).padStart(8, '0')).join('');
    return this.#told.size === count && own === checksum;
  }

  #tell(decision: WireDecision, id: number): number {
    const { size } = this.#told;
    const row = this.#told.tell(id);
    if (this.#told.size > size) this.#sum(decision, 1);
    return row;
  }

  #refuse(row: number | null, reason: Refusal): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
    // It may have been enforceable in an earlier form.
    if (row !== null) this.#lift(row);
  }

  /** A decision on a country or a network by number: a ban of each of its networks. False when they are not known. */
  #addParts(row: number, decision: WireDecision, nowMs: number): boolean {
    const { scope = '', value = '' } = decision;
    const networks = this.#geo?.networksOf(scope, value) ?? null;
    if (networks === null) return false;
    const known = this.#parts.get(row);
    const parts = known?.length === networks.length ? known : networks.map(() => this.#told.put(this.#nextPart++));
    if (parts !== known) this.#lift(row);
    this.#parts.set(row, parts);
    // Who bans a country means its widest network too.
    const enforcement = { ...this.#enforcement, widestBits: { 4: 0, 6: 0 } };
    for (const [index, network] of networks.entries()) {
      const ban = readBan({ ...decision, scope: 'Range', value: network.toString() }, enforcement, nowMs);
      if (typeof ban !== 'string') this.#state.add(parts[index], ban);
    }
    return true;
  }

  /** What a row stands for is over. */
  #end(row: number): void {
    this.#lift(row);
    this.#told.remove(row);
  }

  #lift(row: number): void {
    for (const part of this.#parts.get(row) ?? []) {
      this.#state.remove(part);
      this.#told.remove(part);
    }
    this.#parts.delete(row);
    this.#state.remove(row);
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
