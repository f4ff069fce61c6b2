// A client of the open stream for tests: as docs/stream.md says, in the simplest way. It keeps what it was told and can be
// waited for.

import assert from 'node:assert/strict';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { murmur3 } from '../../ts/util/murmur.js';

export interface StreamEvent {
  readonly name: string;
  readonly id: string | null;
  readonly data: Record<string, unknown>;
}

interface Item {
  readonly id: number;
  readonly value: string;
}

const waitMsMax = 120_000;

/** The checksum of docs/stream.md, with big numbers. */
export function checksumOf(items: Iterable<Item>): string {
  let sums = [0n, 0n];
  for (const { id, value } of items) sums = sums.map((sum, seed) => sum + BigInt(murmur3(`${id} ${value}`, seed)) & 0xffffffffn);
  return sums.map((sum) => sum.toString(16).padStart(8, '0')).join('');
}

/** One connection after the other. */
export class ChangeClient {
  readonly events: StreamEvent[] = [];
  comments = 0;
  position: string | null = null;
  #held = new Map<number, Item>();
  #named: Map<number, Item> | null = null;
  #isCurrent = false;
  #call: ClientRequest | null = null;
  #response: IncomingMessage | null = null;
  #text = '';
  #isOpen = false;
  readonly #port: number;
  readonly #key: string;
  readonly #query: string;

  constructor(port: number, key: string, query = '') {
    this.#port = port;
    this.#key = key;
    this.#query = query;
  }

  /** Whether the last thing heard was a comparison that fitted. */
  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get values(): string[] {
    return [...this.#held.values()].map(({ value }) => value).sort();
  }

  get ids(): number[] {
    return [...this.#held.keys()].sort((a, b) => a - b);
  }

  /** Knows from now on what another client knows, but not its position. */
  learnFrom(client: ChangeClient): void {
    this.#held = new Map(client.#held);
  }

  /** Connects with the last position and returns the status. */
  connect(headers: Record<string, string> = {}): Promise<number> {
    this.#text = '';
    return new Promise((resolve, reject) => {
      this.#call = request({ host: '127.0.0.1', port: this.#port, path: `/v1/decisions/changes${this.#query}`, agent: false,
        headers: { 'x-api-key': this.#key, 'user-agent': 'test/v1', ...(this.position !== null && { 'last-event-id': this.position }),
          ...headers } }, (response) => {
        this.#response = response;
        this.#isOpen = response.statusCode === 200;
        response.setEncoding('utf8');
        response.on('data', (text: string) => { if (this.#response === response) this.#push(text); });
        response.on('close', () => { if (this.#response === response) this.#isOpen = false; });
        response.on('error', () => {});
        resolve(response.statusCode!);
      });
      this.#call.on('error', reject);
      this.#call.end();
    });
  }

  disconnect(): void {
    this.#call?.destroy();
    this.#response = null;
    this.#isOpen = false;
    this.#named = null;
  }

  /** Waits until a condition holds. */
  async until(condition: () => boolean, what: string): Promise<void> {
    for (const end = performance.now() + waitMsMax; !condition();) {
      assert.ok(performance.now() < end, `${what} did not happen; events: ${JSON.stringify(this.events.slice(-5))}`);
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
  }

  #push(text: string): void {
    // Only what came now can hold the end of an event.
    const isEnd = text.includes('\n\n') || (text.startsWith('\n') && this.#text.endsWith('\n'));
    this.#text += text;
    if (!isEnd) return;
    const events = this.#text.split('\n\n');
    this.#text = events.pop()!;
    for (const event of events) this.#take(event.split('\n'));
  }

  #take(lines: readonly string[]): void {
    const field = (name: string): string | null => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
    const name = field('event');
    if (name === null) {
      if (lines[0].startsWith(':')) this.comments++;
      return;
    }
    const event = { name, id: field('id'), data: JSON.parse(field('data')!) as Record<string, unknown> };
    this.events.push(event);
    if (event.id !== null) this.position = event.id;
    if (name === 'reset') this.#named = new Map();
    if (name === 'decisions') this.#apply(event.data as { new: Item[]; deleted: Item[] });
    if (name === 'state') this.#compare(event.data as { count: number; checksum: string });
  }

  #apply(lists: { new: Item[]; deleted: Item[] }): void {
    this.#isCurrent = false;
    for (const held of [this.#held, ...(this.#named === null ? [] : [this.#named])]) {
      for (const item of lists.new) held.set(item.id, item);
      for (const item of lists.deleted) held.delete(item.id);
    }
  }

  #compare({ count, checksum }: { count: number; checksum: string }): void {
    if (this.#named !== null) this.#held = this.#named;
    this.#named = null;
    assert.deepEqual({ count: this.#held.size, checksum: checksumOf(this.#held.values()) }, { count, checksum },
      JSON.stringify([...this.#held.values()]));
    this.#isCurrent = true;
  }
}
