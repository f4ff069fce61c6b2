import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { escalatedNs } from '../../ts/profile/escalation.js';
import type { Escalation } from '../../ts/config/protection.js';
import { testSeed } from '../support/random.js';

const hour = 3600e9;
const usual: Escalation = { steps: null, factor: 2, maximumNs: 100 * hour, jitterNs: 0, memoryNs: hour };

describe('a ban time', () => {
  const cases: [name: string, settings: Partial<Escalation>, base: number, earlier: number, random: number, wanted: number][] = [
    ['is the profile\'s own the first time', {}, 4, 0, 0.9, 4],
    ['doubles each time', {}, 4, 3, 0.9, 32],
    ['stops at the maximum', {}, 4, 10, 0.9, 100],
    ['stops there however often', {}, 4, 100_000, 0.9, 100],
    ['follows the factor', { factor: 1.5 }, 4, 2, 0, 9],
    ['stays with a factor of 1', { factor: 1 }, 4, 50, 0, 4],
    ['follows the steps, the last one for ever', { steps: [1, 3, 10] }, 4, 1, 0, 12],
    ['follows the last step', { steps: [1, 3, 10] }, 4, 7, 0, 40],
    ['can begin below the profile\'s own', { steps: [0.5, 1] }, 4, 0, 0, 2],
    ['has a little more by chance', { jitterNs: hour }, 4, 0, 0.5, 4.5],
    ['has its chance below the maximum', { jitterNs: 10 * hour }, 4, 10, 0.5, 95],
    ['of a profile that wants more than the maximum stays', {}, 200, 3, 0, 200],
  ];
  for (const [name, settings, base, earlier, random, wanted] of cases) {
    test(name, () => assert.equal(escalatedNs({ ...usual, ...settings }, base * hour, earlier, () => random) / hour, wanted));
  }

  test('never falls, and never passes the maximum, whatever the settings', () => {
    const seed = testSeed();
    const random = seeded(seed);
    for (let round = 0; round < 500; round++) {
      const settings = { ...usual, factor: 1 + random() * 5, maximumNs: Math.floor((4 + random() * 100) * hour), jitterNs: Math.floor(random() * 4 * hour) };
      let last = 0;
      for (let earlier = 0; earlier < 40; earlier++) {
        const ns = escalatedNs(settings, 4 * hour, earlier, () => 0);
        assert.ok(ns >= last && ns >= 4 * hour, `seed ${seed}, round ${round}`);
        last = ns;
        const most = escalatedNs(settings, 4 * hour, earlier, () => 0.999999);
        assert.ok(most <= Math.max(settings.maximumNs, 4 * hour + settings.jitterNs), `seed ${seed}, round ${round}`);
      }
    }
  });
});

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
