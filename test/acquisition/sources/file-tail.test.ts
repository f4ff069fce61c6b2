// Following files: rotation in all its forms, files that appear later, positions. Each line exactly once, in order.

import assert from 'node:assert/strict';
import { appendFileSync, closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, symlinkSync,
  truncateSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { PositionBook } from '../../../ts/acquisition/position.js';
import { fileDefaults, fileSource, type FileSpec } from '../../../ts/acquisition/sources/file.js';
import type { SourceSettings } from '../../../ts/acquisition/source.js';
import { limits } from '../../../ts/limits.js';
import { testSeed } from '../../support/random.js';
import { Collected, TestContext } from '../collected.js';
import { randomFrom } from '../../../ts/util/random.js';

const settings: SourceSettings = { labels: { type: 'syslog' }, mode: 'tail', useTimeMachine: false, name: '', uniqueId: '',
  logLevel: null, transform: null, place: null };
let dir: string;
let log: string;
let context: TestContext;
const open: Collected[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'palisade-tail-'));
  log = join(dir, 'auth.log');
  context = new TestContext();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((collected) => collected.close()));
  rmSync(dir, { recursive: true, force: true });
});

/** Follows patterns and waits until the first look at them is over. */
async function follow(patterns: readonly string[], options: Partial<FileSpec> = {}): Promise<Collected> {
  const spec: FileSpec = { ...fileDefaults, discoveryIntervalMs: 0, patterns, excludeRegexps: [], ...options };
  const collected = await Collected.from(fileSource(settings, spec, context));
  open.push(collected);
  await context.said(/reading |no matching files|cannot read/);
  return collected;
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
}

for (const poll of [false, true]) {
  describe(poll ? 'by polling' : 'by inotify', () => {
    const options = poll ? { poll: true, pollIntervalMs: 2 } : {};

    test('a file that is there is read from its end, and a line only once it is finished', async () => {
      writeFileSync(log, 'old\nhalf');
      const tail = await follow([log], options);
      appendFileSync(log, ' finished\nnext\nunfinished');
      await tail.reach(2);
      appendFileSync(log, ' no more\n');
      await tail.reach(3);
      assert.deepEqual(tail.texts(), ['half finished', 'next', 'unfinished no more']);
      assert.deepEqual(context.counts(), { [`cs_filesource_hits_total{${log}}`]: 3 });
    });

    test('rename and create: the old file is read to its end, then the new one', async () => {
      writeFileSync(log, '');
      const tail = await follow([log], options);
      appendFileSync(log, 'one\ntwo\nlast without newline');
      renameSync(log, `${log}.1`);
      writeFileSync(log, 'three\n');
      await tail.reach(4);
      appendFileSync(`${log}.1`, 'late, by a writer that has not reopened yet\n');
      await tail.reach(5);
      assert.deepEqual(tail.texts(), ['one', 'two', 'last without newline', 'three', 'late, by a writer that has not reopened yet']);
    });

    test('renamed without a successor: still followed', async () => {
      writeFileSync(log, '');
      const tail = await follow([log], options);
      renameSync(log, `${log}.1`);
      appendFileSync(`${log}.1`, 'one\n');
      await tail.reach(1);
      writeFileSync(log, 'two\n');
      await tail.reach(2);
      assert.deepEqual(tail.texts(), ['one', 'two']);
    });

    test('copy and truncate', async () => {
      writeFileSync(log, '');
      const tail = await follow([log], options);
      for (let round = 0; round < 5; round++) {
        appendFileSync(log, `a ${round}\nb ${round}\n`);
        await tail.reach(3 * round + 2);
        copyFileSync(log, `${log}.${round}`);
        truncateSync(log);
        appendFileSync(log, `c ${round}\n`);
        await tail.reach(3 * round + 3);
      }
      assert.deepEqual(tail.texts(), [0, 1, 2, 3, 4].flatMap((round) => [`a ${round}`, `b ${round}`, `c ${round}`]));
    });

    test('truncated and filled beyond the old size before anybody looked', async () => {
      writeFileSync(log, '');
      const tail = await follow([log], options);
      appendFileSync(log, 'short\n');
      await tail.reach(1);
      const file = openSync(log, 'r+');
      // One write in place of the old content: sizes alone do not tell.
      writeSync(file, 'a longer line than before\nand another\n');
      closeSync(file);
      await tail.reach(3);
      assert.deepEqual(tail.texts(), ['short', 'a longer line than before', 'and another']);
    });

    test('truncated and filled to the very same size before anybody looked', async () => {
      writeFileSync(log, '');
      const tail = await follow([log], options);
      appendFileSync(log, 'one\ntwo\n');
      await tail.reach(2);
      const file = openSync(log, 'r+');
      writeSync(file, 'six\nten\n');
      closeSync(file);
      await tail.reach(4);
      appendFileSync(log, 'on\n');
      await tail.reach(5);
      assert.deepEqual(tail.texts(), ['one', 'two', 'six', 'ten', 'on']);
    });

    test('delete and create', async () => {
      writeFileSync(log, 'old\n');
      const tail = await follow([log], options);
      appendFileSync(log, 'one\n');
      unlinkSync(log);
      writeFileSync(log, 'two\n');
      await tail.reach(2);
      assert.deepEqual(tail.texts(), ['one', 'two']);
    });

    test('a symbolic link switched to another file, and its target rotated', async () => {
      mkdirSync(join(dir, 'targets'));
      const [first, second] = ['first', 'second'].map((name) => join(dir, 'targets', name));
      writeFileSync(first, 'old\n');
      symlinkSync(first, log);
      const tail = await follow([log], options);
      appendFileSync(first, 'one\n');
      await tail.reach(1);
      writeFileSync(second, 'two\n');
      symlinkSync(second, `${log}.new`);
      renameSync(`${log}.new`, log);
      await tail.reach(2);
      renameSync(second, `${second}.1`);
      writeFileSync(second, 'three\n');
      await tail.reach(3);
      assert.deepEqual(tail.texts(log), ['one', 'two', 'three']);
    });

    test('files and directories that appear later are read from their start', async () => {
      const tail = await follow([join(dir, 'sub/*/*.log'), join(dir, 'late.log')], options);
      mkdirSync(join(dir, 'sub/x'), { recursive: true });
      writeFileSync(join(dir, 'sub/x/a.log'), 'one\n');
      await tail.reach(1);
      mkdirSync(join(dir, 'sub/y'));
      writeFileSync(join(dir, 'sub/y/b.log'), 'two\n');
      writeFileSync(join(dir, 'sub/y/b.txt'), 'not this\n');
      writeFileSync(join(dir, 'late.log'), 'three\n');
      await tail.reach(3);
      appendFileSync(join(dir, 'sub/x/a.log'), 'four\n');
      await tail.reach(4);
      assert.deepEqual([tail.texts(join(dir, 'sub/x/a.log')), tail.texts(join(dir, 'sub/y/b.log')), tail.texts(join(dir, 'late.log'))],
        [['one', 'four'], ['two'], ['three']]);
    });

    test('a rotated file that the pattern matches too is not read again', async () => {
      writeFileSync(log, '');
      const tail = await follow([`${log}*`], options);
      for (let round = 0; round < 4; round++) {
        appendFileSync(log, `line ${round}\n`);
        await tail.reach(round + 1);
        if (round > 0) renameSync(`${log}.1`, `${log}.2`);
        renameSync(log, `${log}.1`);
        writeFileSync(log, '');
      }
      appendFileSync(log, 'end\n');
      await tail.reach(5);
      assert.deepEqual(tail.texts(), ['line 0', 'line 1', 'line 2', 'line 3', 'end']);
    });
  });
}

test('thousands of lines by a writer that rotates without waiting: each exactly once, in order', async () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const names = ['a.log', 'b.log'];
  for (const name of names) writeFileSync(join(dir, name), '');
  const tail = await follow([join(dir, '*.log')]);
  let written = 0;
  let generation = 0;
  const wanted = new Map(names.map((name) => [join(dir, name), [] as string[]]));
  while (written < 12_000) {
    for (const name of names) {
      const path = join(dir, name);
      for (let left = 1 + Math.floor(random() * 40); left > 0; left--) {
        const text = `line ${written++} of ${name} ${'x'.repeat(Math.floor(random() * 200))}`;
        appendFileSync(path, `${text}\n`);
        wanted.get(path)!.push(text);
      }
      if (random() < 0.3) {
        generation++;
        renameSync(path, `${path}.${generation}`);
        writeFileSync(path, '');
      }
    }
    // Let the other side run now and then, at no fixed point.
    if (random() < 0.2) await new Promise(setImmediate);
  }
  await tail.reach(written);
  for (const name of names) {
    const path = join(dir, name);
    assert.deepEqual(tail.texts(path), wanted.get(path), `seed ${seed}`);
  }
});

test('carriage returns are dropped, NUL and invalid UTF-8 are kept, long lines are cut', async () => {
  writeFileSync(log, '');
  const tail = await follow([log]);
  appendFileSync(log, Buffer.from('windows\r\n\n\0nul\0\n\xff\xfe\n', 'latin1'));
  appendFileSync(log, `${'a'.repeat(200_000)}\nafter\n`);
  await tail.reach(5);
  assert.deepEqual(tail.texts().map((text) => text.slice(0, 8)), ['windows', '\0nul\0', '\xff\xfe', 'aaaaaaaa', 'after']);
  assert.deepEqual(tail.lines.map((line) => line.truncated), [false, false, false, true, false]);
  assert.equal(tail.lines[3].text.length, limits.lineBytesMax);
  assert.equal(context.counts()[`palisade_lines_truncated_total{${log}}`], 1);
});

test('a copy that the pattern matches too is not read, a new file with the same header is', async () => {
  writeFileSync(log, '');
  const tail = await follow([join(dir, '*')]);
  const header = `#${'h'.repeat(900)}\n`;
  const old = `${header}${numbered(0, 50).join('\n')}\n`;
  appendFileSync(log, old);
  await tail.reach(51);
  copyFileSync(log, `${log}.copied`);
  truncateSync(log);
  await context.said(/copied is a copy/);
  appendFileSync(log, 'after the truncation\n');
  await tail.reach(52);
  writeFileSync(join(dir, 'other.log'), old.replace('line 0', 'LINE 0'));
  await tail.reach(103);
  assert.deepEqual([tail.texts(`${log}.copied`), tail.texts(join(dir, 'other.log')).length], [[], 51]);
});

test('excluded files are left out, and compressed ones are not read as text', async () => {
  const tail = await follow([join(dir, '*')], { excludeRegexps: ['\\.bak$', 'secret'] });
  writeFileSync(join(dir, 'a.bak'), 'no\n');
  writeFileSync(join(dir, 'secret.log'), 'no\n');
  writeFileSync(join(dir, 'a.gz'), Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x0a, 0x0a]));
  writeFileSync(log, 'yes\n');
  await tail.reach(1);
  appendFileSync(log, 'again\n');
  await tail.reach(2);
  assert.deepEqual(tail.texts(), ['yes', 'again']);
});

test('a missing file, a directory and an unreadable name are warnings, and are read once they can be', async () => {
  mkdirSync(join(dir, 'folder.log'));
  symlinkSync('loop.log', join(dir, 'loop.log'));
  const tail = await follow([join(dir, 'missing.log'), join(dir, 'folder.log'), join(dir, 'loop.log')]);
  await context.said(/no matching files for pattern .*missing\.log/);
  await context.said(/cannot read .*folder\.log: is a directory/);
  await context.said(/cannot read .*loop\.log: .*symbolic links/i);
  rmSync(join(dir, 'folder.log'), { recursive: true });
  writeFileSync(join(dir, 'folder.log'), 'a file now\n');
  await tail.reach(1);
  unlinkSync(join(dir, 'loop.log'));
  writeFileSync(join(dir, 'loop.log'), 'no loop now\n');
  await tail.reach(2);
  writeFileSync(join(dir, 'missing.log'), 'here now\n');
  await tail.reach(3);
  assert.deepEqual(tail.texts(), ['a file now', 'no loop now', 'here now']);
});

test('a rotated file is closed after its linger, and its lines are not read again should it come back', async () => {
  writeFileSync(log, '');
  const tail = await follow([log], { lingerMs: 1 });
  appendFileSync(log, 'one\n');
  renameSync(log, `${log}.1`);
  writeFileSync(log, 'two\n');
  await tail.reach(2);
  await context.said(/closed a file that was/);
  unlinkSync(log);
  renameSync(`${log}.1`, log);
  appendFileSync(log, 'three\n');
  await tail.reach(3);
  assert.deepEqual(tail.texts(), ['one', 'two', 'three']);
});

describe('positions', () => {
  /** Follows with a book that has been through its file, as after a restart. */
  async function restart(pattern = log): Promise<Collected> {
    const file = join(dir, 'positions.json');
    await context.positions?.save(file);
    context = Object.assign(new TestContext(), { positions: PositionBook.load(file, context.log) });
    return follow([pattern]);
  }

  /** Takes in all batches as done with, and stops. */
  async function stop(tail: Collected): Promise<void> {
    await tail.close();
    for (const { position } of tail.batches) context.positions!.note(position!);
  }

  test('a restart reads on where the last run stopped, an unfinished line from its start', async () => {
    writeFileSync(log, 'old\n');
    const first = await restart();
    appendFileSync(log, 'one\nhal');
    await first.reach(1);
    await stop(first);
    appendFileSync(log, 'f\ntwo\n');
    const second = await restart();
    await second.reach(2);
    assert.deepEqual(second.texts(), ['half', 'two']);
  });

  test('a restart does not read what was there before the first start', async () => {
    writeFileSync(log, 'old\n');
    await stop(await restart());
    appendFileSync(log, 'new\n');
    const second = await restart();
    await second.reach(1);
    assert.deepEqual(second.texts(), ['new']);
  });

  test('what was rotated, truncated or created in between is read too', async () => {
    const other = join(dir, 'other.log');
    writeFileSync(log, '');
    writeFileSync(other, '');
    const first = await restart(join(dir, '*.log'));
    await context.said(/reading .*other\.log/);
    appendFileSync(log, 'one\n');
    appendFileSync(other, 'a line long enough\n');
    await first.reach(2);
    await stop(first);
    appendFileSync(log, 'two\n');
    renameSync(log, `${log}.1`);
    writeFileSync(log, 'three\n');
    writeFileSync(other, 'short\n');
    writeFileSync(join(dir, 'created.log'), 'new file\n');
    const second = await restart(join(dir, '*.log'));
    await second.reach(4);
    assert.deepEqual([second.texts(log), second.texts(other), second.texts(join(dir, 'created.log'))],
      [['two', 'three'], ['short'], ['new file']]);
  });

  test('a new file that got the inode number of an old one is read from its start', async () => {
    writeFileSync(log, '');
    const first = await restart();
    appendFileSync(log, 'one\ntwo\n');
    await first.reach(2);
    await stop(first);
    const [position] = context.positions!.positions();
    unlinkSync(log);
    writeFileSync(log, 'ONE\nTWO\nthree\n');
    const { ino } = await import('node:fs').then(({ statSync }) => statSync(log, { bigint: true }));
    context.positions!.note({ ...position, inode: String(ino) });
    const second = await restart();
    await second.reach(3);
    assert.deepEqual(second.texts(), ['ONE', 'TWO', 'three']);
  });

  test('a rotated file that is gone by the restart is a warning', async () => {
    writeFileSync(log, 'old\n');
    const first = await restart();
    appendFileSync(log, 'one\n');
    await first.reach(1);
    await stop(first);
    renameSync(log, join(dir, 'elsewhere'));
    unlinkSync(join(dir, 'elsewhere'));
    await restart();
    await context.said(/gone/);
  });
});

test('aggregated metrics shorten the source to its base name', async () => {
  context.metricsLevel = 'aggregated';
  writeFileSync(log, '');
  const tail = await follow([log]);
  appendFileSync(log, numbered(0, 3).join('\n') + '\n');
  await tail.reach(3);
  assert.deepEqual(context.counts(), { 'cs_filesource_hits_total{auth.log}': 3 });
  assert.equal(tail.lines[0].src, 'auth.log');
});

test('lines arrive soon after they are written', async () => {
  writeFileSync(log, '');
  const tail = await follow([log]);
  const delaysMs: number[] = [];
  for (let round = 0; round < 50; round++) {
    const start = performance.now();
    appendFileSync(log, 'now\n');
    await tail.reach(round + 1);
    delaysMs.push(performance.now() - start);
  }
  const median = delaysMs.sort((a, b) => a - b)[25];
  assert.ok(median < 50, `median delay ${median} ms`);
});
