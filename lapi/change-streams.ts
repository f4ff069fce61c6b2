// The open streams of changes: each is a loop that brings its client from where it stands to the present and then goes
// along with the feed. Nothing is queued for a client: the loop goes on when the client has room, and one that fell
// behind catches up from the store. Beats keep connections alive and find clients that take nothing.

import type { Log } from '../ts/config/log.js';
import { ChangeFeed, eventText, type KeyedFilter } from './change-feed.js';
import { Refusal } from './errors.js';
import { lapiLimits } from './limits.js';
import type { StartupStreams } from './startup-streams.js';
import type { DecisionSum } from './store/decision-sums.js';
import type { Store } from './store/store.js';

/** One who listens. */
export interface StreamClient {
  /** How many streams of one owner are open is bounded. */
  readonly owner: string;
  readonly filter: KeyedFilter;
  /** Where the client stands; '' when it knows nothing. */
  readonly after: string;
  /** Asked at every beat; a rejection ends the stream. */
  check(cursor: string): Promise<void>;
  /** Cuts the connection of a client that takes nothing. */
  cut(): void;
}

export interface ChangeStreamsOptions {
  readonly store: Store;
  readonly startups: StartupStreams;
  readonly log: Log;
  /** Milliseconds between beats; absent: the usual. */
  readonly beatMs?: number;
}

interface Listener {
  readonly client: StreamClient;
  isClosed: boolean;
  /** The beat since which the client has not taken what was sent. */
  blockedSince: number | null;
}

/** All open streams of a server. */
export class ChangeStreams {
  readonly #options: ChangeStreamsOptions;
  readonly #feed: ChangeFeed;
  readonly #listeners = new Set<Listener>();
  #timer: NodeJS.Timeout | null = null;
  #beat = 0;
  #allowlists = '';
  #isClosed = false;

  constructor(options: ChangeStreamsOptions) {
    this.#options = options;
    this.#feed = new ChangeFeed(options.store);
  }

  get size(): number {
    return this.#listeners.size;
  }

  /**
   * Returns what a client hears, piece by piece, and a function that ends it. Throws a Refusal when there is no room, rejects when the
   * database cannot be read.
   */
  async open(client: StreamClient): Promise<{ readonly pieces: AsyncGenerator<string | Buffer>; readonly close: () => void }> {
    const own = [...this.#listeners].filter((other) => other.client.owner === client.owner).length;
    if (this.#isClosed || this.#listeners.size >= lapiLimits.changeStreamsMax || own >= lapiLimits.changeStreamsPerOwnerMax) {
      throw new Refusal('busy', 'there is no room for another stream of changes');
    }
    const listener: Listener = { client, isClosed: false, blockedSince: null };
    this.#listeners.add(listener);
    const close = (): void => {
      if (!this.#listeners.delete(listener)) return;
      listener.isClosed = true;
      this.#feed.leave();
      this.#feed.wake();
      if (this.#listeners.size === 0) this.#stopBeats();
    };
    try {
      await this.#feed.enter();
    } catch (error) {
      this.#listeners.delete(listener);
      throw error;
    }
    await this.#startBeats();
    return { pieces: this.#pieces(listener, close), close };
  }

  /** Ends all streams; no other is opened. */
  close(): void {
    this.#isClosed = true;
    for (const listener of this.#listeners) {
      listener.isClosed = true;
      if (listener.blockedSince !== null) listener.client.cut();
      this.#feed.leave();
    }
    this.#listeners.clear();
    this.#stopBeats();
    this.#feed.wake();
  }

  async* #pieces(listener: Listener, close: () => void): AsyncGenerator<string | Buffer> {
    try {
      for await (const event of this.#changes(listener)) {
        for (const piece of pieces(event)) {
          if (listener.isClosed) return;
          listener.blockedSince = this.#beat;
          yield piece;
          listener.blockedSince = null;
        }
      }
    } catch (error) {
      // The client comes back by itself, and is told then what is wrong.
      this.#options.log.warning(`a stream of changes ends: ${(error as Error).message}`);
    } finally {
      close();
    }
  }

  async* #changes(listener: Listener): AsyncGenerator<string | Buffer> {
    const { filter, after } = listener.client;
    yield `retry: ${lapiLimits.streamRetryMs}\n\n`;
    let cursor = after;
    let reason = after === '' ? 'start' : 'gap';
    for (;;) {
      // Taken before the way up to it: what comes after this number is told again rather than not at all.
      const sequence = this.#feed.sequence;
      const step = cursor === '' ? null : await this.#feed.catchUp(cursor, filter);
      if (step === null) {
        yield eventText('reset', `{"reason":"${reason}"}`, null);
        cursor = yield* this.#everything(filter);
        reason = 'gap';
        continue;
      }
      yield* await step.events(filter);
      cursor = step.cursor;
      const sum = await this.#feed.sumAt(cursor, filter);
      // Something changed meanwhile: once more, for the client waits for a comparison.
      if (sum === null) continue;
      yield stateText(cursor, sum);
      cursor = yield* this.#live(listener, sequence, cursor);
      if (listener.isClosed) return;
    }
  }

  /** The whole set; returns its position. */
  async* #everything({ filter }: KeyedFilter): AsyncGenerator<Buffer, string> {
    const { store, startups } = this.#options;
    const followed = await store.decisions.inMemory();
    if (followed === null) throw new TypeError('decisions are not kept in memory');
    const stream = startups.get(followed, filter, false, store.now());
    for await (const slice of startups.slices(stream)) {
      yield eventHead;
      yield slice;
      yield eventTail;
    }
    return stream.cursor;
  }

  /** Goes along with the feed until the client is closed or falls too far behind; returns its position. */
  async* #live(listener: Listener, from: number, at: string): AsyncGenerator<string | Buffer, string> {
    const { filter, check } = listener.client;
    let cursor = at;
    let beat = this.#beat;
    let comparedAt = beat;
    let allowlists = this.#allowlists;
    for (let sequence = from; !listener.isClosed;) {
      const step = this.#feed.after(sequence);
      if (step === null) return cursor;
      if (step !== undefined) {
        sequence++;
        if (step.isKnownAt(cursor)) continue;
        yield* await step.events(filter);
        cursor = step.cursor;
        continue;
      }
      if (allowlists !== this.#allowlists) {
        allowlists = this.#allowlists;
        yield eventText('allowlists', '{}', null);
      } else if (beat !== this.#beat) {
        beat = this.#beat;
        cursor = this.#feed.latest(cursor);
        await check(cursor);
        // A comment mostly; now and then a comparison, unless something has changed since that the client has not heard.
        const sum = beat - comparedAt < lapiLimits.beatsPerState ? null : await this.#feed.sumAt(cursor, filter);
        if (sum !== null) comparedAt = beat;
        yield sum === null ? ':\n\n' : stateText(cursor, sum);
      } else await this.#feed.woken;
    }
    return cursor;
  }

  async #startBeats(): Promise<void> {
    if (this.#timer !== null || this.#isClosed) return;
    const { beatMs = lapiLimits.beatMs } = this.#options;
    this.#timer = setInterval(() => void this.#onBeat(), beatMs);
    this.#allowlists = await this.#options.store.allowlists.version();
  }

  #stopBeats(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #onBeat(): Promise<void> {
    this.#beat++;
    for (const { client, blockedSince } of this.#listeners) {
      if (blockedSince !== null && this.#beat - blockedSince > lapiLimits.blockedBeatsMax) client.cut();
    }
    // A database that is away says nothing new.
    this.#allowlists = await this.#options.store.allowlists.version().catch(() => this.#allowlists);
    this.#feed.wake();
  }
}

const eventHead = Buffer.from('event: decisions\ndata: {"new":[');
const eventTail = Buffer.from('],"deleted":[]}\n\n');

/** In parts, so that a slow client that takes some is told from one that takes nothing. */
function* pieces(event: string | Buffer): Generator<string | Buffer> {
  if (typeof event === 'string') yield event;
  else for (let from = 0; from < event.length; from += lapiLimits.streamPieceBytes) {
    yield event.subarray(from, from + lapiLimits.streamPieceBytes);
  }
}

function stateText(cursor: string, { count, checksum }: DecisionSum): string {
  return eventText('state', `{"count":${count},"checksum":"${checksum}"}`, cursor);
}
