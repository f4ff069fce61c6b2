// Taking decisions in: a new telling ends what it does not name, and the checksum is that of all that was told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecisionIntake } from '../../bouncer/decision-intake.js';
import type { Enforcement, WireDecision } from '../../bouncer/decision.js';
import { WantedState } from '../../bouncer/state.js';
import { murmur3Bytes } from '../../ts/util/murmur.js';
import { randomBelow } from './naive-bans.js';
import { testSeed } from '../support/random.js';

const enforcement: Enforcement = { types: new Set(['ban']), families: new Set([4, 6]), widestBits: { 4: 16, 6: 32 }, hasOneGroup: false };
const seed = testSeed();

function decision(id: number, type = 'ban'): WireDecision {
  return { id, duration: '1h', origin: 'cscli', scenario: 's', scope: 'Ip', type,
    // Texts that no address has are summed like others.
    value: id % 50 === 7 ? `é ${'x'.repeat(id)}` : `10.0.${id >> 8}.${id & 255}` };
}

/** As docs/stream.md words it, from the whole set. */
function checksum(ids: Iterable<number>): string {
  const words = [0, 1].map((hashSeed) => {
    let sum = 0n;
    for (const id of ids) {
      const bytes = Buffer.from(`${id} ${decision(id).value}`);
      sum += BigInt(murmur3Bytes(bytes, bytes.length, hashSeed));
    }
    return (sum % 2n ** 32n).toString(16).padStart(8, '0');
  });
  return words.join('');
}

test('a telling ends what it does not name, one that broke off ends nothing', () => {
  const state = new WantedState();
  const intake = new DecisionIntake(state, enforcement, () => 0);
  intake.begin(true);
  intake.add([decision(1), decision(2), decision(3, 'captcha')]);
  assert.equal(intake.finish(), true);
  assert.equal(state.size, 2);
  intake.begin(true);
  intake.add([decision(2), decision(4), decision(6)]);
  assert.equal(state.size, 4, 'broken off');
  intake.begin(true);
  intake.add([decision(4), decision(5)]);
  intake.remove([decision(5)]);
  assert.equal(intake.finish(), true);
  assert.deepEqual([state.size, intake.isTold(4), intake.isTold(5), intake.finish()], [1, true, false, false]);
  assert.equal(intake.agrees({ count: 1, checksum: checksum([4]) }), true);
  assert.deepEqual([...intake.refused], [['type', 1]]);
});

test('random changes: the checksum is that of the set, and of no other', () => {
  const random = randomBelow(seed);
  const intake = new DecisionIntake(new WantedState(), enforcement, () => 0);
  const told = new Set<number>();
  intake.begin(true);
  intake.finish();
  for (let step = 0; step < 2000; step++) {
    const id = random(300);
    // Ids told twice and taken back twice mean nothing.
    if (random(2) === 0) {
      intake.add([decision(id, random(4) === 0 ? 'captcha' : 'ban')]);
      told.add(id);
    } else {
      intake.remove([decision(id)]);
      told.delete(id);
    }
    if (step % 50 !== 0) continue;
    const sum = checksum(told);
    assert.ok(intake.agrees({ count: told.size, checksum: sum }), `seed ${seed}, step ${step}`);
    assert.ok(!intake.agrees({ count: told.size + 1, checksum: sum }));
    assert.ok(!intake.agrees({ count: told.size, checksum: checksum([...told, 999]) }));
  }
});

test('a decision that cannot be enforced any more is lifted', () => {
  const state = new WantedState();
  const intake = new DecisionIntake(state, enforcement, () => 0);
  intake.add([decision(1)]);
  assert.equal(state.size, 1);
  intake.add([decision(1, 'captcha')]);
  assert.equal(state.size, 0);
});

test('random tellings: in force is what the last whole one named and what was told since, with what broken ones added meanwhile', () => {
  const random = randomBelow(seed + 1);
  let nowMs = 0;
  const state = new WantedState();
  const intake = new DecisionIntake(state, enforcement, () => nowMs);
  // By id: whether it is a ban, and the telling it was named in last.
  const told = new Map<number, { readonly isBan: boolean; readonly untilMs: number; readonly telling: number }>();
  let [telling, isTelling] = [0, false];
  for (let step = 0; step < 5000; step++) {
    const id = random(200);
    const what = random(100);
    if (what === 0) {
      intake.begin(true);
      [telling, isTelling] = [telling + 1, true];
    } else if (what === 1) {
      assert.equal(intake.finish(), isTelling);
      for (const [gone, each] of told) if (isTelling && each.telling !== telling) told.delete(gone);
      isTelling = false;
    } else if (what < 10) {
      nowMs += 10_000 * random(30);
      state.expire(nowMs);
    } else if (what < 50) {
      intake.remove([decision(id)]);
      told.delete(id);
    } else {
      const type = random(4) === 0 ? 'captcha' : 'ban';
      intake.add([decision(id, type)]);
      told.set(id, { isBan: type === 'ban' && id % 50 !== 7, untilMs: nowMs + 3_600_000, telling });
    }
    const current = [...told].filter(([, each]) => each.telling === telling).map(([each]) => each);
    if (telling > 0 && step % 20 === 0) assert.ok(intake.agrees({ count: current.length, checksum: checksum(current) }), `seed ${seed}, step ${step}`);
    assert.equal(intake.isTold(id), current.includes(id), `seed ${seed}, step ${step}`);
    assert.equal(state.size, [...told.values()].filter(({ isBan, untilMs }) => isBan && untilMs > nowMs).length, `seed ${seed}, step ${step}`);
  }
});
