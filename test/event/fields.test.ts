// Fields of events against plain maps, over batches that are used again: what one line had never shows in another.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event, EventBatch, newEventNames } from '../../ts/event/event.js';
import { type LineBatch, lineFlags } from '../../ts/event/line.js';
import { randomFrom } from '../../ts/util/random.js';
import { testSeed } from '../support/random.js';

const source = { src: 'x', module: 'file', labels: {}, mode: 0 } as const;

function batchOf(lines: readonly string[]): LineBatch {
  const bytes = new Uint8Array(Buffer.from(lines.join('')));
  const spans = new Uint32Array(2 * lines.length);
  let at = 0;
  for (const [index, line] of lines.entries()) spans.set([at, at += line.length], 2 * index);
  return { seq: 0, source, bytes, spans, flags: new Uint8Array(lines.length).fill(lineFlags.ascii), count: lines.length, readAtMs: 1 };
}

test('random writes to the fields of a batch read like plain maps', (context) => {
  const seed = testSeed();
  context.diagnostic(`PALISADE_SEED=${seed}`);
  const random = randomFrom(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'only in data', 'also only in data'];
  const names = newEventNames();
  for (const key of keys.slice(0, 10)) for (const map of ['parsed', 'meta'] as const) names[map].declare(key);
  const events = new EventBatch(names);
  for (let round = 0; round < 60; round++) {
    const lines = Array.from({ length: 1 + below(20) }, () => Array.from({ length: below(30) }, () => 'xyz'[below(3)]).join(''));
    const taken = events.take(batchOf(lines));
    const models = lines.map(() => ({ parsed: new Map<string, string>(), meta: new Map<string, string>() }));
    for (let step = 0; step < 200; step++) {
      const row = below(lines.length);
      const map = random() < 0.5 ? 'parsed' : 'meta';
      write(taken[row], models[row], lines[row], map, keys[below(keys.length)], keys[below(10)]);
    }
    for (const [row, model] of models.entries()) {
      for (const map of ['parsed', 'meta'] as const) {
        assert.deepEqual({ ...taken[row][map].toObject() }, Object.fromEntries(model[map]), `seed ${seed}, round ${round}, row ${row}`);
        assert.equal(taken[row][map].size, model[map].size);
        for (const key of keys) assert.equal(taken[row][map].has(key), model[map].has(key));
      }
    }
  }

  function write(event: Event, model: Record<'parsed' | 'meta', Map<string, string>>, line: string, map: 'parsed' | 'meta',
    key: string, known: string): void {
    const slot = names[map].find(known);
    const from = below(line.length + 1);
    const to = from + below(line.length + 1 - from);
    const choice = below(7);
    const other = map === 'parsed' ? 'meta' : 'parsed';
    if (choice === 0) {
      event[map].setRangeAt(slot, from, to);
      model[map].set(known, line.slice(from, to));
    } else if (choice === 1) {
      const value = random() < 0.2 ? '' : `v${below(1000)}`;
      event[map].set(key, value);
      model[map].set(key, value);
    } else if (choice === 2) {
      event[map].copyAt(slot, event[other], names[other].find(known));
      if (model[other].get(known)) model[map].set(known, model[other].get(known)!);
    } else if (choice === 3) {
      // Often two ranges that follow one another.
      const [first, second] = [keys[below(10)], keys[below(10)]];
      if (below(2) === 0 && first !== second) {
        const middle = from + below(to - from + 1);
        for (const [name, start, end] of [[first, from, middle], [second, middle, to]] as const) {
          event[other].setRangeAt(names[other].find(name), start, end);
          model[other].set(name, line.slice(start, end));
        }
      }
      event[map].joinAt(slot, event[other], names[other].find(first), event[other], names[other].find(second));
      const joined = (model[other].get(first) ?? '') + (model[other].get(second) ?? '');
      if (joined !== '') model[map].set(known, joined);
    } else if (choice === 6) {
      event[map].delete(key);
      model[map].delete(key);
    } else if (choice === 4) {
      assert.equal(event[map].get(key), model[map].get(key) ?? '');
    } else {
      const range = event[map].rangeAt(slot);
      if (range !== -1) assert.equal(line.slice(range >>> 16, range & 0xffff), model[map].get(known));
    }
  }
});

test('an event of its own has its own fields', () => {
  const names = newEventNames();
  const slot = names.meta.declare('a');
  const [first, second] = [new Event(names), new Event(names)];
  first.meta.setAt(slot, '1');
  assert.equal(second.meta.hasAt(slot), false);
  second.meta.setAt(names.meta.declare('b'), '2');
  assert.deepEqual([first.meta.keys(), second.meta.keys()], [['a'], ['b']]);
  first.resetToLine(batchOf(['']), Buffer.alloc(0), 0);
  assert.equal(first.meta.size, 0);
});
