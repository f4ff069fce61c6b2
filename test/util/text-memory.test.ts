// What was found for texts of a log: bounded, never another text's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextMemory } from '../../ts/util/text-memory.js';

test('it holds the texts met lately, at most so many, and none that is too long', () => {
  const memory = new TextMemory<number>(100, 20);
  const texts = Array.from({ length: 1000 }, (_, number) => `text ${number} ${number % 3 === 0 ? 'é' : ''}`);
  for (const [number, text] of texts.entries()) {
    assert.equal(memory.get(text), undefined);
    memory.set(text, number);
    assert.equal(memory.get(text), number);
    assert.equal(memory.get(texts[0]), 0, 'what is met again and again stays');
  }
  const held = texts.flatMap((text, number) => (memory.get(text) === number ? [number] : []));
  assert.ok(held.length >= 40 && held.length <= 100, String(held.length));
  assert.ok(held.includes(999) && !held.includes(500));
  memory.set('x'.repeat(21), 1);
  memory.set('é'.repeat(11), 1);
  assert.deepEqual([memory.get('x'.repeat(21)), memory.get('é'.repeat(11))], [undefined, undefined]);
});
