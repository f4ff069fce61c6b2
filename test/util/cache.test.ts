import assert from 'node:assert/strict';
import test from 'node:test';
import { Cache, type CacheStrategy } from '../../ts/util/cache.js';

function keysLeft(cache: Cache<string, number>, keys: string): string {
  return [...keys].filter((key) => cache.get(key, 0) !== undefined).join('');
}

test('LRU lets the least recently used key go', () => {
  const cache = new Cache<string, number>(2, 'LRU');
  cache.set('a', 1);
  cache.set('b', 2);
  cache.get('a', 0);
  cache.set('c', 3);
  assert.equal(keysLeft(cache, 'abc'), 'ac');
});

test('LFU lets the least used key go, the older of equals first', () => {
  const cache = new Cache<string, number>(3, 'LFU');
  for (const key of 'abc') cache.set(key, 1);
  cache.get('a', 0);
  cache.get('a', 0);
  cache.get('b', 0);
  cache.set('d', 4);
  cache.set('e', 5);
  assert.equal(keysLeft(cache, 'abcde'), 'abe');
});

test('ARC keeps keys seen twice while others stream through', () => {
  const cache = new Cache<string, number>(4, 'ARC');
  for (const key of ['x', 'y']) {
    cache.set(key, 1);
    cache.get(key, 0);
  }
  for (let i = 0; i < 100; i++) cache.set(`stream${i}`, i);
  assert.equal(keysLeft(cache, 'xy'), 'xy');
  assert.equal(cache.size, 4);
});

for (const strategy of ['LRU', 'LFU', 'ARC'] as const satisfies readonly CacheStrategy[]) {
  test(`${strategy} never holds more than its size, and always what was stored last`, () => {
    const seed = Date.now() >>> 0;
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const cache = new Cache<number, number>(8, strategy);
    const truth = new Map<number, number>();
    for (let i = 0; i < 5000; i++) {
      const key = random(24);
      const found = cache.get(key, i);
      if (found !== undefined) assert.equal(found, truth.get(key), `seed ${seed} step ${i}`);
      if (random(10) === 0) {
        cache.delete(key);
        truth.delete(key);
      } else if (random(2) === 0) {
        cache.set(key, i, i + random(100));
        truth.set(key, i);
        assert.ok(cache.size <= 8, `seed ${seed} step ${i}`);
      }
    }
  });

  test(`${strategy} forgets an entry when its time is over`, () => {
    const cache = new Cache<string, number>(2, strategy);
    cache.set('a', 1, 100);
    assert.equal(cache.get('a', 99), 1);
    assert.equal(cache.get('a', 100), undefined);
    assert.equal(cache.size, 0);
  });
}

test('a cache without room is a mistake of the caller', () => {
  assert.throws(() => new Cache(0), TypeError);
});
