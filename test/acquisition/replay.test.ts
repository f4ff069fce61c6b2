// Reading files once: plain, gzip, zstd; damaged, binary, empty and unreadable ones.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { replayFiles } from '../../ts/acquisition/replay.js';
import { fileDefaults, fileSource } from '../../ts/acquisition/sources/file.js';
import { ExpectMode } from '../../ts/event/line.js';
import { limits } from '../../ts/limits.js';
import { PalisadeError } from '../../ts/errors.js';
import { pick, testSeed } from '../support/random.js';
import { Collected, TestContext } from './collected.js';
import { randomFrom } from '../../ts/util/random.js';

const dir = mkdtempSync(join(tmpdir(), 'palisade-replay-'));
const content = 'first line\nsecond line\r\n\nthird, from zstd\nlast without newline';
const contentLines = ['first line', 'second line', 'third, from zstd', 'last without newline'];
/** `content`, and 300,000 bytes of one repeated line, as the zstd program compresses them. */
const zstdContent = Buffer.from('KLUv/SQ+xQEAkgMMEMB3QKZwZE6SKM3/tXx8ag+4qQjX/nD5RPYutO49meEmFq6zfBW45YFeuKn23kkCAQAvlCVOCqLo', 'base64');
const zstdRepeated = Buffer.from('KLUv/QRoBAIAskMNEaBvAEFJEAAqeeWYTyPXfgt4wLpXrg7ZVb//jbJ7U7bEiInl4j/b98imUWlEWo0OosMZPQIBACv8'
  + '73MFBUQAAAABAP3/PldARQAAAAEA3RMdAAF4way5', 'base64');
let context: TestContext;

beforeEach(() => {
  context = new TestContext();
});
after(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, bytes: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
}

async function textsOf(...paths: string[]): Promise<string[]> {
  const texts: string[] = [];
  for await (const { bytes, spans, count } of replayFiles(paths, context.log)) {
    for (let i = 0; i < count; i++) texts.push(Buffer.from(bytes.subarray(spans[2 * i], spans[2 * i + 1])).toString('latin1'));
  }
  return texts;
}

test('plain, gzip and zstd files give the same lines, whatever they are called', async () => {
  const cases: readonly (readonly [name: string, bytes: string | Uint8Array])[] = [
    ['plain.log', content], ['plain.gz', content], ['packed.gz', gzipSync(content)], ['packed.log', gzipSync(content)],
    ['two-members.gz', Buffer.concat([gzipSync(content.slice(0, 20)), gzipSync(content.slice(20))])],
    ['packed.zst', zstdContent], ['zstd.log', zstdContent],
  ];
  for (const [name, bytes] of cases) assert.deepEqual(await textsOf(file(name, bytes)), contentLines, name);
  const repeated = '2026-01-02T03:04:05 host sshd[1]: Failed password for root\n'.repeat(6000).slice(0, 300_000);
  assert.deepEqual(await textsOf(file('two-frames.zst', Buffer.concat([zstdRepeated, zstdRepeated]))),
    `${repeated}${repeated}`.split('\n'));
});

test('files of every size come through whole, compressed or not', async () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  for (const size of [1, 4095, limits.batchBytesMax - 1, limits.batchBytesMax, limits.batchBytesMax + 1, 1_500_000]) {
    const lines: string[] = [];
    for (let bytes = 0; bytes < size; bytes += lines.at(-1)!.length + 1) {
      const length = pick(random, [1, 10, 200, 5000, limits.lineBytesMax]);
      lines.push(`${lines.length} `.padEnd(Math.min(length, size - bytes), 'x'));
    }
    const text = lines.join('\n');
    for (const bytes of [Buffer.from(text), gzipSync(text), Buffer.from(`${text}\n`)]) {
      assert.deepEqual(await textsOf(file('sized.log', bytes)), lines, `seed ${seed}, size ${size}`);
    }
  }
});

test('many short lines are split over batches of the maximum length', async () => {
  const lines = Array.from({ length: 5000 }, (_, index) => String(index));
  assert.deepEqual(await textsOf(file('short.log', lines.join('\n'))), lines);
});

test('batches can be transferred to another thread', async () => {
  for await (const batch of replayFiles([file('transfer.log', 'x'.repeat(60_000).concat('\n').repeat(8))], context.log)) {
    const copy = structuredClone(batch, { transfer: [batch.bytes.buffer, batch.spans.buffer, batch.flags.buffer] as ArrayBuffer[] });
    assert.equal(batch.bytes.byteLength, 0);
    assert.ok(copy.bytes.length > 0);
  }
});

test('a damaged archive gives the lines before the damage, then an error that names it', async () => {
  const random = randomFrom(1);
  const lines = Array.from({ length: 20_000 }, (_, index) => `${index} ${random()}`);
  const whole = gzipSync(lines.join('\n'));
  const path = file('damaged.gz', whole.subarray(0, whole.length / 2));
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const { bytes, spans, count } of replayFiles([path], context.log)) {
      for (let i = 0; i < count; i++) seen.push(Buffer.from(bytes.subarray(spans[2 * i], spans[2 * i + 1])).toString());
    }
  }, (error: PalisadeError) => error.code === 'E_SOURCE' && error.message.startsWith(`cannot read ${path}: `));
  assert.ok(seen.length > 5000, `${seen.length} lines`);
  assert.deepEqual(seen.slice(0, -1), lines.slice(0, seen.length - 1));
});

test('other compressions are refused by name', async () => {
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [Buffer.from('BZh91AY&SY'), /bzip2/], [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), /xz/],
    [Buffer.from([4, 0x22, 0x4d, 0x18, 0]), /lz4/], [Buffer.from('PK\x03\x04'), /zip/],
  ];
  for (const [bytes, name] of cases) await assert.rejects(textsOf(file('other', bytes)), name);
});

test('an unreadable file is an error after all others have been read', async () => {
  const [folder, loop] = [join(dir, 'folder'), join(dir, 'loop')];
  mkdirSync(folder);
  symlinkSync('loop', loop);
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const { path } of replayFiles([folder, file('good', 'a\n'), loop, join(dir, 'missing')], context.log)) seen.push(path);
  }, (error: PalisadeError) => error.code === 'E_SOURCE' && /folder: is a directory; .*loop: .*symbolic links.*; .*missing: No such file/i.test(error.message));
  assert.deepEqual(seen, [join(dir, 'good')]);
});

test('empty and binary files are named, and binary ones read', async () => {
  assert.deepEqual(await textsOf(file('empty.log', ''), file('blank.log', '\n\r\n'), file('packed-empty.gz', gzipSync(''))), []);
  assert.deepEqual(context.messages.filter((text) => /is empty/.test(text)).length, 3);
  const binary = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0x0a, 0xff, 0x0a]);
  assert.deepEqual(await textsOf(file('program', binary)), ['\x7fELF\0\0', '\xff']);
  assert.ok(context.messages.some((text) => /program looks like a binary file/.test(text)));
});

test('a source of mode cat reads what its patterns match once, in the time of the log', async () => {
  mkdirSync(join(dir, 'cat'));
  file('cat/a.log', 'one\n');
  file('cat/b.log', `${'x'.repeat(70_000)}\ntwo\n`);
  file('cat/c.old', 'three\n');
  const source = fileSource({ labels: { type: 'nginx' }, mode: 'cat', useTimeMachine: false, name: '', uniqueId: '', logLevel: null,
    transform: null, place: null }, { ...fileDefaults, patterns: [join(dir, 'cat/*'), join(dir, 'cat/a*')], excludeRegexps: ['old$'] }, context);
  const collected = await Collected.from(source);
  await collected.ended;
  assert.deepEqual(collected.lines.map((line) => [line.src.slice(dir.length), line.text.slice(0, 5), line.truncated]),
    [['/cat/a.log', 'one', false], ['/cat/b.log', 'xxxxx', true], ['/cat/b.log', 'two', false]]);
  assert.ok(collected.batches.every((batch) => batch.source.mode === ExpectMode.timeMachine && batch.source.labels['type'] === 'nginx'));
  assert.deepEqual(context.counts(), { [`cs_filesource_hits_total{${join(dir, 'cat/a.log')}}`]: 1,
    [`cs_filesource_hits_total{${join(dir, 'cat/b.log')}}`]: 2, [`palisade_lines_truncated_total{${join(dir, 'cat/b.log')}}`]: 1 });
});

test('closing a replay ends it', async () => {
  const path = file('long.log', 'line\n'.repeat(200_000));
  appendFileSync(path, 'end\n');
  const source = fileSource({ labels: {}, mode: 'cat', useTimeMachine: true, name: '', uniqueId: '', logLevel: null, transform: null,
    place: null }, { ...fileDefaults, patterns: [path], excludeRegexps: [] }, context);
  const collected = await Collected.from(source);
  await collected.reach(1);
  await collected.close();
  assert.ok(!collected.texts().includes('end'));
});
