// The lines of a log: levels, both formats, and texts that an attacker wrote.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../ts/config/log.js';

function linesOf(level: 'debug' | 'info' | 'warning' | 'fatal', format: 'text' | 'json'): string[] {
  const lines: string[] = [];
  const log = createLog(level, format, { write: (line) => void lines.push(line) });
  log.trace('a trace');
  log.debug('a detail');
  log.info('a request', { module: 'lapi', status: 200, path: '/v1/x y' });
  log.warning('"forged"\ntime=\u001b[31m\u007f');
  log.error('');
  return lines.map((line) => line.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, 'NOW'));
}

test('a line has its time to the second, its level, its text in quotes and its fields', () => {
  assert.deepEqual(linesOf('debug', 'text'), [
    'time="NOW" level=debug msg="a detail"\n',
    'time="NOW" level=info msg="a request" module=lapi status=200 path="/v1/x y"\n',
    'time="NOW" level=warning msg="\\"forged\\"\\ntime=\\u001b[31m\\u007f"\n',
    'time="NOW" level=error msg=""\n',
  ]);
});

test('in JSON the same is one object a line', () => {
  assert.deepEqual(linesOf('info', 'json').map((line) => JSON.parse(line) as unknown), [
    { level: 'info', msg: 'a request', time: 'NOW', module: 'lapi', status: 200, path: '/v1/x y' },
    { level: 'warning', msg: '"forged"\ntime=\u001b[31m\u007f', time: 'NOW' },
    { level: 'error', msg: '', time: 'NOW' },
  ]);
});

test('what is below the level is not written', () => {
  assert.equal(linesOf('warning', 'text').length, 2);
  assert.equal(linesOf('fatal', 'text').length, 0);
});
