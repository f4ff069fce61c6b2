// The backend that bans nobody: it keeps what it is told, drops what ends, and can say it. For --dry-run and tests.

import type { Backend, SetChange } from '../backend.js';
import { families, type FamilyNumber } from '../family.js';
import { setKey, textsOf, type HeldElements, type SetId } from '../element-list.js';
import { parseIp } from '../../ts/util/ip.js';

/** Records changes. */
export class DryRunBackend implements Backend {
  readonly name = 'dry-run';
  readonly oneSet: ReadonlySet<FamilyNumber> = new Set();
  /** By set, elements as text with their ends. */
  readonly sets = new Map<string, Map<string, number>>();
  readonly #say: (text: string) => void;

  constructor(say: (text: string) => void = () => {}) {
    this.#say = say;
  }

  async open(): Promise<{ wasRepaired: boolean; kept: SetId[] }> {
    return { wasRepaired: false, kept: [] };
  }

  async apply({ set, isReplacement, adds, deletes }: SetChange): Promise<void> {
    const key = setKey(set);
    const content = isReplacement ? new Map<string, number>() : this.sets.get(key) ?? new Map<string, number>();
    this.sets.set(key, content);
    for (const name of textsOf(set.family, deletes).keys()) {
      content.delete(name);
      this.#say(`${key}: delete ${name}`);
    }
    for (const [name, untilMs] of textsOf(set.family, adds)) {
      content.set(name, untilMs);
      this.#say(`${key}: add ${name} until ${untilMs === Infinity ? 'ever' : new Date(untilMs).toISOString()}`);
    }
  }

  async dump(set: SetId, nowMs: number): Promise<HeldElements> {
    const living = [...this.sets.get(setKey(set)) ?? []].filter(([, untilMs]) => untilMs > nowMs);
    const { keyBytes } = families[set.family];
    const first = new Uint8Array(living.length * keyBytes);
    const last = new Uint8Array(living.length * keyBytes);
    for (const [index, [name]] of living.entries()) {
      const [from, to = from] = name.split('-');
      first.set(parseIp(from)!.toBytes(), index * keyBytes);
      last.set(parseIp(to)!.toBytes(), index * keyBytes);
    }
    return { count: living.length, first, last: set.kind === 'address' ? null : last,
      untilMs: Float64Array.from(living, ([, untilMs]) => untilMs), sinceMs: null };
  }

  async find(): Promise<null> {
    return null;
  }

  async list(): Promise<SetId[]> {
    return [];
  }

  async count(): Promise<{ dropped: []; processed: [] }> {
    return { dropped: [], processed: [] };
  }

  async cutConnections(): Promise<number> {
    return 0;
  }

  async watch(): Promise<void> {}

  async close(): Promise<void> {}

  async cleanUp(): Promise<void> {
    this.sets.clear();
  }
}
