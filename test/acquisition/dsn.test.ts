// Sources on the command line.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { parseDsn } from '../../ts/acquisition/dsn.js';
import { createSource } from '../../ts/acquisition/modules.js';
import { PalisadeError } from '../../ts/errors.js';
import { Collected, TestContext } from './collected.js';

const dir = mkdtempSync(join(tmpdir(), 'palisade-dsn-'));
mkdirSync(join(dir, 'folder'));
for (const name of ['a.log', 'b.log', 'c[1].txt']) writeFileSync(join(dir, name), `from ${name}\n`);
after(() => rmSync(dir, { recursive: true, force: true }));

async function read(dsn: string): Promise<string[]> {
  const collected = await Collected.from(createSource(parseDsn(dsn, { type: 'syslog' }), new TestContext()));
  await collected.ended;
  return collected.texts();
}

test('a file DSN reads what its pattern matches, in order', async () => {
  assert.deepEqual(await read(`file://${dir}/*.log`), ['from a.log', 'from b.log']);
  assert.deepEqual(await read(`file://${dir}/b.log`), ['from b.log']);
  assert.deepEqual(await read(`file://${relative(process.cwd(), dir)}/a.log`), ['from a.log']);
  assert.deepEqual(await read(`file://${dir}/c*`), ['from c[1].txt'], 'names that look like patterns');
});

test('a file DSN is read in the time of the log, and takes a log level and a buffer size', () => {
  const spec = parseDsn(`file://${dir}/a.log?log_level=DEBUG&max_buffer_size=42000`, { type: 'syslog' });
  assert.deepEqual([spec.mode, spec.useTimeMachine, spec.logLevel, spec.labels], ['cat', true, 'debug', { type: 'syslog' }]);
});

test('mistakes are told', () => {
  const cases: readonly (readonly [dsn: string, message: RegExp])[] = [
    ['nonsense', /^nonsense isn't valid dsn \(no protocol\)$/],
    ['foo://x', /^no acquisition for protocol foo:\/\/ - unknown data source foo$/],
    ['docker://x', /no acquisition for protocol docker:\/\/ - data source docker is not built/],
    ['syslog://x', /^syslog datasource does not support command-line acquisition$/],
    ['kafka://x', /does not support command-line acquisition/],
    ['file:/x', /must start with file:\/\//], ['file://', /empty file:\/\/ DSN/],
    [`file://${dir}/none*`, /no matching files for pattern .*none\*/],
    [`file://${dir}/a.log?nope=1`, /unknown parameter nope/],
    [`file://${dir}/a.log?log_level=loud`, /unknown level loud/],
    [`file://${dir}/a.log?log_level=info&log_level=info`, /expected zero or one value for 'log_level'/],
    [`file://${dir}/a.log?max_buffer_size=big`, /could not parse max_buffer_size big/],
    [`file://${dir}/[`, /glob failure: syntax error in pattern/],
    [`file://${dir}/folder`, /folder is a directory; name its files/],
    ['journalctl://', /empty journalctl:\/\/ DSN/], ['journalctl://since=x', /without filters/],
    ['journalctl://filters=a&nope=1', /unsupported key nope/],
  ];
  for (const [dsn, message] of cases) {
    assert.throws(() => parseDsn(dsn, { type: 'x' }), (error) => error instanceof PalisadeError && message.test(error.message), dsn);
  }
});
