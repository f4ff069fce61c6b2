// What everybody hears on open streams of changes, read once for all of them: steps from one position to the next, each
// encoded once for each filter. It keeps the last few; whoever needs older ones asks the store. Wire format:
// docs/stream.md. Who listens and how fast is change-streams.ts's matter.

import { setImmediate } from 'node:timers/promises';
import { lapiLimits } from './limits.js';
import { isCovered, parseCursor } from './store/change-position.js';
import { cursorAt, type DecisionDelta } from './store/decision-delta.js';
import type { IndexedDecision } from './store/decision-index.js';
import type { DecisionSum } from './store/decision-sums.js';
import { passes, type DecisionFilter } from './store/decisions.js';
import type { Store } from './store/store.js';
import { itemsText } from './stream-items.js';

/** A filter with the text that tells it from others. */
export interface KeyedFilter {
  readonly key: string;
  readonly filter: DecisionFilter;
}

/**
 * From one position to the next. A client that stands somewhere on the way, or before, may be told all of it: what was
 * touched is told in the form it has at the end.
 */
export interface FeedStep {
  readonly cursor: string;
  /** Whether a client at a cursor has heard all of it. */
  isKnownAt(cursor: string): boolean;
  /** The events for a filter; none when nothing passes it. */
  events(filter: KeyedFilter): Promise<readonly Buffer[]>;
}

/** The feed of a store. It follows while somebody listens. */
export class ChangeFeed {
  readonly #store: Store;
  #listeners = 0;
  #starting: Promise<void> | null = null;
  #stop = (): void => {};
  #cursor = '';
  #steps: Step[] = [];
  #sequence = 0;
  #woken = newSignal();
  #isAdvancing = false;
  #isBehind = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Begins to follow for one more listener. Rejects when the database cannot be read. */
  async enter(): Promise<void> {
    this.#listeners++;
    this.#starting ??= this.#start();
    try {
      await this.#starting;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  leave(): void {
    this.#listeners--;
    if (this.#listeners > 0) return;
    this.#stop();
    this.#stop = () => {};
    this.#starting = null;
    this.#steps = [];
  }

  /** Counts steps. Whoever has heard up to here asks `after` with it. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The cursor of a client that has heard all steps: its own, or that of the feed when nothing has happened since. */
  latest(cursor: string): string {
    const own = parseCursor(this.#cursor);
    const other = parseCursor(cursor);
    return own !== null && other !== null && isCovered(own, other) ? cursor : this.#cursor;
  }

  /** The step after a number; undefined while there is none, null when it has been forgotten. */
  after(sequence: number): FeedStep | undefined | null {
    if (sequence === this.#sequence) return undefined;
    return this.#steps[this.#steps.length - (this.#sequence - sequence)] ?? null;
  }

  /** Resolves at the next step, or when somebody calls `wake`. */
  get woken(): Promise<void> {
    return this.#woken.promise;
  }

  wake(): void {
    this.#woken.fire();
    this.#woken = newSignal();
  }

  /** The way from a cursor to the present for one filter, or null when it cannot be told any more. */
  async catchUp(cursor: string, filter: KeyedFilter): Promise<FeedStep | null> {
    const delta = await this.#store.decisions.delta(cursor, filter.filter, false);
    return delta === null ? null : new Step(delta);
  }

  /** The sum of what passes at a cursor, or null when the index is at another place by now. */
  async sumAt(cursor: string, { filter }: KeyedFilter): Promise<DecisionSum | null> {
    return sumAt(this.#store, cursor, filter);
  }

  async #start(): Promise<void> {
    await this.#begin();
    this.#stop = this.#store.decisions.subscribe(() => void this.#advance());
  }

  async #begin(): Promise<void> {
    const followed = await this.#store.decisions.inMemory();
    if (followed === null) throw new TypeError('decisions are not kept in memory');
    this.#cursor = cursorAt(followed, this.#store.now());
  }

  /** Takes in what is new. Calls during a reading make it read once more. */
  async #advance(): Promise<void> {
    this.#isBehind = true;
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    try {
      while (this.#isBehind && this.#listeners > 0) {
        this.#isBehind = false;
        await this.#read();
      }
    } catch {
      // The database is away; requests say so in the log. The next call tries again.
    } finally {
      this.#isAdvancing = false;
    }
  }

  async #read(): Promise<void> {
    const delta = await this.#store.decisions.knownDelta(this.#cursor);
    if (delta === null) {
      // Nobody can go on from here: the steps are forgotten, and each listener finds out for itself.
      await this.#begin();
      this.#steps = [];
      this.#sequence++;
    } else {
      this.#cursor = delta.cursor;
      if (delta.added.length + delta.ended.length === 0) return;
      this.#steps.push(new Step(delta));
      this.#sequence++;
      this.#trim();
    }
    this.wake();
  }

  #trim(): void {
    let rows = 0;
    const kept = this.#steps.toReversed().findIndex((step, index) => {
      rows += step.rowCount;
      return index > 0 && (index >= lapiLimits.feedStepsMax || rows > lapiLimits.feedRowsMax);
    });
    if (kept > 0) this.#steps = this.#steps.slice(-kept);
  }
}

/** The sum of the decisions that pass a filter at a cursor, or null when the index is at another place by now. */
export async function sumAt(store: Store, cursor: string, filter: DecisionFilter): Promise<DecisionSum | null> {
  const at = parseCursor(cursor)?.at;
  const followed = await store.decisions.inMemory();
  if (at === undefined || followed === null || cursorAt(followed, at) !== cursor) return null;
  return followed.index.sum((decision) => passes(decision, filter), at);
}

class Step implements FeedStep {
  readonly #delta: DecisionDelta;
  readonly #events = new Map<string, Promise<readonly Buffer[]>>();

  constructor(delta: DecisionDelta) {
    this.#delta = delta;
  }

  get cursor(): string {
    return this.#delta.cursor;
  }

  isKnownAt(cursor: string): boolean {
    const own = parseCursor(this.cursor);
    const other = parseCursor(cursor);
    return own !== null && other !== null && isCovered(own, other);
  }

  get rowCount(): number {
    return this.#delta.added.length + this.#delta.ended.length;
  }

  events({ key, filter }: KeyedFilter): Promise<readonly Buffer[]> {
    let events = this.#events.get(key);
    if (events === undefined) this.#events.set(key, events = encode(this.#delta, filter));
    return events;
  }
}

/** Events of bounded size; only the last one has the position. */
async function encode({ added, ended, cursor, now }: DecisionDelta, filter: DecisionFilter): Promise<readonly Buffer[]> {
  const chosen = (rows: readonly IndexedDecision[]): IndexedDecision[] => rows.filter((row) => passes(row, filter));
  const lists = [...sliced(chosen(added)).map((rows) => ({ rows, isNew: true })),
    ...sliced(chosen(ended)).map((rows) => ({ rows, isNew: false }))];
  const events: Buffer[] = [];
  for (const [index, { rows, isNew }] of lists.entries()) {
    if (index > 0) await setImmediate();
    const items = itemsText(rows, now);
    const data = isNew ? `{"new":[${items}],"deleted":[]}` : `{"new":[],"deleted":[${items}]}`;
    events.push(Buffer.from(eventText('decisions', data, index === lists.length - 1 ? cursor : null)));
  }
  return events;
}

function sliced<T>(items: readonly T[]): T[][] {
  const slices: T[][] = [];
  for (let from = 0; from < items.length; from += lapiLimits.streamEventRows) {
    slices.push(items.slice(from, from + lapiLimits.streamEventRows));
  }
  return slices;
}

/** The text of one event. JSON has no line ends, so one data line is enough. */
export function eventText(name: string, data: string, id: string | null): string {
  return `${id === null ? '' : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`;
}

interface Signal {
  readonly promise: Promise<void>;
  fire(): void;
}

function newSignal(): Signal {
  let fire = (): void => {};
  const promise = new Promise<void>((resolve) => { fire = resolve; });
  return { promise, fire: () => fire() };
}
