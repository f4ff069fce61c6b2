// The tail of native/ingest at its boundary: one read at a time, an end for every promise, nothing left behind.

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { loadIngestAddon, readNumbers, type FileTail } from '../../native/index.js';
import { limits } from '../../ts/limits.js';

const dir = mkdtempSync(join(tmpdir(), 'palisade-addon-'));
const log = join(dir, 'a.log');
after(() => rmSync(dir, { recursive: true, force: true }));

function follow(): FileTail {
  return new (loadIngestAddon().FileTail)({ patterns: [log], fromEnd: [false], excludeRegexps: [], saved: [], pollIntervalMs: 250,
    discoveryIntervalMs: 0, lingerMs: 1000, lineBytesMax: limits.lineBytesMax });
}

/** Follows a file from its end. */
function followEnd(path: string): FileTail {
  return new (loadIngestAddon().FileTail)({ patterns: [path], fromEnd: [true], excludeRegexps: [], saved: [], pollIntervalMs: 250,
    discoveryIntervalMs: 0, lingerMs: 1000, lineBytesMax: limits.lineBytesMax });
}

function read(tail: FileTail, bytes = limits.batchBytesMax): Promise<number> {
  return tail.read(new Uint8Array(bytes), new Uint32Array(2 * limits.batchLinesMax), new Uint8Array(limits.batchLinesMax),
    new Float64Array(readNumbers));
}

test('a read beside one under way is refused, and closing answers the one under way', async () => {
  writeFileSync(log, '');
  const tail = follow();
  assert.equal(await read(tail), 0, 'notices only');
  assert.deepEqual(tail.takeNotices().slice(0, 3), ['opened', '0', log]);
  const first = read(tail);
  await assert.rejects(read(tail), /already under way/);
  tail.close();
  assert.equal(await first, -1);
  assert.equal(await read(tail), -1, 'after the end');
});

test('arrays that are too small, bad patterns and bad positions are refused', () => {
  const tail = follow();
  assert.throws(() => read(tail, 100), /too small/);
  tail.close();
  const { FileTail } = loadIngestAddon();
  const options = { patterns: [log], fromEnd: [false], excludeRegexps: [], saved: [], pollIntervalMs: 250, discoveryIntervalMs: 0,
    lingerMs: 1000, lineBytesMax: limits.lineBytesMax };
  assert.throws(() => new FileTail({ ...options, patterns: ['['] }), /syntax error in pattern/);
  assert.throws(() => new FileTail({ ...options, excludeRegexps: ['('] }), /regex/);
  assert.throws(() => new FileTail({ ...options, saved: [log, '1', 'x', '0', '0'] }), /saved position/);
});

test('closed tails leave no thread behind', async () => {
  await threadsToBe(0);
  const tails = Array.from({ length: 20 }, follow);
  await threadsToBe(20);
  for (const tail of tails) tail.close();
  await threadsToBe(0);
});

/** Waits until so many tail threads exist. They come and go on their own; there is no event to wait on. */
async function threadsToBe(wanted: number): Promise<void> {
  const count = (): number => readdirSync('/proc/self/task').filter((id) => nameOf(id) === 'palisade-tail').length;
  for (let left = 1_000_000; left > 0 && count() !== wanted; left--) await turn();
  assert.equal(count(), wanted);
}

/** Name of a thread of this process; '' when it has just ended. */
function nameOf(id: string): string {
  try {
    return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

test('a line written right after the start is read, what stood there before is not', { timeout: 20_000 }, async () => {
  for (let round = 0; round < 30; round++) {
    const path = join(dir, `end-${round}.log`);
    writeFileSync(path, 'before\n');
    const tail = followEnd(path);
    appendFileSync(path, 'after\n');
    const bytes = new Uint8Array(limits.batchBytesMax);
    const spans = new Uint32Array(2 * limits.batchLinesMax);
    let count = 0;
    while (count === 0) {
      count = await tail.read(bytes, spans, new Uint8Array(limits.batchLinesMax), new Float64Array(readNumbers));
      tail.takeNotices();
    }
    assert.equal(Buffer.from(bytes.subarray(spans[0], spans[1])).toString(), 'after');
    tail.close();
  }
});
