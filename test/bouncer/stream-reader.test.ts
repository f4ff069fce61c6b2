// Reading answers of the decision stream piece by piece: the same as reading them whole, whatever the pieces.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamReader } from '../../bouncer/stream-reader.js';
import type { WireDecision } from '../../bouncer/decision.js';

function read(text: string, pieceBytes: number): { added: WireDecision[]; deleted: WireDecision[] } {
  const result = { added: [] as WireDecision[], deleted: [] as WireDecision[] };
  const reader = new StreamReader({ added: (list) => result.added.push(...list),
    deleted: (list) => result.deleted.push(...list) });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
  reader.end();
  return result;
}

/** A decision whose texts look like the punctuation between decisions. */
function decisions(count: number, from = 0): WireDecision[] {
  return Array.from({ length: count }, (_, index) => ({ id: from + index, duration: '4h0m0s', origin: 'cscli',
    scenario: index % 7 === 0 ? '},{"new": [ ], "deleted": [{' : `é漢 ${index} \\"`, scope: 'Ip', type: 'ban',
    value: '192.0.2.1' }));
}

const answers: readonly (readonly [name: string, added: WireDecision[], deleted: WireDecision[]])[] = [
  ['an empty answer', [], []],
  ['a few of each', decisions(3), decisions(2, 100)],
  ['many new ones', decisions(9000), decisions(5, 20_000)],
  ['many ended ones', decisions(1), decisions(9000, 20_000)],
  ['many of both', decisions(6000), decisions(6000, 20_000)],
];
for (const [name, added, deleted] of answers) {
  test(`${name} is read whole from pieces of any size`, () => {
    const texts = [`{"new": ${JSON.stringify(added)}, "deleted": ${JSON.stringify(deleted)}}`,
      JSON.stringify({ deleted, new: added })];
    for (const text of texts) {
      for (const size of [1000, 65_536, 1 << 24]) assert.deepEqual(read(text, size), { added, deleted });
    }
  });
}

test('null stands for an empty list', () => {
  assert.deepEqual(read('{"deleted":null,"new":null}', 5), { added: [], deleted: [] });
});

test('an answer that stops short, or is none, is an error', () => {
  const text = `{"new": ${JSON.stringify(decisions(5000))}, "deleted": []}`;
  for (const cut of [0, 1, 100, text.length >> 1, text.length - 1]) assert.throws(() => read(text.slice(0, cut), 4096), SyntaxError);
  for (const other of ['null', '5', '{"new": 3}', '<html>']) assert.throws(() => read(other, 4096), SyntaxError);
});
