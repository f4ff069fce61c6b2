// Ends the known connections of addresses that were just banned. Beside the transactions, never in their way: the kernel
// walks its whole table of connections for one answer, so what comes meanwhile is cut together in the next walk.

import type { Log } from '../ts/config/log.js';
import type { Backend, SetChange } from './backend.js';
import type { ElementList } from './element-list.js';
import type { FamilyNumber } from './family.js';

/** The connections of one backend's bans. */
export class ConnectionCutter {
  /** Connections ended so far. */
  count = 0;
  readonly #backend: Backend;
  readonly #log: Log;
  #waiting: SetChange[] = [];
  #running: Promise<void> | null = null;
  #isOff: boolean;

  constructor(backend: Backend, log: Log, isWanted: boolean) {
    this.#backend = backend;
    this.#log = log;
    this.#isOff = !isWanted;
  }

  /** The connections of what a change bans are to end. */
  add(change: SetChange): void {
    // Whole sets are what was banned before: their connections are cut already.
    if (this.#isOff || change.isReplacement || change.adds.count === 0) return;
    this.#waiting.push(change);
    this.#running ??= this.#run().finally(() => { this.#running = null; });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const changes = this.#waiting;
      this.#waiting = [];
      for (const family of [4, 6] as const) {
        for (const isRange of [false, true]) {
          const lists = changes.filter(({ set }) => set.family === family && (set.kind === 'range') === isRange)
            .map(({ adds }) => adds);
          if (lists.length > 0) await this.#cut(family, joined(lists));
        }
      }
    }
  }

  async #cut(family: FamilyNumber, elements: ElementList): Promise<void> {
    if (this.#isOff) return;
    try {
      this.count += await this.#backend.cutConnections({ family, kind: 'address', group: '' }, elements);
    } catch (error) {
      this.#isOff = true;
      this.#log.warning(`cannot cut known connections: ${(error as Error).message}`);
    }
  }
}

function joined(lists: readonly ElementList[]): ElementList {
  return { count: lists.reduce((sum, { count }) => sum + count, 0),
    first: Buffer.concat(lists.map(({ first }) => first)),
    last: lists[0].last === null ? null : Buffer.concat(lists.map(({ last }) => last!)),
    untilMs: new Float64Array(0) };
}
