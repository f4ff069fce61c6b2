// Reading server-sent events: the same whatever the pieces; what is no event is passed over.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventReader, type ServerEvent } from '../../bouncer/event-reader.js';
import { bouncerLimits } from '../../bouncer/limits.js';

type Read = Omit<ServerEvent, 'data'> & { readonly data: string };

function read(text: string, pieceBytes: number): Read[] {
  const events: Read[] = [];
  const reader = new EventReader(({ name, id, data }) => events.push({ name, id, data: String(data) }));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
  return events;
}

const texts: readonly (readonly [name: string, text: string, expected: readonly Read[]])[] = [
  ['an event with all fields', 'event: state\nid: 7:3\ndata: {"a":1}\n\n', [{ name: 'state', id: '7:3', data: '{"a":1}' }]],
  ['an event without a name or a space', 'data:x\n\n', [{ name: 'message', id: null, data: 'x' }]],
  ['data over two lines', 'data: a\ndata: b\n\n', [{ name: 'message', id: null, data: 'a\nb' }]],
  ['comments and unknown fields', ':\n\n: hello\nretry: 5\nevent: x\ndata: é漢\n\n', [{ name: 'x', id: null, data: 'é漢' }]],
  ['an event without data', 'event: x\nid: 9\n\n', []],
  ['an event that has not ended', 'data: a\n\ndata: b\n', [{ name: 'message', id: null, data: 'a' }]],
  ['empty lines and lines without a colon', '\n\ndata\n\n\n\ndata:  y\n\n', [{ name: 'message', id: null, data: '' }, { name: 'message', id: null, data: ' y' }]],
  ['several', 'event: a\ndata: 1\n\nevent: b\ndata: 2\n\n', [{ name: 'a', id: null, data: '1' }, { name: 'b', id: null, data: '2' }]],
];
for (const [name, text, expected] of texts) {
  test(`${name}, in pieces of any size`, () => {
    for (const size of [1, 2, 3, 7, 1000]) assert.deepEqual(read(text, size), expected);
  });
}

test('an event without an end is refused before it fills the memory', () => {
  const reader = new EventReader(() => {});
  const piece = Buffer.alloc(1 << 20, 'x');
  assert.throws(() => {
    for (let length = 0; length <= bouncerLimits.eventBytesMax; length += piece.length) reader.push(piece);
  }, RangeError);
});
