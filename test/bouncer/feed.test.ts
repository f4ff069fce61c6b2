// Where decisions come from: the open stream, taken up where it broke off; polling where there is none. A server that does
// as docs/stream.md says, and what it must not do; the real one is in test/bouncer/push.test.ts.

import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { DecisionIntake } from '../../bouncer/decision-intake.js';
import type { WireDecision } from '../../bouncer/decision.js';
import { textsOf } from '../../bouncer/element-list.js';
import { Feed } from '../../bouncer/feed.js';
import { Follower } from '../../bouncer/follow.js';
import { BouncerClient } from '../../bouncer/lapi-client.js';
import { Poller } from '../../bouncer/poll.js';
import { WantedState } from '../../bouncer/state.js';
import { createLog } from '../../ts/config/log.js';
import { murmur3 } from '../../ts/util/murmur.js';
import { waitFor } from './wait-for.js';

function decision(id: number): WireDecision {
  return { id, duration: '1h', origin: 'cscli', scenario: 's', scope: 'Ip', type: 'ban', value: `192.0.2.${id}` };
}

function event(name: string, data: unknown, id?: string): string {
  return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

function decisions(added: readonly number[], deleted: readonly number[], id?: string): string {
  return event('decisions', { new: added.map(decision), deleted: deleted.map(decision) }, id);
}

function state(ids: readonly number[], id: string): string {
  const sums = [0, 1].map((seed) => ids.reduce((sum, each) => (sum + murmur3(`${each} 192.0.2.${each}`, seed)) % 2 ** 32, 0));
  return event('state', { count: ids.length, checksum: sums.map((sum) => sum.toString(16).padStart(8, '0')).join('') }, id);
}

const reset = event('reset', { reason: 'start' });

/** What one connection to the stream is answered; an open one is kept for more. */
type Connection = (response: ServerResponse) => void;
const open = (...events: readonly string[]): Connection => (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(events.join(''));
};
const cut = (...events: readonly string[]): Connection => (response) => {
  open(...events)(response);
  response.end();
};

/** A Local API that follows a script, one entry a connection, and a feed that asks it. */
class Scene {
  readonly asked: string[] = [];
  readonly messages: string[] = [];
  readonly state = new WantedState();
  polled = '{"new": [], "deleted": []}';
  wholes = 0;
  allowlistReadings = 0;
  last: ServerResponse | null = null;
  readonly #script: Connection[];
  readonly #server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://x');
    if (url.pathname === '/v1/decisions/stream') {
      this.asked.push(`poll startup=${url.searchParams.get('startup')}`);
      return void response.end(this.polled);
    }
    this.asked.push(`changes after=${url.searchParams.get('after')}`);
    this.last = response;
    const answer = this.#script.shift();
    // The script is over: nobody there.
    if (answer === undefined) response.destroy();
    else answer(response);
  });
  readonly #handedOut = new Set<string>();
  #feed: Feed | null = null;
  #running: Promise<void> = Promise.resolve();
  #client: BouncerClient | null = null;

  constructor(...script: Connection[]) {
    this.#script = script;
  }

  async start(isPushed = true): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const client = new BouncerClient({ url: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`, apiKey: 'k' });
    this.#client = client;
    const intake = new DecisionIntake(this.state, { types: new Set(['ban']), families: new Set([4]), widestBits: { 4: 16, 6: 32 },
      hasOneGroup: false }, Date.now);
    const log = createLog('info', 'text', { write: (line: string) => this.messages.push(line) > 0 } as NodeJS.WritableStream);
    const options = { intake, filter: {}, log, onChange: () => {}, onWhole: () => { this.wholes++; },
      onAllowlists: () => { this.allowlistReadings++; } };
    this.#feed = new Feed({ poller: new Poller({ stream: client, ...options }), pollIntervalMs: 5, log, now: Date.now,
      follower: isPushed ? new Follower({ changes: client, ...options }) : null });
    this.#running = this.#feed.run();
  }

  async stop(): Promise<void> {
    this.#feed?.stop();
    await this.#running;
    this.#client?.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Addresses wanted, by their last number. */
  get wanted(): number[] {
    while (this.state.isChanged) {
      for (const { set, adds, deletes } of this.state.take(Date.now())) {
        for (const text of textsOf(set.family, deletes).keys()) this.#handedOut.delete(text);
        for (const text of textsOf(set.family, adds).keys()) this.#handedOut.add(text);
      }
    }
    return [...this.#handedOut].map((text) => Number(text.split('.')[3])).sort((a, b) => a - b);
  }
}

async function playing(scene: Scene, play: () => Promise<void>, isPushed = true): Promise<void> {
  await scene.start(isPushed);
  try {
    await play();
  } finally {
    await scene.stop();
  }
}

test('the whole set, then changes as they come, over one request', async () => {
  const scene = new Scene(open(reset, decisions([1, 2], []), decisions([3], []), state([1, 2, 3], '10')));
  await playing(scene, async () => {
    await waitFor('the whole', () => scene.wholes === 1);
    assert.deepEqual(scene.wanted, [1, 2, 3]);
    scene.last!.write(decisions([4], [1], '11'));
    await waitFor('the change', () => scene.wanted.join() === '2,3,4');
    scene.last!.write(event('allowlists', {}) + event('news of a later version', 'x') + ':\n\n');
    await waitFor('the allowlists', () => scene.allowlistReadings === 1);
    assert.deepEqual(scene.asked, ['changes after=null']);
  });
});

test('a stream that broke off is taken up at its last position; nothing is ended by that', async () => {
  const scene = new Scene(cut(reset, decisions([1, 2], []), state([1, 2], '10'), decisions([3], [], '11'), decisions([4], [])),
    open(decisions([4], [1], '12'), state([2, 3, 4], '12')));
  await playing(scene, async () => {
    await waitFor('taken up', () => scene.wanted.join() === '2,3,4');
    assert.deepEqual(scene.asked, ['changes after=null', 'changes after=11']);
    assert.equal(scene.wholes, 1);
  });
});

test('a set that broke off before its end ends nothing; the next one does', async () => {
  const scene = new Scene(cut(reset, decisions([1, 2], []), state([1, 2], '10'), reset, decisions([3], [])),
    open(reset, decisions([3, 4], []), state([3, 4], '20')));
  await playing(scene, async () => {
    await waitFor('the second whole', () => scene.wholes === 2);
    assert.deepEqual(scene.wanted, [3, 4]);
  });
});

const gaps: readonly (readonly [name: string, events: readonly string[]])[] = [
  ['a comparison that fails', [decisions([9], [], '11'), state([1, 2], '12')]],
  ['an event that is no JSON', [event('decisions', '{"new": [', '11')]],
  ['a list that is none', [event('decisions', { new: 5 }, '11')]],
  ['an event that is null', [event('decisions', 'null', '11')]],
];
for (const [name, events] of gaps) {
  test(`after ${name} everything is asked for, and bans stay meanwhile`, async () => {
    const scene = new Scene(open(reset, decisions([1, 2], []), state([1, 2], '10'), ...events),
      open(reset, decisions([1, 7], []), state([1, 7], '30')));
    await playing(scene, async () => {
      await waitFor('the second whole', () => scene.wholes === 2);
      assert.deepEqual(scene.asked, ['changes after=null', 'changes after=null']);
      assert.deepEqual(scene.wanted, [1, 7]);
    });
  });
}

test('a Local API whose claims are never right is believed in the end', async () => {
  const wrong = open(reset, decisions([1], []), state([2], '10'));
  const scene = new Scene(wrong, wrong, wrong, wrong);
  await playing(scene, async () => {
    await waitFor('the whole', () => scene.wholes === 1);
    assert.match(scene.messages.join(''), /not compared any more/);
  });
});

test('a Local API without the stream is polled, and that is said once', async () => {
  const absent: Connection = (response) => void response.writeHead(404).end();
  const scene = new Scene(absent);
  scene.polled = JSON.stringify({ new: [decision(5)], deleted: null });
  await playing(scene, async () => {
    await waitFor('three answers', () => scene.asked.length > 3);
    assert.deepEqual(scene.asked.slice(0, 4), ['changes after=null', 'poll startup=true', 'poll startup=false', 'poll startup=false']);
    assert.deepEqual([scene.wanted, scene.wholes], [[5], 1]);
    assert.deepEqual(scene.messages.map((line) => /msg="([^"]*)"/.exec(line)?.[1] ?? line),
      ['the Local API has no stream of changes: asking every 0.005 s']);
  });
});

test('an answer that is no stream counts as none', async () => {
  const scene = new Scene((response) => void response.end('{"new": [], "deleted": []}'));
  await playing(scene, async () => waitFor('polled', () => scene.asked.includes('poll startup=true')));
});

test('a stream that is opened and brings nothing, twice, is given up for polling', async () => {
  const scene = new Scene(cut(), cut());
  await playing(scene, async () => {
    await waitFor('polled', () => scene.asked.includes('poll startup=true'));
    assert.match(scene.messages.join(''), /does not come through/);
  });
});

test('without room for another stream it polls until it may ask again', async () => {
  const full: Connection = (response) => void response.writeHead(503, { 'retry-after': '1' }).end();
  const scene = new Scene(full, open(reset, decisions([6], []), state([6], '40')));
  scene.polled = JSON.stringify({ new: [decision(5)], deleted: null });
  await playing(scene, async () => {
    await waitFor('polled', () => scene.wanted.join() === '5');
    await waitFor('streamed', () => scene.wanted.join() === '6');
    assert.equal(scene.asked[1], 'poll startup=true');
  });
});

test('after a stream, polling begins with everything', async () => {
  const scene = new Scene(cut(reset, decisions([1], []), state([1], '10')), (response) => void response.writeHead(404).end());
  await playing(scene, async () => {
    await waitFor('polled', () => scene.asked.length > 3);
    assert.deepEqual(scene.asked.slice(1, 4), ['changes after=10', 'poll startup=true', 'poll startup=false']);
    assert.deepEqual(scene.wanted, []);
  });
});

test('push can be switched off', async () => {
  const scene = new Scene();
  await playing(scene, async () => waitFor('polled', () => scene.asked.length > 2), false);
  assert.ok(scene.asked.every((line) => line.startsWith('poll')));
});

test('a Local API that goes away is asked until it is back, and both are said once', async () => {
  const scene = new Scene(cut(reset, decisions([1], []), state([1], '10')));
  await playing(scene, async () => {
    await waitFor('some tries', () => scene.asked.length > 3);
    assert.deepEqual(scene.wanted, [1]);
    assert.equal(scene.messages.length, 1, scene.messages.join(''));
    assert.match(scene.messages[0], /bans stay as they are until it answers/);
  });
});
