// What must never be banned is kept out of sets that only the administrator's rules look at: lists without it, against
// asking address by address, and a set in the kernel when the list of it changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DryRunBackend } from '../../bouncer/backends/dry-run.js';
import { readBan } from '../../bouncer/decision.js';
import { packRanges, textsOf, type ElementList } from '../../bouncer/element-list.js';
import { Enforcer } from '../../bouncer/enforce.js';
import { families } from '../../bouncer/family.js';
import { neverRanges } from '../../bouncer/never-ban.js';
import type { CoveredRange } from '../../bouncer/range-set.js';
import { spared, without } from '../../bouncer/spared.js';
import { WantedState } from '../../bouncer/state.js';
import { silentLog } from '../../ts/config/log.js';
import { testSeed } from '../support/random.js';
import { randomBelow } from './naive-bans.js';

const space = 64;

test('random lists hold all addresses but the spared ones, each with its end', () => {
  const seed = testSeed();
  const random = randomBelow(seed);
  /** Disjoint ranges in order, of a space of 64 addresses at both ends of what there is. */
  const disjoint = (offset: bigint): CoveredRange[] => {
    const found: CoveredRange[] = [];
    for (let at = random(6); at < space;) {
      const last = Math.min(at + random(9), space - 1);
      found.push({ first: offset + BigInt(at), last: offset + BigInt(last), untilMs: 1 + random(5) });
      at = last + 1 + random(7);
    }
    return found;
  };
  for (let round = 0; round < 2_000; round++) {
    const family = families[random(2) === 0 ? 4 : 6];
    const offset = random(2) === 0 ? 0n : (1n << BigInt(family.bits)) - BigInt(space);
    const [ranges, never] = [disjoint(offset), disjoint(offset)];
    const isSingle = random(3) === 0;
    const whole = packRanges(family, isSingle ? ranges.map((range) => ({ ...range, last: range.first })) : ranges);
    const list: ElementList = isSingle ? { ...whole, last: null } : whole;
    const picture = ({ count, first, last, untilMs }: ElementList): number[] => {
      const ends = Array<number>(space).fill(0);
      const at = (bytes: Uint8Array, index: number): number => bytes[(index + 1) * family.keyBytes - 1] % space;
      for (let index = 0; index < count; index++) {
        for (let address = at(first, index); address <= at(last ?? first, index); address++) ends[address] += untilMs[index];
      }
      return ends;
    };
    const expected = picture(list);
    for (const { first, last } of never) for (let address = first; address <= last; address++) expected[Number(address - offset)] = 0;
    assert.deepEqual(picture(without(list, spared(family, never))), expected, `seed ${seed}, round ${round}`);
  }
});

test('a list without anything spared in it is not copied', () => {
  const list = packRanges(families[4], [{ first: 5n, last: 9n, untilMs: 1 }]);
  assert.equal(without(list, spared(families[4], [{ first: 10n, last: 20n, untilMs: Infinity }])), list);
});

test('sets without rules of ours hold no address that must not be banned, also when that changes', async () => {
  const backend = new DryRunBackend();
  const state = new WantedState();
  let never = ['192.0.2.7', '198.51.100.9'];
  const sources = { addresses: () => [], gateways: () => [] };
  const enforcer = new Enforcer({ backend, state, log: silentLog, now: () => 0, cutsConnections: true, keptOut: new Set([4]),
    never: () => neverRanges(never, sources, [4]) });
  const add = (id: number, value: string): void => {
    const ban = readBan({ id, value, duration: '1h', origin: 'cscli', scenario: 's', type: 'ban', scope: 'Ip' },
      { types: new Set(['ban']), families: new Set([4]), widestBits: { 4: 0, 6: 0 }, hasOneGroup: true }, 0);
    if (typeof ban === 'object') state.add(id, ban);
  };
  const held = async (kind: 'address' | 'range'): Promise<string[]> => {
    enforcer.wake();
    await enforcer.settled();
    return [...textsOf(4, await backend.dump({ family: 4, kind, group: '' }, 0)).keys()].sort();
  };
  await enforcer.start();
  enforcer.release();
  for (const [id, value] of ['192.0.2.7', '192.0.2.8', '127.0.0.1', '198.51.100.8/30'].entries()) add(id, value);
  assert.deepEqual([await held('address'), await held('range')],
    [['192.0.2.8'], ['198.51.100.10-198.51.100.11', '198.51.100.8-198.51.100.8']]);
  assert.equal(backend.sets.has('4/never/'), false);
  never = ['192.0.2.8'];
  enforcer.look();
  assert.deepEqual([await held('address'), await held('range')], [['192.0.2.7'], ['198.51.100.8-198.51.100.11']]);
  state.remove(0);
  state.remove(3);
  assert.deepEqual([await held('address'), await held('range')], [[], []]);
  await enforcer.close();
});
