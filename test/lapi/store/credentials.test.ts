import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashPassword, verifyPassword } from '../../../lapi/store/credentials.js';

test('a password that was right is remembered for its own hash alone', async () => {
  const [old, changed] = [(await hashPassword('first'))!, (await hashPassword('second'))!];
  for (let times = 0; times < 3; times++) {
    assert.equal(await verifyPassword('first', old), true);
    assert.equal(await verifyPassword('second', changed), true);
    assert.equal(await verifyPassword('second', old), false);
    assert.equal(await verifyPassword('first', changed), false);
    assert.equal(await verifyPassword('', old), false);
  }
});
