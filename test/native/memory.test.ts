// What a process gives back when it has started. Sizes are those that V8 and the kernel tell.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { getHeapSpaceStatistics } from 'node:v8';
import { loadGrokAddon } from '../../native/index.js';

const { shrinkHeap, releasePages, releaseBuffer } = loadGrokAddon();
const megabyte = 2 ** 20;

test('the room of young objects shrinks to what it was at the start', () => {
  const atStart = youngBytes();
  const kept = Array.from({ length: 500_000 }, (_, number) => ({ number }));
  const grown = youngBytes();
  assert.ok(grown >= 4 * megabyte + atStart, `${atStart} bytes grew to ${grown}`);
  assert.equal(kept.at(-1)?.number, 499_999);
  kept.length = 0;
  shrinkHeap();
  assert.ok(youngBytes() <= Math.max(atStart, 2 * megabyte), `${grown} bytes became ${youngBytes()}`);
});

test('pages of the program itself are let go, and come back where they are needed', () => {
  const before = filePages();
  releasePages();
  const after = filePages();
  assert.ok(after < before - 8 * megabyte, `${before} bytes became ${after}`);
  assert.deepEqual(JSON.parse('{"text": "\\u00e4"}'), { text: 'ä' });
  assert.equal(new Intl.NumberFormat('de').format(1234.5), '1.234,5');
});

test('a buffer that is released is gone at once, and its views are empty', () => {
  const buffer = new ArrayBuffer(8 * megabyte);
  const view = new Uint8Array(buffer).fill(7);
  const before = process.memoryUsage().arrayBuffers;
  releaseBuffer(buffer);
  assert.equal(before - process.memoryUsage().arrayBuffers, 8 * megabyte);
  assert.deepEqual([buffer.byteLength, view.length, view[0]], [0, 0, undefined]);
  // Once more does nothing; what is no buffer of its own is refused.
  releaseBuffer(buffer);
  assert.throws(() => releaseBuffer(new Uint8Array(8) as unknown as ArrayBuffer), TypeError);
  assert.throws(() => releaseBuffer(new SharedArrayBuffer(8) as unknown as ArrayBuffer), TypeError);
});

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')!.space_size;
}

/** Bytes of files that are mapped and in memory. */
function filePages(): number {
  return 1024 * Number(/^RssFile:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
}
