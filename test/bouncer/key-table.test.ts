// The columns' tables against plain maps, lists and sorting: keys to rows, rows by their end, rows in order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpiryHeap } from '../../bouncer/expiry-heap.js';
import { KeyTable, NumberSet } from '../../bouncer/key-table.js';
import { RowQueue } from '../../bouncer/row-queue.js';
import { randomBelow } from './naive-bans.js';
import { testSeed } from '../support/random.js';

const seed = testSeed();

for (const words of [1, 2, 4] as const) {
  test(`random keys of ${words} words keep their rows while others come and go`, () => {
    const random = randomBelow(seed + words);
    const table = new KeyTable(words);
    const naive = new Map<string, number>();
    // Few values in each word, so that keys that differ in one word only are common.
    const key = (): [number, number, number, number] => [0, 1, 2, 3].map((at) => (at < 4 - words ? 0
      : at === 3 ? random(700) * 0x10000 : random(3) * 0xffffffff / 2 >>> 0)) as [number, number, number, number];
    for (let step = 0; step < 20_000; step++) {
      const wanted = key();
      const text = wanted.join();
      assert.equal(table.find(...wanted), naive.get(text) ?? -1, `seed ${seed}, step ${step}`);
      if (random(5) < 3) {
        const row = table.put(...wanted);
        assert.ok(naive.get(text) === row || ![...naive.values()].includes(row) && !naive.has(text), `seed ${seed}, step ${step}`);
        naive.set(text, row);
        assert.equal([0, 1, 2, 3].map((at) => table.word(row, at)).join(), text);
      } else if (naive.has(text)) {
        table.remove(naive.get(text)!);
        naive.delete(text);
      }
    }
    assert.equal(table.size, naive.size);
    assert.deepEqual([...table.rows()].sort((a, b) => a - b), [...naive.values()].sort((a, b) => a - b));
    assert.ok(table.rowCount <= 20_000 && [...naive.values()].every((row) => row < table.rowCount));
  });
}

test('a set of numbers is a set, also beyond 32 bits', () => {
  const random = randomBelow(seed);
  const numbers = new NumberSet();
  const naive = new Set<number>();
  for (let step = 0; step < 20_000; step++) {
    const number = random(500) + random(3) * 2 ** 32 + random(2) * 2 ** 50;
    if (random(2) === 0) {
      assert.equal(numbers.add(number), !naive.has(number));
      naive.add(number);
    } else assert.equal(numbers.delete(number), naive.delete(number));
    assert.deepEqual([numbers.has(number), numbers.size], [naive.has(number), naive.size], `seed ${seed}`);
  }
  assert.deepEqual([...numbers].sort((a, b) => a - b), [...naive].sort((a, b) => a - b));
});

test('rows come off the heap by their end, also after some were taken out of the middle', () => {
  const random = randomBelow(seed);
  const heap = new ExpiryHeap();
  const naive = new Map<number, number>();
  for (let step = 0; step < 20_000; step++) {
    const row = random(300);
    if (naive.has(row)) {
      assert.equal(heap.endOf(row), naive.get(row));
      heap.remove(row);
      naive.delete(row);
    } else {
      const untilMs = random(1000);
      heap.push(row, untilMs);
      naive.set(row, untilMs);
    }
    const least = naive.size === 0 ? null : Math.min(...naive.values());
    assert.equal(heap.nextMs, least, `seed ${seed}, step ${step}`);
    assert.equal(heap.endedBy(least === null ? 0 : least - 1), -1);
    if (least !== null) assert.equal(naive.get(heap.endedBy(least)), least);
  }
});

test('a queue gives in the order it took', () => {
  const random = randomBelow(seed);
  const queue = new RowQueue();
  const naive: number[] = [];
  for (let step = 0; step < 5000; step++) {
    if (random(5) < 3) {
      queue.push(step);
      naive.push(step);
    } else if (naive.length > 0) assert.equal(queue.shift(), naive.shift(), `seed ${seed}`);
    assert.equal(queue.isEmpty, naive.length === 0);
  }
});
