// Seeded random logs and a set of scenarios with every feature of buckets, for comparing the pourer with the naive
// oracle. Expressions are written as the JavaScript that the expression compiler would make, so both sides run them.

import type { ScenarioSpec } from '../../ts/buckets/scenario.js';
import { Event, type EventNames, newEventNames } from '../../ts/event/event.js';
import { ExpectMode } from '../../ts/event/line.js';
import type { CompiledExpr, FieldReads } from '../../ts/expr/compiled.js';
import type { ExprRuntime } from '../../ts/expr/runtime.js';
import { ExprError } from '../../ts/expr/values.js';
import { GoTime } from '../../ts/util/go-time.js';
import type { NaiveScenario } from '../support/naive-buckets.js';
import { randomFrom } from '../../ts/util/random.js';

/** An event before it is one: plain data. */
export interface Draft {
  readonly meta: Readonly<Record<string, string>>;
  readonly marshaledTime: string;
  readonly live: boolean;
  readonly process: boolean;
  readonly whitelisted: boolean;
}

/** Batches of drafts with the time each was read. */
export interface RandomLog {
  readonly batches: readonly { readonly drafts: readonly Draft[]; readonly nowMs: number }[];
}

/** All that hand-made expressions need of a runtime. */
export const handMadeRuntime = { ExprError } as unknown as ExprRuntime;

const noReads: FieldReads = { all: false, parsed: [], meta: [], enriched: [], unmarshaled: false, lineRaw: false, other: [] };

/** A compiled expression made by hand: `js` is the function's text; `rt.ExprError` is there to throw. */
export function handMade(js: string, more: Partial<CompiledExpr> = {}): CompiledExpr {
  return { text: js, place: { file: 'hand-made', line: 1, column: 1 }, js: `return ${js}`, isAsync: false, resultType: 'any',
    hasEffects: false, usesStash: false, reads: noReads, requires: [], ...more };
}

/** A scenario with everything at its default. */
export function scenario(name: string, filter: CompiledExpr, more: Partial<ScenarioSpec>): ScenarioSpec {
  return { name, type: 'leaky', place: { file: 'hand-made', line: 1, column: 1 }, version: '0.1', hash: 'abc', filter, groupby: null,
    distinct: null, cancelOn: null, condition: null, overflowFilter: null, bayesian: null, capacity: 0, leakspeedNs: 0, durationNs: 0,
    blackholeNs: 0, cacheSize: 0, scope: { type: 'Ip', expression: null }, reprocess: false, remediation: true, keyId: 0, ...more };
}

const meta = (key: string): string => `event.meta.get('${key}')`;
const bySource = handMade(`(event) => ${meta('source_ip')}`);
const isService = (service: string): CompiledExpr => handMade(`(event) => ${meta('service')} === '${service}'`,
  { requires: [{ path: 'Meta.service', values: [service] }] });
const ms = 1e6;

/** Scenarios of all kinds; each exercises one rule or one combination of rules. */
export function allScenarios(): ScenarioSpec[] {
  const list = [
    scenario('leaky', isService('ssh'), { capacity: 3, leakspeedNs: 2000 * ms, groupby: bySource, reprocess: true, remediation: false }),
    scenario('odd-leak', isService('ssh'), { capacity: 5, leakspeedNs: 1_234_567_891, groupby: bySource, blackholeNs: 9000 * ms }),
    scenario('distinct', isService('ssh'), { capacity: 2, leakspeedNs: 8000 * ms, groupby: bySource,
      distinct: handMade(`(event) => { if (${meta('user')} === 'bad') throw new rt.ExprError('x'); return ${meta('user')} === 'nil' ? null : ${meta('user')}; }`) }),
    scenario('cancelled', isService('ssh'), { capacity: 2, leakspeedNs: 5000 * ms, groupby: bySource,
      cancelOn: handMade(`(event) => ${meta('user')} === 'root'`) }),
    scenario('trigger', handMade(`(event) => ${meta('service')} === 'http' && ${meta('user')} === 'root'`), { type: 'trigger',
      groupby: bySource, blackholeNs: 4000 * ms }),
    scenario('trigger-all', handMade(`(event) => ${meta('user')} === 'eve'`), { type: 'trigger' }),
    scenario('counter', isService('http'), { type: 'counter', capacity: -1, durationNs: 7000 * ms, groupby: bySource, cacheSize: 2 }),
    scenario('timed-leaky', isService('http'), { capacity: 9, leakspeedNs: 1000 * ms, durationNs: 3500 * ms }),
    scenario('conditional', isService('http'), { type: 'conditional', capacity: -1, leakspeedNs: 6000 * ms, groupby: bySource,
      condition: handMade(`(event, queue) => new Set(queue.queue.map((kept) => kept.meta.get('user'))).size > 2`) }),
    scenario('conditional-bounded', isService('http'), { type: 'conditional', capacity: 2, leakspeedNs: 20_000 * ms,
      condition: handMade(`(event, queue, leaky) => leaky.totalCount > 6 && queue.queue.length === 3 && queue.queue[2].meta.get('user') === event.meta.get('user')`) }),
    scenario('leaky-with-condition', isService('ssh'), { capacity: 6, leakspeedNs: 4000 * ms, groupby: bySource,
      condition: handMade(`(event, queue) => { if (queue.queue.length === 3) throw new rt.ExprError('x'); return queue.queue.length > 3 && ${meta('user')} === 'root'; }`) }),
    scenario('bayesian', isService('ssh'), { type: 'bayesian', capacity: -1, leakspeedNs: 9000 * ms, groupby: bySource,
      bayesian: { prior: 0.3, threshold: 0.9, conditions: [
        { condition: handMade(`(event, queue) => queue.queue.length > 3`), givenEvil: 0.8, givenBenign: 0.2, guillotine: false },
        { condition: handMade(`(event) => ${meta('user')} === 'root'`), givenEvil: 0.9, givenBenign: 0.15, guillotine: true },
        { condition: handMade(`(event) => { if (${meta('user')} === 'bad') throw new rt.ExprError('x'); return false; }`), givenEvil: 0.4, givenBenign: 0.5, guillotine: false },
      ] } }),
    scenario('vetoed', isService('http'), { capacity: 2, leakspeedNs: 10_000 * ms, groupby: bySource, blackholeNs: 5000 * ms,
      overflowFilter: handMade(`(event, queue, signal) => { const users = new Set(queue.queue.map((kept) => kept.meta.get('user'))); if (users.has('bad')) throw new rt.ExprError('x'); return users.size > 1; }`) }),
    scenario('small-cache', isService('ssh'), { capacity: 12, leakspeedNs: 3000 * ms, cacheSize: 4,
      scope: { type: 'user', expression: handMade(`(event) => ${meta('user')}`) } }),
    scenario('sets-meta', handMade(`(event) => { if (${meta('user')} === 'eve') event.meta.set('tag', 'seen'); return false; }`, { hasEffects: true }), { capacity: 1, leakspeedNs: 1e9 }),
    scenario('sees-meta', handMade(`(event) => ${meta('tag')} === 'seen'`, { requires: [{ path: 'Meta.tag', values: ['seen'] }] }),
      { capacity: 1, leakspeedNs: 3000 * ms }),
    scenario('no-source', handMade(`(event) => ${meta('source_ip')} === ''`), { capacity: 1, leakspeedNs: 3000 * ms, blackholeNs: 2000 * ms }),
    scenario('bad-groupby', isService('ssh'), { capacity: 1, leakspeedNs: 9000 * ms,
      groupby: handMade(`(event) => ${meta('user')} === 'bad' ? 7 : ${meta('user')}`) }),
    scenario('failing-filter', handMade(`(event) => { if (${meta('user')} !== 'bob') throw new rt.ExprError('x'); return true; }`), { capacity: 4, leakspeedNs: 2000 * ms }),
    scenario('meta-bucket', handMade(`(event) => event.type === 1 && event.overflow.alert.scenario === 'leaky'`), { capacity: 1,
      leakspeedNs: 60_000 * ms, distinct: handMade(`(event) => Object.keys(event.overflow.sources)[0]`) }),
    scenario('twin', isService('ssh'), { capacity: 2, leakspeedNs: 50_000 * ms, groupby: handMade(`(event) => ${meta('source_ip')} + '\\u20ac' + ${meta('user')}`) }),
  ];
  return list.map((spec, index) => ({ ...spec, keyId: index }));
}

/** The same scenarios for the oracle. */
export function naive(spec: ScenarioSpec): NaiveScenario {
  const f = (expression: CompiledExpr | null): never | undefined =>
    (expression === null ? undefined : new Function('rt', expression.js)(handMadeRuntime)) as never;
  return { name: spec.name, type: spec.type, filterText: spec.filter.text, filter: f(spec.filter) as never, groupby: f(spec.groupby),
    distinct: f(spec.distinct), cancelOn: f(spec.cancelOn), condition: f(spec.condition), overflowFilter: f(spec.overflowFilter),
    bayesian: spec.bayesian === null ? undefined : { prior: spec.bayesian.prior, threshold: spec.bayesian.threshold,
      conditions: spec.bayesian.conditions.map((rule) => ({ condition: f(rule.condition) as never, evil: rule.givenEvil,
        benign: rule.givenBenign, guillotine: rule.guillotine })) },
    capacity: spec.capacity, leakspeedNs: spec.leakspeedNs, durationNs: spec.durationNs, blackholeNs: spec.blackholeNs,
    cacheSize: spec.cacheSize, reprocess: spec.reprocess, scope: { type: spec.scope.type, expression: f(spec.scope.expression) } };
}

/** Names with slots for what the hand-made rules read. */
export function testNames(): EventNames {
  const names = newEventNames();
  for (const key of ['service', 'source_ip', 'user', 'tag']) names.meta.declare(key);
  return names;
}

/** A log of some sources and users whose times mostly go forward. `mode` decides which clock buckets follow. */
export function randomLog(seed: number, mode: 'live' | 'timeMachine' | 'mixed', lines: number): RandomLog {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const users = ['root', 'bob', 'eve', 'bad', 'nil', 'ann', 'zoë', '日本'];
  const batches: RandomLog['batches'][number][] = [];
  let logNs = 1_700_000_000_000_000_000n;
  let nowMs = 1_700_000_100_000;
  for (let made = 0; made < lines;) {
    const drafts: Draft[] = [];
    const size = random() < 0.1 ? 0 : 1 + Math.floor(random() * 30);
    for (let i = 0; i < size; i++, made++) {
      logNs += BigInt(Math.floor(random() * (random() < 0.02 ? 3e10 : 1.2e9))) - (random() < 0.1 ? 3_000_000_000n : 0n);
      drafts.push({ meta: { service: pick(['ssh', 'ssh', 'http', 'other']), user: pick(users),
        ...(random() < 0.03 ? {} : { source_ip: random() < 0.01 ? 'not-an-ip' : `10.0.0.${1 + Math.floor(random() * 4)}` }),
        [`x${Math.floor(random() * 3)}`]: String(made) },
      marshaledTime: random() < 0.02 ? 'yesterday' : timeText(logNs, random()), live: mode === 'live' || (mode === 'mixed' && random() < 0.5),
      process: random() > 0.02, whitelisted: random() < 0.02 });
    }
    nowMs += Math.floor(random() * (random() < 0.1 ? 20_000 : 1500));
    batches.push({ drafts, nowMs });
  }
  return { batches };
}

/** Makes the event of a draft. */
export function eventOf(draft: Draft, names: EventNames): Event {
  const event = new Event(names);
  for (const [key, value] of Object.entries(draft.meta)) event.meta.set(key, value);
  event.marshaledTime = draft.marshaledTime;
  event.expectMode = draft.live ? ExpectMode.live : ExpectMode.timeMachine;
  event.process = draft.process;
  event.whitelisted = draft.whitelisted;
  event.time = new GoTime(1_700_000_000, 5);
  event.line.src = 'test.log';
  event.line.module = 'file';
  return event;
}

/** An event of its own with the same content, as far as these tests read it. */
export function copyOf(event: Event, names: EventNames): Event {
  const copy = new Event(names);
  for (const map of ['meta', 'parsed', 'enriched'] as const) {
    for (const key of event[map].keys()) copy[map].set(key, event[map].get(key));
  }
  return Object.assign(copy, { type: event.type, expectMode: event.expectMode, marshaledTime: event.marshaledTime, time: event.time,
    overflow: event.overflow === null ? null : structuredClone(event.overflow) });
}

/** Some in whole seconds, some with fractions, some with another offset. */
function timeText(ns: bigint, random: number): string {
  const offset = random > 0.9 ? 7200 : 0;
  const seconds = Number(ns / 1_000_000_000n);
  const nanos = random < 0.5 ? 0 : Number(ns % 1_000_000_000n);
  return new GoTime(seconds, nanos, offset, offset === 0 ? 'UTC' : '').toRfc3339Nano();
}
