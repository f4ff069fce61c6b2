import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, newestFirst } from '../../ts/hub/version.js';

test('versions are ordered by number, not by text', () => {
  assert.deepEqual(newestFirst(['0.9', '0.10', '1.0', '0.2', '0.2.1']), ['1.0', '0.10', '0.9', '0.2.1', '0.2']);
});

test('missing parts are zero and a leading v means nothing', () => {
  for (const [a, b] of [['1', '1.0.0'], ['v1.2', '1.2.0'], ['1.2+build', '1.2']]) assert.equal(compareVersions(a, b), 0);
});

test('candidates come before their release, part by part', () => {
  const ordered = ['1.0-alpha', '1.0-alpha.1', '1.0-alpha.beta', '1.0-beta.2', '1.0-beta.11', '1.0-rc.1', '1.0'];
  assert.deepEqual(newestFirst([...ordered].sort()), [...ordered].reverse());
});

test('what is no version has no order and makes an index unusable', () => {
  assert.equal(compareVersions('?', '1.0'), undefined);
  assert.throws(() => newestFirst(['1.0', '1.2.3.4']), { code: 'E_HUB', message: '1.2.3.4: invalid semantic version' });
});
