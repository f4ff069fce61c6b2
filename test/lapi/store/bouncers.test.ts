import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateApiKey, hashApiKey } from '../../../lapi/store/credentials.js';
import { pick, testSeed } from '../../support/random.js';
import { onEachDatabase } from './databases.js';
import { randomFrom } from '../../../ts/util/random.js';

onEachDatabase('bouncers', (database) => {
  test('that are answered at once, by several Local APIs, do not make these wait for one another', async () => {
    const open = await database.create();
    const stores = [await open(Date.now), await open(Date.now)];
    const seed = testSeed();
    const random = randomFrom(seed);
    for (let i = 0; i < 12; i++) await stores[0].bouncers.add({ name: `b${i}`, keyHash: hashApiKey(generateApiKey()), ipAddress: '', isAutoCreated: false });
    const bouncers = await stores[0].bouncers.list();
    assert.equal(bouncers.length, 12);
    for (let round = 0; round < 15; round++) {
      await Promise.all(Array.from({ length: 60 }, async (_all, index) => {
        const store = pick(random, stores);
        // Each is as it was before its first answer, so each is written at once.
        await store.bouncers.recordPull(pick(random, bouncers), store.now(), `${round * 60 + index + 1}@1795398313.000000000`);
      }));
    }
    await Promise.all(stores.map((store) => store.bouncers.flushPulls()));
    for (const { lastPull, cursor } of await stores[0].bouncers.list()) assert.deepEqual([lastPull.isZero, cursor === ''], [false, false], `seed ${seed}`);
    for (const store of stores) await store.close();
  });
});
