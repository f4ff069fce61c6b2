import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { lapiLimits } from '../../../lapi/limits.js';
import type { DecisionFollower } from '../../../lapi/store/decision-follower.js';
import { DecisionWatch } from '../../../lapi/store/decision-watch.js';
import { GoTime } from '../../../ts/util/go-time.js';

/** Looks that were made after each step, of a follower that has more to read and whose database is there or not. */
async function looksOf(isThere: boolean, steps: readonly ((watch: DecisionWatch) => void)[]): Promise<number[]> {
  let looks = 0;
  const follower = { isBehind: true, known: null, current: async () => {
    looks++;
    if (!isThere) throw new Error('away');
  } } as unknown as DecisionFollower;
  const watch = new DecisionWatch(follower, () => GoTime.zero);
  const counts: number[] = [];
  for (const step of [(one: DecisionWatch) => { one.subscribe(() => {}); }, ...steps]) {
    step(watch);
    await setImmediate();
    counts.push(looks);
  }
  watch.close();
  return counts;
}

test('what is left to read is read at once, and a database that is away is asked in intervals', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const pass = (ms: number) => () => context.mock.timers.tick(ms);
  assert.deepEqual(await looksOf(true, [pass(1), pass(1)]), [1, 2, 3]);
  const { watchIntervalMs } = lapiLimits;
  assert.deepEqual(await looksOf(false, [pass(1), pass(watchIntervalMs - 2), pass(1), pass(watchIntervalMs)]), [1, 1, 1, 2, 3]);
});

test('one who wakes it is heard though the database was away', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  assert.deepEqual(await looksOf(false, [(watch) => watch.wake(), (watch) => watch.wake()]), [1, 2, 3]);
});
