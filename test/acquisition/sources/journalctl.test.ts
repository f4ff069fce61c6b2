// The journal, with a script in the place of journalctl.

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { journalctlSource, journalctlSpec } from '../../../ts/acquisition/sources/journalctl.js';
import type { SourceSettings } from '../../../ts/acquisition/source.js';
import { ExpectMode } from '../../../ts/event/line.js';
import { Collected, TestContext } from '../collected.js';

const dir = mkdtempSync(join(tmpdir(), 'palisade-journal-'));
const settings: SourceSettings = { labels: { type: 'syslog' }, mode: 'cat', useTimeMachine: false, name: '', uniqueId: '',
  logLevel: null, transform: null, place: null };
let context: TestContext;

beforeEach(() => {
  context = new TestContext();
});
after(() => rmSync(dir, { recursive: true, force: true }));

/** Reads a journal that a shell script makes. */
async function journal(script: string, mode: 'tail' | 'cat'): Promise<Collected> {
  const program = join(dir, `journalctl-${mode}`);
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const spec = { ...journalctlSpec({ journalctl_filter: ['_SYSTEMD_UNIT=ssh.service', '-p', 'err'] }), program, restartDelayMs: 1 };
  return Collected.from(journalctlSource({ ...settings, mode }, spec, context));
}

test('mode cat reads the journal once, filters as arguments, in the time of reading', async () => {
  const collected = await journal('for argument in "$@"; do echo "$argument"; done; printf "last without newline"', 'cat');
  await collected.ended;
  assert.deepEqual(collected.texts('journalctl-_SYSTEMD_UNIT=ssh.service.-p.err'),
    ['_SYSTEMD_UNIT=ssh.service', '-p', 'err', 'last without newline']);
  assert.equal(collected.batches[0].source.mode, ExpectMode.live);
  assert.deepEqual(context.counts(), { 'cs_journalctlsource_hits_total{journalctl-_SYSTEMD_UNIT=ssh.service.-p.err}': 4 });
});

test('large outputs come through whole', async () => {
  const collected = await journal('i=0; while [ $i -lt 4000 ]; do echo "line $i"; i=$((i+1)); done', 'cat');
  await collected.ended;
  assert.deepEqual(collected.texts(), Array.from({ length: 4000 }, (_, index) => `line ${index}`));
});

test('mode cat fails when journalctl does, after its lines', async () => {
  const collected = await journal('echo one; echo "no such unit" >&2; exit 3', 'cat');
  await assert.rejects(collected.ended, /journalctl ended with status 3: no such unit/);
  assert.deepEqual(collected.texts(), ['one']);
});

test('mode tail follows from now on, and starts again when journalctl ends', async () => {
  const turns = join(dir, 'turns');
  appendFileSync(turns, '');
  const collected = await journal(`echo "$1 $2 $3" >> ${turns}; echo "turn $(wc -l < ${turns})"; exit 1`, 'tail');
  await collected.reach(3);
  await collected.close();
  assert.deepEqual(collected.texts().slice(0, 3), ['turn 1', 'turn 2', 'turn 3']);
  assert.equal(readFileSync(turns, 'utf8').split('\n')[0], '--follow -n 0');
  assert.ok(context.messages.some((text) => /status 1: ; it is started again/.test(text)));
});

test('closing stops a journalctl that waits', async () => {
  const collected = await journal('echo one; exec sleep 1000', 'tail');
  await collected.reach(1);
  await collected.close();
  assert.deepEqual(collected.texts(), ['one']);
});

test('a program that is not there is an error at opening', async () => {
  const spec = { ...journalctlSpec({ journalctl_filter: ['x'] }), program: join(dir, 'none') };
  await assert.rejects(Collected.from(journalctlSource(settings, spec, context)), /cannot run .*none/);
});
