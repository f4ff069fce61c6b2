import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags, usage, UsageError } from '../ts/flags.js';

test('flags take one dash or two, a value behind a space or an equals sign', () => {
  const flags = parseFlags(['-c', 'a.yaml', '--dsn=file:///x', '-type', 'nginx', '-label', 'a:b,c:d', '-label=e:f', '-debug', '--no-capi']);
  assert.deepEqual([flags.config, flags.dsn, flags.type, flags.logLevel, flags.noCapi], ['a.yaml', 'file:///x', 'nginx', 'debug', true]);
  assert.deepEqual(flags.labels, { a: 'b', c: 'd', e: 'f' });
});

test('the most verbose level wins', () => {
  assert.equal(parseFlags(['-error', '-trace', '-info']).logLevel, 'trace');
});

const faults: [string[], string, number][] = [
  [['-foobar'], 'flag provided but not defined: -foobar', 2],
  [['trololo'], 'argument provided but not defined: trololo', 1],
  [['-c'], 'flag needs an argument: -c', 2],
  [['-dsn', 'file:///x'], '-dsn requires a -type argument', 1],
  [['-type', 'x'], '-type requires a -dsn argument', 1],
  [['-no-cs', '-no-api'], 'you must run at least the API Server or crowdsec', 1],
  [['-t=maybe'], 'invalid boolean value "maybe" for -t: parse error', 2],
  [['-dsn', 'f', '-type', 't', '-label', 'a:b:c'], "bad format 'a:b:c' for label, it should be key:value", 1],
];
for (const [argv, message, exitCode] of faults) {
  test(`palisade ${argv.join(' ')} is refused with exit code ${exitCode}`, () => {
    assert.throws(() => parseFlags(argv), (error) => error instanceof UsageError && error.message === message && error.exitCode === exitCode);
  });
}

test('the usage names every flag', () => {
  for (const flag of ['-c', '-dsn', '-type', '-label', '-no-api', '-no-cs', '-no-capi', '-t', '-order-event', '-dump-data', '-version']) {
    assert.match(usage(), new RegExp(`^  ${flag} `, 'm'));
  }
});
