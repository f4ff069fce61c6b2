// Line framing of native/ingest against a naive splitter in TypeScript: hostile bytes, random cuts, small limits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadIngestAddon, readNumber, readNumbers } from '../../native/index.js';
import { lineFlags } from '../../ts/event/line.js';
import { limits } from '../../ts/limits.js';
import { pick, testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

interface FramedLine {
  readonly text: string;
  readonly flags: number;
}

/** What framing means, said as simply as possible. */
function naiveLines(input: Buffer, lineBytesMax: number): FramedLine[] {
  const lines: FramedLine[] = [];
  let start = 0;
  while (start < input.length) {
    const newline = input.indexOf(0x0a, start);
    const end = newline < 0 ? input.length : newline;
    const text = input.subarray(start, end > start && input[end - 1] === 0x0d ? end - 1 : end);
    const cut = text.subarray(0, lineBytesMax);
    const ascii = cut.every((byte) => byte < 0x80);
    if (text.length > 0) {
      lines.push({ text: cut.toString('latin1'), flags: (ascii ? lineFlags.ascii : 0) | (cut.length < text.length ? lineFlags.truncated : 0) });
    }
    start = end + 1;
  }
  return lines;
}

/** Frames the input handed over in pieces that end at `cuts`. */
function framedLines(input: Buffer, cuts: readonly number[], lineBytesMax: number, bufferBytes: number, roomLines: number): FramedLine[] {
  const framer = new (loadIngestAddon().LineFramer)(lineBytesMax);
  const bytes = new Uint8Array(bufferBytes);
  const spans = new Uint32Array(2 * roomLines);
  const flags = new Uint8Array(roomLines);
  const numbers = new Float64Array(readNumbers);
  const lines: FramedLine[] = [];
  const push = (chunk: Uint8Array, last: boolean): void => {
    let from = 0;
    let count: number;
    do {
      count = framer.push(chunk, from, last, bytes, spans, flags, numbers);
      from += numbers[readNumber.last];
      for (let i = 0; i < count; i++) {
        lines.push({ text: Buffer.from(bytes.subarray(spans[2 * i], spans[2 * i + 1])).toString('latin1'), flags: flags[i] });
      }
      const truncated = [...flags.subarray(0, count)].filter((flag) => (flag & lineFlags.truncated) !== 0).length;
      assert.equal(numbers[readNumber.truncated], truncated);
    } while (from < chunk.length || count === roomLines);
  };
  let start = 0;
  for (const cut of [...cuts, input.length]) {
    push(input.subarray(start, cut), false);
    start = cut;
  }
  push(new Uint8Array(0), true);
  return lines;
}

test('lines end at a newline, lose one carriage return, and empty ones are skipped', () => {
  const cases: readonly (readonly [input: string, lines: readonly string[]])[] = [
    ['', []], ['\n\n\r\n\n', []], ['\r', []], ['a', ['a']], ['a\n', ['a']], ['a\nb', ['a', 'b']], ['a\r\nb\r', ['a', 'b']],
    ['a\r\r\n', ['a\r']], ['a\rb\n', ['a\rb']], ['\0\n', ['\0']], ['x\0y\nz', ['x\0y', 'z']], [' \n', [' ']],
  ];
  for (const [input, lines] of cases) {
    const framed = framedLines(Buffer.from(input, 'latin1'), [], 100, 200, 4);
    assert.deepEqual(framed.map((line) => line.text), lines, JSON.stringify(input));
  }
});

test('a line is marked ASCII only when no byte of it is above 0x7f, and invalid UTF-8 is kept', () => {
  const input = Buffer.from([0x61, 0x0a, 0xc3, 0xa9, 0x0a, 0xff, 0x80, 0x0a, 0x7f, 0x0a]);
  assert.deepEqual(framedLines(input, [], 100, 200, 8),
    [{ text: 'a', flags: 1 }, { text: '\xc3\xa9', flags: 0 }, { text: '\xff\x80', flags: 0 }, { text: '\x7f', flags: 1 }]);
});

test('a line over the limit is cut and flagged, and the next line is whole', () => {
  const max = limits.lineBytesMax;
  for (const length of [max - 1, max, max + 1, max + 2, 3 * max, 300_000]) {
    for (const ending of ['\n', '\r\n']) {
      const input = Buffer.from(`${'a'.repeat(length)}${ending}next\n`);
      const framed = framedLines(input, [1000, max, max + 1], max, limits.batchBytesMax, limits.batchLinesMax);
      assert.deepEqual(framed.map((line) => [line.text.length, line.flags]),
        [[Math.min(length, max), length > max ? 3 : 1], [4, 1]], `${length} ${JSON.stringify(ending)}`);
    }
  }
});

test('random bytes in random pieces frame as the naive splitter says', () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const alphabet = [0x0a, 0x0a, 0x0d, 0x00, 0x61, 0x62, 0x63, 0x7f, 0x80, 0xff];
  for (let round = 0; round < 3000; round++) {
    const input = Buffer.from(Array.from({ length: Math.floor(random() * 120) }, () =>
      pick(random, random() < 0.5 ? [0x61] : alphabet)));
    const lineBytesMax = 1 + Math.floor(random() * 12);
    const cuts = Array.from({ length: Math.floor(random() * 6) }, () => Math.floor(random() * (input.length + 1))).sort((a, b) => a - b);
    const framed = framedLines(input, cuts, lineBytesMax, lineBytesMax + 2 + Math.floor(random() * 20), 1 + Math.floor(random() * 4));
    assert.deepEqual(framed, naiveLines(input, lineBytesMax), `seed ${seed}, round ${round}, cuts ${cuts}, ${input.toString('hex')}`);
  }
});

test('arrays too small for a line are refused', () => {
  const framer = new (loadIngestAddon().LineFramer)(100);
  assert.throws(() => framer.push(new Uint8Array(1), 0, false, new Uint8Array(101), new Uint32Array(2), new Uint8Array(1),
    new Float64Array(readNumbers)), /too small/);
});
