import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choosePart, type WaitingRow } from '../../../lapi/store/change-lanes.js';
import { formatPosition, hasSeen, hasSeenAll, type ChangePosition } from '../../../lapi/store/change-position.js';
import { lapiLimits } from '../../../lapi/limits.js';
import { testSeed } from '../../support/random.js';
import { randomFrom } from '../../../ts/util/random.js';

const imports: WaitingRow[] = [{ transaction: 5, row_id: 1, last_id: 1_000 }, { transaction: 6, row_id: 1_001, last_id: 2_000 },
  { transaction: 7, row_id: 2_001, last_id: null }];

test('a ban goes before the imports that stand in front of it, and these follow one by one', () => {
  const end: ChangePosition = { next: 8, open: [] };
  const first = choosePart({ rows: imports, cut: null }, { next: 5, open: [] }, end, 'small first');
  assert.deepEqual(first.rows.map((row) => row.transaction), [7]);
  assert.equal(formatPosition(first.position), '8:5,6');
  const second = choosePart({ rows: imports.slice(0, 2), cut: null }, first.position, end, 'both');
  assert.deepEqual(second.rows.map((row) => row.transaction), [5]);
  assert.equal(formatPosition(second.position), '8:6');
});

test('imports alone are put off where only small transactions may be read', () => {
  const from: ChangePosition = { next: 5, open: [] };
  const end: ChangePosition = { next: 8, open: [] };
  const alone = choosePart({ rows: imports.slice(0, 2), cut: null }, from, end, 'small');
  assert.deepEqual([alone.rows, alone.isPutOff], [[], true]);
  const beside = choosePart({ rows: imports, cut: null }, from, end, 'small');
  assert.deepEqual([beside.rows.map((row) => row.transaction), beside.isPutOff, formatPosition(beside.position)], [[7], false, '8:5,6']);
});

test('bans without end do not hold an import back', () => {
  const part = choosePart({ rows: imports, cut: null }, { next: 5, open: [] }, { next: 8, open: [] }, 'both');
  assert.deepEqual(part.rows.map((row) => row.transaction), [5, 7]);
});

test('readers of random logs see each transaction once, in parts of bounded size, at positions of bounded text', () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  for (let round = 0; round < 200; round++) {
    const where = `seed ${seed}, round ${round}`;
    const largeShare = random();
    const pageRows = 1 + Math.floor(random() * 200);
    let numbers = 1;
    let ids = 1;
    const log: WaitingRow[] = [];
    const running = new Set<number>();
    let position: ChangePosition = { next: 1, open: [] };
    const seen = new Map<number, number>();
    for (let step = 0; step < 150; step++) {
      // Transactions of several rows end in another order than they began, as PostgreSQL's do.
      for (let count = step < 100 ? Math.floor(random() * 20) : 0; count > 0; count--) running.add(numbers++);
      const ended = [...running].filter(() => step >= 100 || random() < 0.7);
      for (const transaction of ended) {
        running.delete(transaction);
        for (let rows = Math.floor(random() * 3); rows > 0; rows--) {
          const size = random() < largeShare ? Math.floor(random() * 1_000) : 0;
          log.push({ transaction, row_id: ids, last_id: random() < 0.5 && size === 0 ? null : ids + size });
          ids += size + 1;
        }
      }
      const end: ChangePosition = { next: numbers, open: [...running].sort((a, b) => a - b) };
      const waiting = log.filter(({ transaction }) => !hasSeen(position, transaction)).sort((a, b) => a.transaction - b.transaction);
      if (waiting.length === 0) continue;
      // A page is cut between transactions, and holds at least one.
      let length = waiting.length;
      if (length > pageRows) {
        length = pageRows;
        while (length < waiting.length && waiting[length].transaction === waiting[0].transaction) length++;
        if (waiting[length - 1].transaction !== waiting[0].transaction) {
          while (length < waiting.length && waiting[length - 1].transaction === waiting[length].transaction) length--;
        }
      }
      const cut = length === waiting.length ? null : waiting[length].transaction;
      const part = choosePart({ rows: waiting.slice(0, length), cut }, position, end, random() < 0.5 ? 'both' : 'small first');
      assert.ok(part.rows.length > 0, where);
      assert.ok(hasSeenAll(part.position, position), where);
      for (const transaction of new Set(part.rows.map((row) => row.transaction))) {
        assert.ok(!hasSeen(position, transaction) && hasSeen(part.position, transaction), where);
        assert.equal(part.rows.filter((row) => row.transaction === transaction).length,
          log.filter((row) => row.transaction === transaction).length, `${where}: transactions come whole`);
        assert.equal(seen.get(transaction), undefined, where);
        seen.set(transaction, step);
      }
      // What has rows and was not handed out is unseen.
      for (const { transaction } of waiting) assert.equal(hasSeen(part.position, transaction), seen.has(transaction), where);
      for (const transaction of running) assert.ok(!hasSeen(part.position, transaction), where);
      const left = part.position.open.filter((number) => !running.has(number)).length;
      assert.ok(left <= 2 * lapiLimits.largeTransactionsLeftMax, where);
      position = part.position;
    }
    for (let guard = 0; ; guard++) {
      const waiting = log.filter(({ transaction }) => !hasSeen(position, transaction)).sort((a, b) => a.transaction - b.transaction);
      if (waiting.length === 0) break;
      assert.ok(guard < log.length, `${where}: it comes to an end`);
      position = choosePart({ rows: waiting, cut: null }, position, { next: numbers, open: [] }, guard % 2 === 1 ? 'both' : 'small first').position;
    }
  }
});
