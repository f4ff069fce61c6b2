// The columns' tables against plain maps, lists and sorting: keys to rows, rows by their end, rows in order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpiryHeap } from '../../bouncer/expiry-heap.js';
import { KeyTable } from '../../bouncer/key-table.js';
import { bouncerLimits } from '../../bouncer/limits.js';
import { RowQueue } from '../../bouncer/row-queue.js';
import { ToldTable } from '../../bouncer/told-table.js';
import { randomBelow } from './naive-bans.js';
import { testSeed } from '../support/random.js';

const seed = testSeed();

for (const words of [1, 2, 4] as const) {
  test(`random keys of ${words} words keep their rows while others come and go`, () => {
    const random = randomBelow(seed + words);
    const table = new KeyTable(words);
    const naive = new Map<string, number>();
    const rows = new Set<number>();
    // Few values in each word, so that keys that differ in one word only are common; many keys, so that pages split.
    const key = (): [number, number, number, number] => [0, 1, 2, 3].map((at) => (at < 4 - words ? 0
      : at === 3 ? random(9000) * 0x10000 : random(3) * 0xffffffff / 2 >>> 0)) as [number, number, number, number];
    const steps = 60_000;
    for (let step = 0; step < steps; step++) {
      const wanted = key();
      const text = wanted.join();
      const known = naive.get(text);
      assert.equal(table.find(...wanted), known ?? -1, `seed ${seed}, step ${step}`);
      // More and more, then fewer and fewer.
      if (random(10) < (step < steps / 2 ? 9 : 2)) {
        const row = table.put(...wanted);
        assert.ok(known === row || known === undefined && !rows.has(row), `seed ${seed}, step ${step}`);
        naive.set(text, row);
        rows.add(row);
        assert.equal([0, 1, 2, 3].map((at) => table.word(row, at)).join(), text);
      } else if (known !== undefined) {
        table.remove(known);
        naive.delete(text);
        rows.delete(known);
      }
      if (step % (steps / 10) === 0) assert.deepEqual(new Set(table.rows()), rows, `seed ${seed}, step ${step}`);
    }
    assert.equal(table.size, naive.size);
    for (const [text, row] of naive) {
      const wanted = text.split(',').map(Number) as [number, number, number, number];
      assert.equal(table.find(...wanted), row, `seed ${seed}`);
    }
    assert.deepEqual([...table.rows()].sort((a, b) => a - b), [...rows].sort((a, b) => a - b));
    assert.ok(table.rowCount <= steps && Math.max(...rows) < table.rowCount);
  });
}

test('ids one after the other fill a table of many pages and leave it in their order', () => {
  const told = new ToldTable();
  const count = 10 * bouncerLimits.slotPageSlots;
  const first = 2 ** 32 - count / 2;
  for (let id = first; id < first + count; id++) told.tell(id);
  assert.deepEqual([told.size, told.find(first - 1), told.find(first + count)], [count, -1, -1]);
  for (let id = first; id < first + count; id++) {
    told.remove(told.find(id));
    assert.equal(told.find(id), -1);
  }
  assert.equal(told.size, 0);
});

test('of random tellings the table knows what a map knows, also beyond 32 bits', () => {
  const random = randomBelow(seed);
  const table = new ToldTable();
  const naive = new Map<number, { row: number; telling: number }>();
  let telling = 1;
  for (let step = 0; step < 20_000; step++) {
    const id = random(500) + random(3) * 2 ** 32 + random(2) * 2 ** 50;
    const known = naive.get(id);
    assert.equal(table.find(id), known?.row ?? -1);
    if (known !== undefined) assert.equal(table.isTold(known.row), known.telling === telling);
    if (random(1000) === 0) {
      table.begin();
      telling++;
    } else if (random(1000) === 0) {
      const missing = [...naive].filter(([, each]) => each.telling !== telling && each.telling !== 0);
      const found: number[] = [];
      for (const row of table.missing()) {
        found.push(row);
        table.remove(row);
      }
      assert.deepEqual(found, missing.map(([, { row }]) => row).sort((a, b) => a - b), `seed ${seed}`);
      for (const [gone] of missing) naive.delete(gone);
    } else if (random(3) === 0) {
      if (known !== undefined) table.remove(known.row);
      naive.delete(id);
    } else if (known === undefined && random(5) === 0) {
      naive.set(id, { row: table.put(id), telling: 0 });
    } else {
      naive.set(id, { row: table.tell(id), telling });
      assert.ok(known === undefined || known.row === table.find(id));
    }
    assert.equal(table.size, [...naive.values()].filter((each) => each.telling === telling).length, `seed ${seed}`);
  }
  assert.equal(new Set([...naive.values()].map(({ row }) => row)).size, naive.size);
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

test('rows beyond the first page have their ends too', () => {
  const random = randomBelow(seed);
  const heap = new ExpiryHeap();
  const rows = Array.from({ length: 2 * bouncerLimits.columnPageRows + 10 }, (_, row) => [row, random(1e6)] as const);
  for (const [row, untilMs] of rows) heap.push(row, untilMs);
  for (const [row] of rows.filter((_, index) => index % 3 === 0)) heap.remove(row);
  const left = rows.filter((_, index) => index % 3 !== 0).map(([, untilMs]) => untilMs).sort((a, b) => a - b);
  for (const untilMs of left) {
    const row = heap.endedBy(untilMs);
    assert.equal(heap.endOf(row), untilMs, `seed ${seed}`);
    heap.remove(row);
  }
  assert.equal(heap.nextMs, null);
});

test('a queue gives in the order it took', () => {
  const random = randomBelow(seed);
  const queue = new RowQueue();
  let [pushed, shifted] = [0, 0];
  const steps = 8 * bouncerLimits.columnPageRows;
  for (let step = 0; step < steps; step++) {
    // Longer than a page and empty again, both more than once.
    if (random(10) < (step % (steps / 2) < steps / 4 ? 8 : 1)) queue.push(3 * pushed++);
    else if (shifted < pushed) assert.equal(queue.shift(), 3 * shifted++, `seed ${seed}`);
    assert.equal(queue.isEmpty, shifted === pushed);
  }
});
