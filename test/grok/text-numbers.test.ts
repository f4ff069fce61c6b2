import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noNumber, TextNumbers } from '../../ts/grok/text-numbers.js';
import { randomFrom } from '../../ts/util/random.js';
import { testSeed } from '../support/random.js';
import { batchOf } from './batch.js';

test('texts have the same number exactly if they are the same bytes, until all are taken back', () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const [textsMax, bytesMax] = [200, 12];
  const numbers = new TextNumbers(textsMax, bytesMax);
  let known = new Map<string, number>();
  let takenBack = 0;
  for (let round = 0; round < 200; round++) {
    const texts = Array.from({ length: Math.floor(random() * 100) }, () => Buffer.from(Array.from({ length: Math.floor(random() * 15) },
      () => [0x61, 0x62, 0xff, 0x00][Math.floor(random() * (round % 2 === 0 ? 2 : 4))])));
    const { bytes, spans, count } = batchOf(texts);
    const out = new Uint32Array(count);
    const fits = known.size + count <= textsMax;
    assert.equal(numbers.number(bytes, spans, count, out), !fits, `seed ${seed}, round ${round}`);
    if (!fits) {
      known = new Map();
      takenBack++;
    }
    for (const [index, text] of texts.entries()) {
      if (text.length > bytesMax) {
        assert.equal(out[index], noNumber);
        continue;
      }
      const key = text.toString('latin1');
      if (!known.has(key)) known.set(key, known.size);
      assert.equal(out[index], known.get(key), `seed ${seed}, round ${round}: ${key}`);
    }
  }
  assert.ok(takenBack > 5);
});

test('more texts at once than there is room for: the last ones have no number', () => {
  const { bytes, spans, count } = batchOf(['a', 'b', 'c', 'a', '']);
  const out = new Uint32Array(count);
  new TextNumbers(2, 10).number(bytes, spans, count, out);
  assert.deepEqual([...out], [0, 1, noNumber, 0, noNumber]);
});

test('spans outside the bytes and results without room are refused', () => {
  const numbers = new TextNumbers(2, 10);
  assert.throws(() => numbers.number(Buffer.from('a'), Uint32Array.of(0, 2), 1, new Uint32Array(1)), /span 0 is 0 to 2 of 1 bytes/);
  assert.throws(() => numbers.number(Buffer.from('a'), Uint32Array.of(0, 1), 1, new Uint32Array(0)), /out is too short/);
});
