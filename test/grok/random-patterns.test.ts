import assert from 'node:assert/strict';
import RE2 from 're2';
import { test } from 'node:test';
import { GrokProgram } from '../../ts/grok/program.js';
import { randomFrom } from '../../ts/util/random.js';
import { pick, testSeed } from '../support/random.js';
import { batchOf, rangesOf } from './batch.js';

type Random = () => number;

/** A small pattern: a letter, an anchor, a group, an alternation, a repeat of one. */
function patternOf(random: Random, depth: number): string {
  const inner = (): string => patternOf(random, depth - 1);
  if (depth === 0) return pick(random, ['a', 'b', 'ab', '.', '[^a]', '\\w', ' ', '\\b', '^', '$', '(a)', '']);
  switch (Math.floor(random() * 6)) {
    case 0: case 1: return inner() + inner();
    case 2: return `(${inner()}|${inner()})`;
    case 3: return `(?:${inner()})${pick(random, ['*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}'])}`;
    case 4: return `(${inner()})`;
    default: return pick(random, [`^${inner()}`, `${inner()}$`, `(?i:${inner()})`, `(?s:.*)${inner()}`]);
  }
}

function textOf(random: Random, letters: string): string {
  return Array.from({ length: Math.floor(random() * 12) }, () => letters[Math.floor(random() * letters.length)]).join('');
}

function groupCountOf(regex: RE2): number {
  return new RE2(`${regex.source}|`).exec('')!.length - 1;
}

test('random small patterns find what the re2 package finds, whether texts match or miss', () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  for (let round = 0; round < 1500; round++) {
    const source = patternOf(random, 4);
    const naive = new RE2(source, 'd');
    const groups = groupCountOf(naive);
    if (groups === 0) continue;
    const fields = Array.from({ length: groups }, (_, index) => ({ name: `g${index + 1}`, group: index + 1 }));
    const program = new GrokProgram({ regex: source, fields });
    // Texts of letters that no pattern has come in a row: where many miss, another way is taken.
    const texts = [...Array.from({ length: 20 }, () => textOf(random, 'aab A\n')), ...Array.from({ length: 12 }, () => textOf(random, 'x-')),
      ...Array.from({ length: 20 }, () => textOf(random, 'ab '))];
    const found = rangesOf(program, batchOf(texts));
    texts.forEach((text, index) => {
      const match = naive.exec(Buffer.from(text));
      const wanted = match && Object.fromEntries(fields.map(({ name, group }) => [name, match.indices?.[group]?.join('-') ?? '-']));
      assert.deepEqual(found[index], wanted, `seed ${seed}: ${source} on ${JSON.stringify(text)}`);
    });
  }
});
