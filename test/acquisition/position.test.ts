// Positions across restarts: the book and its file.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PositionBook, type FilePosition } from '../../ts/acquisition/position.js';
import { TestContext } from './collected.js';

const dir = mkdtempSync(join(tmpdir(), 'palisade-position-'));
const file = join(dir, 'positions.json');
after(() => rmSync(dir, { recursive: true, force: true }));

function position(inode: number, offset: number, path = '/a.log'): FilePosition {
  return { path, device: '65024', inode: String(inode), offset, mark: 7 };
}

test('a saved book comes back as it was', async () => {
  const book = PositionBook.empty();
  book.follow('/*.log');
  book.note({ ...position(1, 10), inode: '18446744073709551615' });
  book.note(position(2, 20, '/b.log'));
  await book.save(file);
  const again = PositionBook.load(file, new TestContext().log);
  assert.deepEqual(again.positions(), book.positions());
  assert.deepEqual([again.knows('/*.log'), again.knows('/*.txt'), book.knows('/*.log')], [true, false, false]);
});

test('the newest position of a file counts, and a name remembers its last few files', () => {
  const book = PositionBook.empty();
  for (let inode = 1; inode <= 6; inode++) {
    book.note(position(inode, 1));
    book.note(position(inode, 2));
  }
  assert.deepEqual(book.positions(), [3, 4, 5, 6].map((inode) => position(inode, 2)));
  book.forget('65024', '4');
  assert.deepEqual(book.positions().map(({ inode }) => inode), ['3', '5', '6']);
});

test('opening a file keeps what is known of it, unless it is read from its start', () => {
  const book = PositionBook.empty();
  book.opened(position(1, 50));
  assert.deepEqual(book.positions(), [position(1, 50)]);
  book.note(position(1, 90));
  book.opened(position(1, 50, '/renamed.log'));
  assert.deepEqual(book.positions(), [position(1, 90, '/renamed.log')]);
  book.opened(position(1, 0));
  assert.deepEqual(book.positions(), [position(1, 0)]);
});

test('a damaged book is a warning and an empty book', () => {
  const bad = ['', '{', '[]', 'null', '{"version":2,"patterns":[],"files":[]}', '{"version":1,"patterns":[1],"files":[]}',
    '{"version":1,"patterns":[],"files":[{"path":"/a","device":"1","inode":"x","offset":1,"mark":1}]}',
    '{"version":1,"patterns":[],"files":[{"path":"/a","device":"1","inode":"1","offset":-1,"mark":1}]}'];
  for (const text of bad) {
    writeFileSync(file, text);
    const context = new TestContext();
    assert.deepEqual(PositionBook.load(file, context.log).positions(), [], text);
    assert.match(context.messages.join(), /cannot be used/, text);
  }
  const context = new TestContext();
  PositionBook.load(join(dir, 'none.json'), context.log);
  assert.deepEqual(context.messages, []);
});

test('a book that cannot be saved is an error, and the old file stays', async () => {
  await PositionBook.empty().save(file);
  const before = readFileSync(file, 'utf8');
  await assert.rejects(PositionBook.empty().save(join(dir, 'no/such/folder')), { code: 'E_FILE' });
  assert.equal(readFileSync(file, 'utf8'), before);
});
