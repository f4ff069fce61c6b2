import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import RE2 from 're2';
import { loadGrokAddon, type NativePattern, type NativePatternSet } from '../../native/index.js';

const { Pattern, PatternSet } = loadGrokAddon();
const memory = 1 << 20;
const bytes = Buffer.from('abc 123');
const spans = Uint32Array.of(0, 7);
const groups = Uint32Array.of(1);
const out = new Int32Array(3);
const masks = new Uint32Array(1);

test('the addon finds groups and counts matches', () => {
  const pattern = new Pattern('([0-9]+)(x)?', memory);
  assert.equal(pattern.groupCount, 2);
  const rows = new Int32Array(10);
  assert.equal(pattern.exec(bytes, Uint32Array.of(0, 7, 0, 3), 2, Uint32Array.of(1, 2), rows), 1);
  assert.deepEqual([...rows], [1, 4, 7, -1, -1, 0, -1, -1, -1, -1]);
});

test('what was checked is taken once, by a pattern of the same text and memory, in any thread', async () => {
  const { checkPattern } = loadGrokAddon();
  for (const text of ['([0-9]+)(x)?', '(?i)ABC']) {
    checkPattern(text, memory);
    checkPattern(text, memory);
    const found = [memory, memory, 2 * memory].map((bytesMax) => new Pattern(text, bytesMax).exec(bytes, spans, 1, Uint32Array.of(0), new Int32Array(3)));
    assert.deepEqual(found, [1, 1, 1], text);
  }
  assert.throws(() => checkPattern('(', memory), /missing/);
  assert.throws(() => checkPattern('a{1000}{1000}', memory));
  checkPattern('c (1)', memory);
  const worker = new Worker(`
    const { parentPort, workerData } = require('node:worker_threads');
    const { Pattern } = require(workerData);
    const out = new Int32Array(3);
    new Pattern('c (1)', ${memory}).exec(Buffer.from('abc 123'), Uint32Array.of(0, 7), 1, Uint32Array.of(1), out);
    parentPort.postMessage([...out]);`, { eval: true, workerData: fileURLToPath(new URL('../../../native/build/grok.node', import.meta.url)) });
  const [rows] = await once(worker, 'message') as [number[]];
  assert.deepEqual(rows, [1, 4, 5]);
});

test('without wanted groups only the verdict is written', () => {
  const verdicts = Int32Array.of(-5, -5);
  assert.equal(new Pattern('b', memory).exec(bytes, Uint32Array.of(0, 3, 3, 7), 2, new Uint32Array(0), verdicts), 1);
  assert.deepEqual([...verdicts], [1, 0]);
});

test('group 0 is the whole match, and a group may be wanted twice', () => {
  const rows = new Int32Array(7);
  new Pattern('c (1)', memory).exec(bytes, spans, 1, Uint32Array.of(0, 1, 1), rows);
  assert.deepEqual([...rows], [1, 2, 5, 4, 5, 4, 5]);
});

const pattern = new Pattern('(b)', memory);
const set = new PatternSet(['b'], memory);
type Loose = (...values: unknown[]) => unknown;
const exec = pattern.exec.bind(pattern) as Loose;
const match = set.match.bind(set) as Loose;
const make = (type: unknown) => (...values: unknown[]) => new (type as new (...values: unknown[]) => unknown)(...values);

const mistakes: readonly [what: string, call: () => unknown, error: typeof TypeError | typeof RangeError][] = [
  ['no arguments', () => exec(), TypeError],
  ['bytes as a string', () => exec('abc', spans, 1, groups, out), TypeError],
  ['bytes as 16-bit numbers', () => exec(new Uint16Array(8), spans, 1, groups, out), TypeError],
  ['bytes as an ArrayBuffer', () => exec(new ArrayBuffer(8), spans, 1, groups, out), TypeError],
  ['spans as an array', () => exec(bytes, [0, 7], 1, groups, out), TypeError],
  ['spans as signed numbers', () => exec(bytes, Int32Array.of(0, 7), 1, groups, out), TypeError],
  ['a count as text', () => exec(bytes, spans, '1', groups, out), TypeError],
  ['a negative count', () => exec(bytes, spans, -1, groups, out), RangeError],
  ['a fractional count', () => exec(bytes, spans, 0.5, groups, out), RangeError],
  ['a count that is no number', () => exec(bytes, spans, NaN, groups, out), RangeError],
  ['a count beyond the spans', () => exec(bytes, spans, 2, groups, out), RangeError],
  ['a gigantic count', () => exec(bytes, spans, 2 ** 53, groups, out), RangeError],
  ['a span beyond the bytes', () => exec(bytes, Uint32Array.of(0, 8), 1, groups, out), RangeError],
  ['a span that starts beyond the bytes', () => exec(bytes, Uint32Array.of(0xfffffffe, 0xffffffff), 1, groups, out), RangeError],
  ['a span that ends before it starts', () => exec(bytes, Uint32Array.of(3, 2), 1, groups, out), RangeError],
  ['a group that the pattern does not have', () => exec(bytes, spans, 1, Uint32Array.of(2), out), RangeError],
  ['a result too short', () => exec(bytes, spans, 1, groups, new Int32Array(2)), RangeError],
  ['a result of unsigned numbers', () => exec(bytes, spans, 1, groups, new Uint32Array(3)), TypeError],
  ['another object as this', () => pattern.exec.call({} as NativePattern, bytes, spans, 1, groups, out), Error as never],
  ['a set as this of a pattern', () => pattern.exec.call(set as never, bytes, spans, 1, groups, out), TypeError],
  ['a pattern as this of a set', () => set.match.call(pattern as never, bytes, spans, 1, masks), TypeError],
  ['an object that inherits from a pattern', () => pattern.exec.call(Object.create(pattern) as NativePattern, bytes, spans, 1, groups, out), Error as never],
  ['masks too short', () => match(bytes, spans, 1, new Uint32Array(0)), RangeError],
  ['masks as a string', () => match(bytes, spans, 1, 'x'), TypeError],
  ['a span beyond the bytes of a set', () => match(bytes, Uint32Array.of(7, 9), 1, masks), RangeError],
  ['a regex that is no text', () => make(Pattern)(/x/, memory), TypeError],
  ['a regex without memory', () => make(Pattern)('x'), TypeError],
  ['negative memory', () => make(Pattern)('x', -1), RangeError],
  ['a set of something else', () => make(PatternSet)('x', memory), TypeError],
  ['a set with a number in it', () => make(PatternSet)(['x', 1], memory), TypeError],
  ['a call without new', () => (Pattern as unknown as Loose)('x', memory), TypeError],
];

for (const [what, call, error] of mistakes) {
  test(`${what}: an error, not a crash`, () => {
    assert.throws(call, error);
    assert.equal(pattern.exec(bytes, spans, 1, groups, out), 1);
  });
}

test('a buffer that was transferred away has no bytes left to search', () => {
  const buffer = new Uint8Array(7);
  structuredClone(buffer, { transfer: [buffer.buffer] });
  assert.throws(() => pattern.exec(buffer, spans, 1, groups, out), RangeError);
});

test('shared memory can be searched', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(7));
  shared.set(bytes);
  assert.equal(pattern.exec(shared, spans, 1, groups, out), 1);
});

test('a view into a larger buffer is searched from its own start', () => {
  const view = Buffer.concat([Buffer.from('zzz'), bytes]).subarray(3);
  assert.equal(new Pattern('^(abc)', memory).exec(view, spans, 1, groups, out), 1);
  assert.deepEqual([...out], [1, 0, 3]);
});

test('a refused regex of a set says which one it was', () => {
  assert.throws(() => new PatternSet(['a', 'b', '*'], memory), (error: Error & { index: number }) => error.index === 2);
});

test('it and the re2 package live in one process', () => {
  const { index } = new RE2('1(2)3').exec('abc 123') as RegExpExecArray;
  assert.equal(index, 4);
  assert.equal(new Pattern('1(2)3', memory).exec(bytes, spans, 1, groups, out), 1);
  assert.deepEqual([...out], [1, 5, 6]);
});

test('several threads load it, match side by side, and leave', async () => {
  const script = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { Pattern, PatternSet } = require(workerData.addon);
    const bytes = Buffer.from('user root from 10.0.0.1 port 22\\n'.repeat(1000));
    const spans = new Uint32Array(2000);
    for (let i = 0; i < 1000; i++) spans.set([i * 32, i * 32 + 31], 2 * i);
    let matched = 0;
    for (let round = 0; round < 5; round++) {
      const pattern = new Pattern('user (\\\\w+) from ([0-9.]+) port ' + (round === workerData.odd ? 23 : 22), 1 << 20);
      matched += pattern.exec(bytes, spans, 1000, Uint32Array.of(1, 2), new Int32Array(5000));
      new PatternSet(['root', 'port 2[0-9]'], 1 << 20).match(bytes, spans, 1000, new Uint32Array(1000));
    }
    parentPort.postMessage(matched);`;
  const addon = new URL('../../../native/build/grok.node', import.meta.url).pathname;
  const results = await Promise.all([0, 1, 2, 9].map((odd) => new Promise<number>((resolve, reject) => {
    const worker = new Worker(script, { eval: true, workerData: { addon, odd } });
    worker.once('message', resolve);
    worker.once('error', reject);
  })));
  assert.deepEqual(results, [4000, 4000, 4000, 5000]);
});

test('patterns are freed with the objects that hold them', () => {
  const before = process.memoryUsage().rss;
  let made: NativePattern | NativePatternSet | undefined;
  for (let round = 0; round < 400; round++) made = new Pattern(`(?:[a-z]{1,50}){1,10}${round}`, 8 << 20);
  assert.ok(made !== undefined);
  assert.ok(process.memoryUsage().rss - before < 600 << 20);
});

test('a thread that ends while it is in native code ends alone', async () => {
  const endless = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { Pattern } = require(workerData);
    const bytes = Buffer.from('abc 123');
    parentPort.postMessage('started');
    for (let i = 0; ; i++) new Pattern('c (' + i + ')', 1 << 20).exec(bytes, Uint32Array.of(0, 7), 1, Uint32Array.of(1), new Int32Array(3));`;
  for (let round = 0; round < 10; round++) {
    const worker = new Worker(endless, { eval: true, workerData: fileURLToPath(new URL('../../../native/build/grok.node', import.meta.url)) });
    assert.deepEqual(await once(worker, 'message'), ['started']);
    assert.equal(await worker.terminate(), 1);
  }
});
