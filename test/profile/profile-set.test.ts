import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Alert } from '../../ts/model/alert.js';
import { ProfileSet } from '../../ts/profile/profile-set.js';
import type { OnError, ProfileSpec } from '../../ts/profile/profile-spec.js';
import { GoDuration } from '../../ts/util/go-value.js';
import { alertBody, expression } from '../lapi/instance.js';

const ban = { type: 'ban', duration: '4h', scope: '', origin: '', simulated: false };

function profile(changes: Partial<ProfileSpec> = {}): ProfileSpec {
  return { name: 'p', filters: [yes], decisions: [ban], durationExpr: null, stopsOnSuccess: false, onError: '',
    notifications: [], ...changes };
}

const yes = expression('true', 'return () => true;');
const no = expression('false', 'return () => false;');
const later = expression('later', 'return async () => true;', true);
const broken = expression('broken', 'return () => { throw new Error("no such thing"); };');
const odd = expression('1', 'return () => 1;');

function evaluate(profiles: ProfileSpec[], changes: Record<string, unknown> = {}) {
  return new ProfileSet(profiles, { GoDuration } as never).evaluate(alertBody(changes) as unknown as Alert);
}

describe('profiles', () => {
  const counts: [name: string, profiles: ProfileSpec[], durations: string[]][] = [
    ['no profile matches', [profile({ filters: [no] })], []],
    ['a profile without filters never matches', [profile({ filters: [] })], []],
    ['each true filter brings a full set', [profile({ filters: [yes, no, later], decisions: [ban, { ...ban, duration: '1h' }] })],
      ['4h', '1h', '4h', '1h']],
    ['the first that matches supplies the decisions', [profile({ filters: [no] }), profile({ decisions: [{ ...ban, duration: '2h' }] }),
      profile()], ['2h']],
    ['one without decisions leaves them to the next', [profile({ decisions: [] }), profile()], ['4h']],
    ['one without decisions that breaks ends it', [profile({ decisions: [], stopsOnSuccess: true }), profile()], []],
  ];
  for (const [name, profiles, durations] of counts) {
    test(name, async () => {
      assert.deepEqual((await evaluate(profiles)).decisions.map((decision) => decision.duration), durations);
    });
  }

  test('take value and scenario from the alert, scope and origin from themselves', async () => {
    const { decisions } = await evaluate([profile({ decisions: [ban, { ...ban, scope: 'Country', origin: 'geo', simulated: true }] })]);
    assert.deepEqual(decisions, [
      { origin: 'crowdsec', type: 'ban', scope: 'Ip', value: '192.0.2.1', duration: '4h', scenario: 'test/scenario', simulated: false },
      { origin: 'crowdsec/geo', type: 'ban', scope: 'Country', value: '192.0.2.1', duration: '4h', scenario: 'test/scenario', simulated: true },
    ]);
  });

  test('of a simulated alert give simulated decisions', async () => {
    assert.equal((await evaluate([profile()], { simulated: true })).decisions[0].simulated, true);
  });

  const failures: [onError: OnError, decisions: number, matched: string[], failure: RegExp | null][] = [
    ['', 0, [], /^while running expression broken: no such thing$/],
    ['continue', 1, ['next'], null],
    ['ignore', 1, ['next'], null],
    ['break', 1, ['next'], null],
    ['apply', 1, ['p', 'next'], null],
  ];
  for (const [onError, count, matched, failure] of failures) {
    test(`on_error "${onError}": ${failure === null ? `${matched.join(' and ')} match` : 'the alert is refused'}`, async () => {
      const outcome = await evaluate([profile({ onError, filters: [broken] }), profile({ name: 'next' })]);
      assert.equal(outcome.decisions.length, count);
      assert.deepEqual(outcome.matched, matched);
      if (failure === null) assert.equal(outcome.failure, null);
      else assert.match(outcome.failure!, failure);
    });
  }

  test('an error after a filter that was true takes its decisions back, and `break` then ends it', async () => {
    const outcome = await evaluate([profile({ onError: 'break', filters: [yes, broken] }), profile({ name: 'next' })]);
    assert.deepEqual([outcome.decisions, outcome.matched], [[], ['p']]);
  });

  test('a filter that gives no boolean is an error', async () => {
    assert.match((await evaluate([profile({ filters: [odd] })])).failure!, /^unexpected type number \(1\) while running '1'$/);
  });

  const durations: [js: string, duration: string, remarks: number][] = [
    ['return () => "12h";', '12h', 0],
    ['return async () => "1d12h";', '1d12h', 0],
    ['return (alert) => String(alert.events_count * 4) + "h";', '8h', 0],
    ['return () => new rt.GoDuration(90e9);', '1m30s', 0],
    ['return () => 5;', '4h', 1],
    ['return () => { throw new Error("x"); };', '4h', 1],
  ];
  for (const [js, duration, remarks] of durations) {
    test(`duration_expr ${js} gives ${duration}`, async () => {
      const outcome = await evaluate([profile({ durationExpr: expression('d', js) })]);
      assert.equal(outcome.decisions[0].duration, duration);
      assert.equal(outcome.remarks.length, remarks);
    });
  }
});
