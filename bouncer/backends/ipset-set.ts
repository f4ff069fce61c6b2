// One set of ipset: what it was told, how that is put into the kernel over netlink, and whether the kernel still holds it.
// ipset tells nobody of changes, so it is asked: how many elements there are is cheap, which ones is not.

import type { IpsetContent, NftConnection } from '../../native/index.js';
import { cidrsOf } from '../../ts/util/cidr.js';
import { BackendError } from '../backend.js';
import type { ElementList, SetId } from '../element-list.js';
import { families, numberAt, writeNumber } from '../family.js';
import { asking } from './netlink.js';

/** The longest timeout of the kernel, 2^31 milliseconds in seconds; a longer ban is told anew when half of it is over. */
const timeoutSecondsMax = 2_147_483;
/** What ends within so long of now may be there or not. */
const endToleranceMs = 5_000;
/** An element may stay so much longer than it was told: ends are whole seconds, and filling a set takes its time. */
const lateToleranceMs = 60_000;
/** ENOENT. */
const notThere = 2;
const errorNames: Readonly<Record<number, string>> = { [notThere]: 'no such set', 4107: 'the set has no timeouts', 4352: 'the set is full' };

/** Networks side by side, as the kernel takes them. */
export interface Networks {
  readonly count: number;
  readonly keys: Uint8Array;
  readonly bits: Uint8Array;
  readonly untilMs: Float64Array;
}

/** A set in the kernel. */
export class IpsetSet {
  readonly id: SetId;
  readonly name: string;
  readonly #connection: NftConnection;
  /** When each network ends, by its bytes and length; null: what the kernel holds is not known. */
  #told: Map<string, number> | null = null;

  constructor(id: SetId, name: string, connection: NftConnection) {
    this.id = id;
    this.name = name;
    this.#connection = connection;
  }

  /** The set was just made, and is empty. */
  begin(): void {
    this.#told = new Map();
  }

  /** What the kernel holds is not known any more, until the next `fill`. */
  forget(): void {
    this.#told = null;
  }

  /**
   * Puts in, then takes out what was not put in anew, so that nothing is free meanwhile. Throws a BackendError; what of it
   * holds is not known then.
   */
  async change(deletes: Networks, adds: Networks, nowMs: number): Promise<void> {
    const told = this.#told;
    this.#told = null;
    const added = new Set(namesOf(adds));
    const gone = picked(deletes, (name) => !added.has(name));
    await this.#put(this.name, false, adds, nowMs);
    await this.#put(this.name, true, gone, nowMs);
    for (const name of namesOf(gone)) told?.delete(name);
    this.#told = told === null ? null : remembered(told, adds);
  }

  /** Fills another set that the caller then swaps for this one. Throws a BackendError. */
  async fill(spare: string, adds: Networks, nowMs: number): Promise<void> {
    this.#told = null;
    await this.#put(spare, false, adds, nowMs);
    this.#told = remembered(new Map(), adds);
  }

  /** The set as the kernel has it, or null when it is not there. Throws a BackendError. */
  async read(connection: NftConnection, hasElements: boolean): Promise<IpsetContent | null> {
    try {
      return await asking(connection.listIpset(this.name, families[this.id.family].keyBytes, hasElements));
    } catch (error) {
      if (((error as BackendError).cause as { errno?: number }).errno === notThere) return null;
      throw error;
    }
  }

  /**
   * What is wrong with the set in the kernel, or null. Counts the elements; compares them where some are missing, and with
   * `isWhole` always. Throws a BackendError.
   */
  async fault(connection: NftConnection, isWhole: boolean, now: () => number): Promise<string | null> {
    const told = this.#told;
    if (told === null) return null;
    const counted = await this.read(connection, false);
    if (counted === null) return `set ${this.name} is gone`;
    const isMissing = counted.elements < lasting(told, now());
    const content = isMissing || isWhole ? await this.read(connection, true) : null;
    return content === null ? null : difference(told, content, now(), this.name);
  }

  async #put(set: string, isDelete: boolean, { count, keys, bits, untilMs }: Networks, nowMs: number): Promise<void> {
    if (count === 0) return;
    const timeoutsS = isDelete ? null : Uint32Array.from(untilMs, (endMs) => (endMs === Infinity ? 0
      : Math.min(Math.max(1, Math.ceil((endMs - nowMs) / 1000)), timeoutSecondsMax)));
    const { keyBytes } = families[this.id.family];
    const [, errno] = await asking(this.#connection.putIpset(set, isDelete, count, keyBytes, keys, bits, timeoutsS));
    if (errno !== undefined) throw new BackendError(`${set}: ${errorNames[errno] ?? `ipset refuses (${errno})`}`);
  }
}

/** Elements as networks: intervals become the networks that make them up. */
export function networksOf({ family }: SetId, { count, first, last, untilMs }: ElementList): Networks {
  const { bits, keyBytes } = families[family];
  if (last === null) return { count, keys: first, bits: new Uint8Array(count).fill(bits), untilMs };
  const ends: number[] = [];
  const found = Array.from({ length: count }, (_, index) => {
    // hash:net has no /0.
    const cidrs = cidrsOf(numberAt(first, index, keyBytes), numberAt(last, index, keyBytes), bits, 1);
    for (let at = 0; at < cidrs.length; at++) ends.push(untilMs[index]);
    return cidrs;
  }).flat();
  const keys = new Uint8Array(found.length * keyBytes);
  for (const [index, network] of found.entries()) writeNumber(network.first, families[family], keys, index * keyBytes);
  return { count: found.length, keys, bits: Uint8Array.from(found, (network) => network.bits), untilMs: Float64Array.from(ends) };
}

/** Those of the networks that a question about their text holds for. */
function picked(networks: Networks, holds: (name: string) => boolean): Networks {
  const names = [...namesOf(networks)];
  const indexes = names.flatMap((name, index) => (holds(name) ? [index] : []));
  if (indexes.length === names.length) return networks;
  const { keys, bits, untilMs } = networks;
  const width = keys.length / networks.count;
  return { count: indexes.length, keys: Buffer.concat(indexes.map((index) => keys.subarray(index * width, (index + 1) * width))),
    bits: Uint8Array.from(indexes, (index) => bits[index]), untilMs: Float64Array.from(indexes, (index) => untilMs[index]) };
}

/** A text for each network: its bytes and its length. */
function* namesOf({ count, keys, bits }: Pick<Networks, 'count' | 'keys' | 'bits'>): Generator<string> {
  const bytes = Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength);
  const width = count === 0 ? 0 : keys.length / count;
  for (let index = 0; index < count; index++) {
    yield bytes.latin1Slice(index * width, (index + 1) * width) + String.fromCharCode(bits[index]);
  }
}

function remembered(told: Map<string, number>, adds: Networks): Map<string, number> {
  let index = 0;
  for (const name of namesOf(adds)) told.set(name, adds.untilMs[index++]);
  return told;
}

/** How many elements have to be there; those that ended are dropped. */
function lasting(told: Map<string, number>, nowMs: number): number {
  let count = 0;
  for (const [name, untilMs] of told) {
    if (untilMs > nowMs + endToleranceMs) count++;
    else if (untilMs < nowMs - endToleranceMs) told.delete(name);
  }
  return count;
}

/** How a set differs from what it was told, or null. */
function difference(told: ReadonlyMap<string, number>, held: IpsetContent, nowMs: number, name: string): string | null {
  const isLasting = (untilMs: number): boolean => untilMs > nowMs + endToleranceMs;
  let missing = [...told.values()].filter(isLasting).length;
  let index = 0;
  for (const network of namesOf(held)) {
    const seconds = held.timeoutsS[index++];
    const heldMs = seconds === 0 ? Infinity : nowMs + 1000 * seconds;
    const untilMs = told.get(network) ?? 0;
    const earliestMs = Math.min(untilMs, nowMs + 500 * timeoutSecondsMax) - endToleranceMs;
    if (isLasting(heldMs) && (heldMs < earliestMs || heldMs > untilMs + lateToleranceMs)) return `set ${name} has other elements`;
    if (isLasting(untilMs) && isLasting(heldMs)) missing--;
  }
  return missing > 0 ? `elements of set ${name} are missing` : null;
}
