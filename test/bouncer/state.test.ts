// The wanted state: merging, expiry, what is handed out, against the naive model.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DryRunBackend } from '../../bouncer/backends/dry-run.js';
import { readBan, type Enforcement, type WireDecision } from '../../bouncer/decision.js';
import { setKey, textsOf } from '../../bouncer/element-list.js';
import { RangeSet, sweep, type CoveredRange } from '../../bouncer/range-set.js';
import { WantedState } from '../../bouncer/state.js';
import { ipv4 } from '../../ts/util/ip.js';
import { NaiveBans, randomBelow } from './naive-bans.js';
import { testSeed } from '../support/random.js';

const enforcement: Enforcement = { types: new Set(['ban']), families: new Set([4, 6]), widestBits: { 4: 16, 6: 32 },
  hasOneGroup: false };
const seed = testSeed();

function decision(id: number, value: string, duration: string, changes: Partial<WireDecision> = {}): WireDecision {
  return { id, value, duration, origin: 'cscli', scenario: 's', type: 'ban', scope: value.includes('/') ? 'Range' : 'Ip',
    ...changes };
}

/** Hands all changes to a recorder; returns its sets as plain data. */
async function drained(state: WantedState, backend: DryRunBackend, nowMs: number): Promise<Record<string, string[]>> {
  while (state.isChanged) for (const change of state.take(nowMs)) await backend.apply(change);
  return Object.fromEntries([...backend.sets].map(([key, content]) => [key, [...content.keys()].sort()])
    .filter(([, content]) => content.length > 0));
}

function add(state: WantedState, wire: WireDecision, nowMs = 0): void {
  const ban = readBan(wire, enforcement, nowMs);
  assert.equal(typeof ban, 'object', String(ban));
  if (typeof ban === 'object') state.add(wire.id!, ban);
}

const unread: readonly (readonly [name: string, wire: WireDecision, reason: string])[] = [
  ['another type', decision(1, '192.0.2.1', '1h', { type: 'captcha' }), 'type'],
  ['another scope', decision(1, '192.0.2.1', '1h', { scope: 'Country' }), 'scope'],
  ['a text that is no address', decision(1, 'example.org', '1h'), 'value'],
  ['an address with a zone', decision(1, 'fe80::1%eth0', '1h'), 'value'],
  ['no value', { id: 1, type: 'ban', scope: 'Ip', duration: '1h' }, 'value'],
  ['no id', { type: 'ban', scope: 'Ip', value: '192.0.2.1', duration: '1h' }, 'value'],
  ['a range that is too wide', decision(1, '10.0.0.0/15', '1h'), 'wide'],
  ['the whole address space', decision(1, '0.0.0.0/0', '1h'), 'wide'],
  ['a wide IPv6 range', decision(1, '2001::/16', '1h'), 'wide'],
  ['what has ended', decision(1, '192.0.2.1', '-5s'), 'ended'],
  ['a duration that is none', decision(1, '192.0.2.1', 'soon'), 'ended'],
];
for (const [name, wire, reason] of unread) {
  test(`${name} is refused as "${reason}"`, () => assert.equal(readBan(wire, enforcement, 0), reason));
}

test('an address inside IPv6 is its IPv4 address, and a range of one address is an address', async () => {
  const state = new WantedState();
  add(state, decision(1, '::ffff:192.0.2.1', '1h'));
  add(state, decision(2, '192.0.2.9/32', '1h'));
  add(state, decision(3, '2001:db8::1', '1h', { origin: 'lists:x y' }));
  assert.deepEqual(await drained(state, new DryRunBackend(), 0),
    { '4/address/cscli': ['192.0.2.1', '192.0.2.9'], '6/address/lists-x-y': ['2001:db8::1'] });
});

test('the longest decision of an address wins, and its end leaves the others', async () => {
  const state = new WantedState();
  const backend = new DryRunBackend();
  add(state, decision(1, '192.0.2.1', '1h'));
  add(state, decision(2, '192.0.2.1', '4h', { origin: 'crowdsec' }));
  assert.deepEqual(await drained(state, backend, 0), { '4/address/crowdsec': ['192.0.2.1'] });
  state.remove(2);
  assert.deepEqual(await drained(state, backend, 0), { '4/address/cscli': ['192.0.2.1'] });
  state.remove(1);
  assert.deepEqual(await drained(state, backend, 0), {});
});

test('a longer end of the same decision is handed out as delete and add, a repeat is nothing', async () => {
  const state = new WantedState();
  add(state, decision(1, '192.0.2.1', '1h'));
  await drained(state, new DryRunBackend(), 0);
  add(state, decision(1, '192.0.2.1', '59m59s'), 1000);
  assert.equal(state.isChanged, false);
  add(state, decision(1, '192.0.2.1', '2h'), 1000);
  const [change, ...rest] = state.take(1000);
  assert.deepEqual([rest.length, change.deletes.count, change.adds.count, change.adds.untilMs[0]], [0, 1, 1, 7_201_000]);
});

test('bans of own engines overtake bulk, and pieces are bounded', () => {
  const state = new WantedState();
  for (let id = 1; id <= 12_000; id++) {
    add(state, decision(id, ipv4(0x0a000000 + id).toString(), '1h', { origin: 'CAPI' }));
  }
  const [first] = state.take(0);
  assert.equal(first.adds.count, 5000);
  add(state, decision(99_999, '192.0.2.1', '1h'));
  const [second] = state.take(0);
  assert.deepEqual([...textsOf(4, second.adds).keys()], ['192.0.2.1']);
});

test('an ended decision is dropped without asking the kernel', async () => {
  const state = new WantedState();
  add(state, decision(1, '192.0.2.1', '10s'));
  await drained(state, new DryRunBackend(), 0);
  assert.equal(state.nextEndMs, 10_000);
  assert.equal(state.expire(10_000), 1);
  assert.deepEqual(state.take(10_000), []);
  assert.equal(state.size, 0);
});

test('a forgotten set is handed out whole', async () => {
  const state = new WantedState();
  const backend = new DryRunBackend();
  add(state, decision(1, '192.0.2.1', '1h'));
  add(state, decision(2, '198.51.100.0/24', '1h'));
  const before = await drained(state, backend, 0);
  backend.sets.clear();
  state.forgetAll();
  assert.deepEqual(await drained(state, backend, 0), before);
});

test('nested ranges become intervals without overlap', () => {
  const range = (first: number, last: number, untilMs: number): CoveredRange =>
    ({ first: BigInt(first), last: BigInt(last), untilMs });
  const cases: readonly (readonly [readonly CoveredRange[], readonly CoveredRange[]])[] = [
    [[range(0, 255, 10), range(16, 31, 20)], [range(0, 15, 10), range(16, 31, 20), range(32, 255, 10)]],
    [[range(0, 255, 20), range(16, 31, 10)], [range(0, 255, 20)]],
    [[range(0, 255, 10), range(0, 15, 20), range(240, 255, 20)], [range(0, 15, 20), range(16, 239, 10), range(240, 255, 20)]],
    [[range(0, 255, 10), range(0, 127, 20), range(0, 63, 15)], [range(0, 127, 20), range(128, 255, 10)]],
    [[range(0, 15, 10), range(16, 31, 10)], [range(0, 15, 10), range(16, 31, 10)]],
  ];
  for (const [ranges, expected] of cases) assert.deepEqual(sweep(ranges), expected);
});

test('random ranges cover what the naive model covers, and changes add up to the whole', () => {
  const random = randomBelow(seed);
  for (let round = 0; round < 30; round++) {
    const set = new RangeSet();
    const naive = new Map<string, CoveredRange>();
    let held = new Map<bigint, CoveredRange>();
    for (let step = 0; step < 40; step++) {
      for (let edit = random(4); edit >= 0; edit--) {
        const bits = random(9);
        const first = BigInt((random(256) >> bits) << bits);
        const last = first + (1n << BigInt(bits)) - 1n;
        const untilMs = random(3) === 0 ? null : 1 + random(6);
        set.set(first, last, untilMs);
        if (untilMs === null) naive.delete(`${first}-${last}`);
        else naive.set(`${first}-${last}`, { first, last, untilMs });
      }
      if (random(8) === 0) {
        held = new Map(set.takeAll().map((interval) => [interval.first, interval]));
      } else {
        const { deletes, adds } = set.takeChanges();
        for (const interval of deletes) assert.deepEqual(held.get(interval.first), interval, `seed ${seed}`);
        for (const { first } of deletes) held.delete(first);
        for (const interval of adds) held.set(interval.first, interval);
      }
      for (let address = 0n; address < 256n; address++) {
        const expected = Math.max(0, ...[...naive.values()].filter(({ first, last }) =>
          first <= address && address <= last).map(({ untilMs }) => untilMs));
        const covering = [...held.values()].filter(({ first, last }) => first <= address && address <= last);
        assert.ok(covering.length <= 1, `overlap; seed ${seed}, round ${round}, step ${step}`);
        assert.equal(covering[0]?.untilMs ?? 0, expected, `seed ${seed}, round ${round}, step ${step}`);
      }
    }
  }
});

test('random decisions lead to the sets of the naive model', async () => {
  const random = randomBelow(seed + 1);
  const groups = ['cscli', 'CAPI', 'crowdsec'];
  for (let round = 0; round < 15; round++) {
    const state = new WantedState();
    const naive = new NaiveBans();
    const backend = new DryRunBackend();
    let nowMs = 0;
    for (let step = 0; step < 60; step++) {
      nowMs += random(4000);
      for (let edit = random(6); edit >= 0; edit--) {
        const id = random(40);
        if (random(3) === 0) {
          state.remove(id);
          naive.remove(id);
          continue;
        }
        const bits = random(2) === 0 ? 0 : 1 + random(4);
        const first = 0x0a000000 + ((random(64) >> bits) << bits);
        const last = first + (1 << bits) - 1;
        const seconds = 5 + 5 * random(10);
        const group = groups[random(3)];
        add(state, decision(id, `${ipv4(first)}/${32 - bits}`, `${seconds}s`, { origin: group }), nowMs);
        const known = naive.decisions.find((other) => other.id === id);
        const untilMs = nowMs + 1000 * seconds;
        const isRepeat = known !== undefined && known.first === first && known.last === last && known.group === group
          && Math.abs(known.untilMs - untilMs) <= 2500 && known.untilMs > nowMs;
        if (!isRepeat) naive.add({ id, group, first, last, untilMs });
      }
      state.expire(nowMs);
      naive.decisions = naive.decisions.filter(({ untilMs }) => untilMs > nowMs);
      if (random(10) === 0) state.forget(state.sets()[random(state.sets().length)] ?? { family: 4, kind: 'address', group: 'cscli' });
      await drained(state, backend, nowMs);
      compare(backend, naive, groups, nowMs, `seed ${seed}, round ${round}, step ${step}`);
    }
  }
});

function compare(backend: DryRunBackend, naive: NaiveBans, groups: readonly string[], nowMs: number, where: string): void {
  for (let address = 0x0a000000; address < 0x0a000040; address++) {
    const text = ipv4(address).toString();
    const wanted = naive.single(address, nowMs);
    for (const group of groups) {
      const untilMs = backend.sets.get(setKey({ family: 4, kind: 'address', group }))?.get(text) ?? 0;
      const isTied = naive.decisions.filter((other) => other.first === address && other.last === address
        && other.untilMs === wanted?.untilMs).length > 1;
      if (!isTied) assert.equal(untilMs > nowMs ? untilMs : 0, wanted?.group === group ? wanted.untilMs : 0, `${where}: ${text}`);
      const ranges = [...backend.sets.get(setKey({ family: 4, kind: 'range', group })) ?? []]
        .filter(([name, end]) => end > nowMs && name.split('-').map(numberOf).every((bound, at) =>
          (at === 0 ? bound <= address : bound >= address)));
      assert.ok(ranges.length <= 1, where);
      assert.equal(ranges[0]?.[1] ?? 0, naive.covered(group, address, nowMs), `${where}: ${text} in ranges of ${group}`);
    }
  }
}

function numberOf(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
