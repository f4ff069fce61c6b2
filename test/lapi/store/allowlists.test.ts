import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { IpRangeError } from '../../../lapi/store/ip-range.js';
import type { Store } from '../../../lapi/store/store.js';
import { GoTime } from '../../../ts/util/go-time.js';
import { testDatabases } from './databases.js';
import { testSeed } from '../../support/random.js';

for (const database of testDatabases()) describe(`allowlists, ${database.name}`, { skip: database.skip }, () => {
  const clock = { ms: Date.parse('2026-11-23T01:44:56Z') };
  let store: Store;
  before(async () => {
    await database.start();
    store = await (await database.create())(() => clock.ms);
  });
  after(async () => {
    await store.close();
    await database.stop();
  });

  test('that are empty allow nothing, at once and in bulk', async () => {
    assert.deepEqual(await store.allowlists.reasons('10.0.0.1'), []);
    assert.deepEqual(await store.allowlists.reasonsOfMany(['10.0.0.1']), [[]]);
  });

  test('say in bulk what they say one by one, on random items and questions', async () => {
    const seed = testSeed();
    const random = seeded(seed);
    for (const name of ['b', 'a']) {
      await store.allowlists.add(name, '');
      const list = await store.allowlists.get(name, false);
      await store.allowlists.addItems(list!.id, Array.from({ length: 40 }, (_, index) => ({ value: randomNetwork(random),
        comment: index % 3 === 0 ? 'why' : '', expiresAt: index % 5 === 0 ? GoTime.fromMs(clock.ms - 1000) : GoTime.zero })));
    }
    const questions = Array.from({ length: 300 }, () => randomNetwork(random));
    const inBulk = await store.allowlists.reasonsOfMany(questions);
    for (const [index, question] of questions.entries()) {
      assert.deepEqual(inBulk[index], await store.allowlists.reasons(question), `seed ${seed}, ${question}`);
    }
    assert.ok(inBulk.some((reasons) => reasons.length > 1));
    await assert.rejects(store.allowlists.reasonsOfMany(['10.0.0.1', 'zz']), IpRangeError);
  });
});

function randomNetwork(random: () => number): string {
  const pick = (max: number): number => Math.floor(random() * (max + 1));
  const isV4 = random() < 0.6;
  const address = isV4 ? `10.${pick(1)}.${pick(1)}.${pick(3)}` : `2001:db8:${pick(1)}::${pick(3)}`;
  return random() < 0.5 ? address : `${address}/${isV4 ? 8 + pick(24) : 32 + pick(96)}`;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
