// The choice under overload: what is left out, from when on, and that it is counted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawBatch } from '../../ts/acquisition/source.js';
import { defaultOverload, type OverloadPolicy, resolveOverload } from '../../ts/config/overload.js';
import { ExpectMode } from '../../ts/event/line.js';
import { limits } from '../../ts/limits.js';
import { Counters } from '../../ts/metrics/counters.js';
import { Overload } from '../../ts/pipeline/overload.js';

const source = { src: '/var/log/auth.log', module: 'file', labels: {}, mode: ExpectMode.live };
const place = { file: 'palisade.yaml', line: 1, column: 1 };

/** Lines numbered from `first` on, one byte range each. */
function batch(count: number, first = 0): RawBatch {
  const spans = Uint32Array.from({ length: 2 * count }, (_, at) => first + (at >> 1) + (at & 1));
  return { source, bytes: new Uint8Array(count), spans, flags: new Uint8Array(count).fill(1), count, readAtMs: 0 };
}

function lines({ spans, count }: RawBatch): number[] {
  return Array.from({ length: count }, (_, index) => spans[2 * index]);
}

/** An overload whose clock is a number. */
function overload(policy: OverloadPolicy, keepOneIn = 10): { take: Overload['take']; lag: () => number; at: (ms: number) => void; shed: () => number } {
  const counters = new Counters();
  let now = 0;
  const made = new Overload({ policy, lagMs: 5000, keepOneIn }, counters, () => now);
  return { take: (lines) => made.take(lines), lag: () => made.lagMs, at: (ms) => { now = ms; },
    shed: () => counters.snapshot().filter(({ name }) => name === 'palisade_lines_shed_total').reduce((sum, { value }) => sum + value, 0) };
}

const full = limits.batchLinesMax;

test('the lag is the time since a read last left nothing behind', () => {
  const { take, lag, at } = overload('wait');
  at(1000);
  take(batch(3));
  at(3000);
  assert.equal(lag(), 0, 'nothing waits');
  take(batch(full));
  assert.equal(lag(), 2000);
  at(9000);
  assert.equal(lag(), 8000);
  take(batch(1));
  assert.equal(lag(), 0);
});

test('who waits leaves nothing out', () => {
  const { take, at, shed } = overload('wait');
  at(1e9);
  assert.equal(take(batch(full)).count, full);
  assert.equal(shed(), 0);
});

test('skip-to-now leaves out full reads once the lag is too long, until the log has been read to its end', () => {
  const { take, at, shed } = overload('skip-to-now');
  at(4999);
  assert.equal(take(batch(full)).count, full);
  at(5000);
  assert.equal(take(batch(full)).count, 0);
  assert.equal(take(batch(full)).count, 0);
  assert.deepEqual(lines(take(batch(3, 7))), [7, 8, 9]);
  assert.equal(take(batch(full)).count, full, 'caught up a moment ago');
  assert.equal(shed(), 2 * full);
});

test('a sample keeps one line in so many, over the ends of batches', () => {
  const { take, at, shed } = overload('sample', 3);
  at(6000);
  const count = full - (full % 3) - 1;
  const kept = [...lines(take(batch(count, 1))), ...lines(take(batch(count, 1 + count)))];
  assert.deepEqual(kept.slice(0, 4), [3, 6, 9, 12]);
  assert.ok(kept.every((line) => line % 3 === 0));
  assert.equal(shed(), 2 * count - kept.length);
});

test('a position stays with a batch that was left out', () => {
  const { take, at } = overload('skip-to-now');
  at(6000);
  const position = { path: '/var/log/auth.log', device: '1', inode: '2', offset: 3, mark: 4 };
  assert.deepEqual(take({ ...batch(full), position }).position, position);
});

test('the configuration: CrowdSec\'s own way by default, mistakes at their place', () => {
  assert.deepEqual(resolveOverload(undefined), defaultOverload);
  assert.deepEqual(resolveOverload({ policy: { text: 'sample', place }, lag: { text: '1m', place }, keep_one_in: 5 }),
    { policy: 'sample', lagMs: 60_000, keepOneIn: 5 });
  assert.throws(() => resolveOverload({ policy: { text: 'drop', place } }), /overload\.policy is "drop", must be one of wait, sample, skip-to-now/);
  assert.throws(() => resolveOverload({ lag: { text: 'soon', place } }), /overload\.lag/);
  assert.throws(() => resolveOverload({ keep_one_in: 0 }), /overload\.keep_one_in is 0/);
});
