// Scenarios written as YAML, through loading, compiling and pouring: each key of a rule does what it says.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AlertContext } from '../../ts/alert/context.js';
import { loadContexts } from '../../ts/alert/context-load.js';
import { AlertFormatter } from '../../ts/alert/format.js';
import { loadScenarios } from '../../ts/buckets/load.js';
import { createBuckets } from '../../ts/buckets/memory.js';
import { Pourer } from '../../ts/buckets/pour.js';
import { Event, newEventNames } from '../../ts/event/event.js';
import { ExpectMode } from '../../ts/event/line.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import type { HelperContext } from '../../ts/expr-helpers/context.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { Counters } from '../../ts/metrics/counters.js';
import type { Alert } from '../../ts/model/alert.js';
import { GoTime } from '../../ts/util/go-time.js';
import { randomFrom } from '../../ts/util/random.js';
import { testSeed } from '../support/random.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-rules-'));
after(() => rmSync(folder, { recursive: true }));
const startMs = Date.parse('2026-11-23T01:00:00Z');

/** One event: seconds after the start, and meta. `ip` stands for source_ip. */
type Line = readonly [atSeconds: number, meta: Readonly<Record<string, string>>];

interface Run {
  /** Scenario and position of the event, as `name@3`. */
  readonly found: string[];
  readonly alerts: Alert[];
  /** Counters above zero, `name{labels}` without their scenario. */
  readonly counts: Record<string, number>;
}

function run(yaml: string, lines: readonly Line[], options: { live?: boolean; context?: string; prepare?: (event: Event) => void } = {}): Run {
  writeFileSync(join(folder, 'rule.yaml'), yaml);
  writeFileSync(join(folder, 'context.yaml'), options.context ?? 'context: {}');
  const names = newEventNames();
  const compile = { names, functions: helperTable };
  const { scenarios } = loadScenarios([{ path: join(folder, 'rule.yaml') }], compile);
  const contexts = loadContexts([join(folder, 'context.yaml')], null, compile);
  const runtime = newRuntime(helperTable, { now: () => GoTime.fromMs(startMs), regex: () => assert.fail() } as unknown as HelperContext);
  const counters = new Counters();
  const pourer = new Pourer({ scenarios, names, runtime, worker: 0, counters,
    buckets: createBuckets(scenarios, { workerCount: 1, slotsMax: 1024, arenaBytesMax: 16 << 20 }),
    contextReads: contexts.flatMap(({ expressions }) => expressions.map(({ reads }) => reads)),
    alerts: new AlertFormatter({ runtime, isSimulated: () => false, context: new AlertContext(contexts, runtime, 4000) }) });
  const overflows = lines.flatMap(([atSeconds, { ip, ...meta }], seq) => {
    const event = new Event(names);
    for (const [key, value] of Object.entries(meta)) event.meta.set(key, value);
    if (ip !== undefined) event.meta.set('source_ip', ip);
    const time = new GoTime(startMs / 1000 + Math.floor(atSeconds), Math.round((atSeconds % 1) * 1e9));
    Object.assign(event, { process: true, marshaledTime: time.toRfc3339Nano(), time, expectMode: options.live ? ExpectMode.live : ExpectMode.timeMachine });
    options.prepare?.(event);
    const poured = pourer.pourBatch([event], 1, seq, startMs + atSeconds * 1000);
    pourer.finishBatch(seq);
    return poured;
  });
  const counts = Object.fromEntries(counters.snapshot().filter(({ value }) => value !== 0).map(({ name, value }) => [name, value]));
  return { found: overflows.map(({ scenario, seq }) => `${scenario}@${seq}`), counts,
    alerts: overflows.map(({ overflow }) => overflow.alert as Alert) };
}

const bySource = 'groupby: evt.Meta.source_ip';
const head = `name: bf\ndescription: d\nfilter: "evt.Meta.service == 'ssh'"`;
const leaky = `type: leaky\n${head}\ncapacity: 2\nleakspeed: 10s\n${bySource}`;
const ssh = (atSeconds: number, more: Record<string, string> = {}): Line => [atSeconds, { service: 'ssh', ip: '1.2.3.4', ...more }];

const cases: readonly (readonly [name: string, yaml: string, lines: readonly Line[], found: readonly string[], live?: boolean])[] = [
  ['capacity N runs over at event N + 1', leaky, [ssh(0), ssh(1), ssh(2), ssh(3)], ['bf@2']],
  ['what leaks makes room', leaky, [ssh(0), ssh(1), ssh(10), ssh(20), ssh(20)], ['bf@4']],
  ['a leak of exactly one token is enough', leaky, [ssh(0), ssh(0), ssh(10), ssh(20), ssh(30)], []],
  ['a billionth of a second short of a token is no token', leaky, [ssh(0), ssh(0), ssh(9.999_999_9)], ['bf@2']],
  ['a bucket is forgotten strictly after its life', leaky, [ssh(0), ssh(0), ssh(30.5), ssh(30.5), ssh(30.5)], ['bf@4']],
  ['each key has its own bucket', leaky, [ssh(0), ssh(0, { ip: '5.6.7.8' }), ssh(0), ssh(0, { ip: '5.6.7.8' })], []],
  ['events of the same instant count', leaky, [ssh(5), ssh(5), ssh(5)], ['bf@2']],
  ['a log out of order refills nothing backwards', leaky, [ssh(20), ssh(10), ssh(15)], ['bf@2']],
  ['a trigger fires at each event', `type: trigger\n${head}`, [ssh(0), ssh(0), [0, { service: 'http' }]], ['bf@0', 'bf@1']],
  ['distinct counts a value once', `${leaky}\ndistinct: evt.Meta.user`, [ssh(0, { user: 'a' }), ssh(0, { user: 'a' }), ssh(0, { user: 'b' }), ssh(0, { user: 'b' }), ssh(0, { user: 'c' })], ['bf@4']],
  ['cancel_on empties the bucket', `${leaky}\ncancel_on: evt.Meta.user == 'ok'`, [ssh(0), ssh(0), ssh(0, { user: 'ok' }), ssh(0), ssh(0), ssh(0)], ['bf@5']],
  ['a blackhole mutes the key, not the bucket', `${leaky}\nblackhole: 1m`, [ssh(0), ssh(0), ssh(0), ssh(1), ssh(1), ssh(1), ssh(59), ssh(59), ssh(60), ssh(61), ssh(61), ssh(61)], ['bf@2', 'bf@8']],
  ['a blackhole of one key does not mute another', `${leaky}\nblackhole: 1m`, [ssh(0), ssh(0), ssh(0), ssh(1, { ip: '5.6.7.8' }), ssh(1, { ip: '5.6.7.8' }), ssh(1, { ip: '5.6.7.8' })], ['bf@2', 'bf@5']],
  ['overflow_filter vetoes, and a veto does not mute', `${leaky}\nblackhole: 1m\noverflow_filter: any(queue.Queue, {.Meta.user == 'root'})`, [ssh(0), ssh(0), ssh(0), ssh(0), ssh(0), ssh(0, { user: 'root' })], ['bf@5']],
  ['overflow_filter sees the alert', `${leaky}\noverflow_filter: signal.Alert.GetEventsCount() > 5 && leaky.Total_count > 5`, [ssh(0), ssh(0), ssh(0)], []],
  ['an overflow_filter that fails lets through', `${leaky}\noverflow_filter: evt.Meta.x == 'y'`, [ssh(0), ssh(0), ssh(0)], ['bf@2']],
  ['a condition sees the queue with the new event', `type: conditional\n${head}\ncapacity: -1\nleakspeed: 1m\ncondition: len(queue.Queue) == 3 && queue.Queue[-1].Meta.user == 'last'`, [ssh(0), ssh(1), ssh(2, { user: 'last' })], ['bf@2']],
  ['a conditional bucket lives as long as pours come', `type: conditional\n${head}\ncapacity: -1\nleakspeed: 10s\ncondition: len(queue.Queue) == 3`, [ssh(0), ssh(10), ssh(20.5), ssh(30), ssh(40)], ['bf@4']],
  ['the times between kept events can be measured', `type: conditional\n${head}\ncapacity: -1\nleakspeed: 3h\ncondition: len(queue.Queue) >= 3 && MedianInterval(map(queue.Queue[-3:], {#.Time})) >= duration("20m")`, [ssh(0), ssh(60), ssh(120), ssh(1320), ssh(2640)], ['bf@4']],
  ['a live counter runs over when its time is up', `type: counter\n${head}\ncapacity: -1\nduration: 10s`, [ssh(0), ssh(5), [11, { service: 'http' }]], ['bf@2'], true],
  ['a counter of a replay never runs over', `type: counter\n${head}\ncapacity: -1\nduration: 10s`, [ssh(0), ssh(5), ssh(11), ssh(50)], []],
  ['live buckets follow the clock', leaky, [ssh(0), ssh(40), ssh(40), ssh(40)], ['bf@3'], true],
  ['bayesian conditions add up', `type: bayesian\n${head}\ncapacity: -1\nleakspeed: 1m\nbayesian_prior: 0.5\nbayesian_threshold: 0.8\nbayesian_conditions:\n- { condition: "any(queue.Queue, {.Meta.user == 'a'})", prob_given_evil: 0.8, prob_given_benign: 0.2 }\n- { condition: "any(queue.Queue, {.Meta.user == 'b'})", prob_given_evil: 0.8, prob_given_benign: 0.2 }`, [ssh(0), ssh(0, { user: 'a' }), ssh(0, { user: 'b' })], ['bf@2']],
  ['an event without source gives no alert but mutes', `${leaky}\nblackhole: 1m`, [ssh(0), ssh(0), [0, { service: 'ssh' }], [0, { service: 'ssh' }], [0, { service: 'ssh' }], ssh(0)], ['bf@5']],
];
for (const [name, yaml, lines, found, live] of cases) {
  test(name, () => assert.deepEqual(run(yaml, lines, { live }).found, found));
}

test('conditions that read the end of their queue say what they say of the whole, over random lines', () => {
  const random = randomFrom(testSeed());
  const lines = Array.from({ length: 3000 }, (_, index) => ssh(index * 30 + Math.floor(random() * 2000), { user: 'abc'[Math.floor(random() * 3)],
    ip: `1.2.3.${Math.floor(random() * 8)}` }));
  for (const condition of [
    `let x = filter(queue.Queue, {#.Meta.user == 'a'}); len(x) >= 3 && MedianInterval(map(x[-3:], {#.Time})) > duration("5m")`,
    `let x = filter(queue.Queue, {#.Meta.user == 'a'}); x[-2].Meta.source_ip == evt.Meta.source_ip && evt.Meta.user == 'b'`,
    `queue.Queue[-1].Meta.user == queue.Queue[-3].Meta.user`,
    `len(queue.Queue) > 3 && queue.Queue[-4].MarshaledTime != '' && queue.Queue[-2].Meta.user == 'c'`,
  ]) {
    const found = (text: string): readonly string[] =>
      run(`type: conditional\n${head}\n${bySource}\ncapacity: -1\nleakspeed: 2h\ncondition: |\n  ${text}`, lines).found;
    const end = found(condition);
    assert.ok(end.length > 10, condition);
    assert.deepEqual(end, found(`${condition} && leaky.Total_count > 0`), condition);
  }
});

test('the alert of a counter ends when its time was up, not when that was noticed', () => {
  const { alerts: [alert] } = run(`type: counter\n${head}\ncapacity: -1\nduration: 10s`, [ssh(0), ssh(5), [100, {}]], { live: true });
  assert.deepEqual([alert.start_at, alert.stop_at, alert.events_count], ['2026-11-23T01:00:00Z', '2026-11-23T01:00:10Z', 2]);
});

test('an alert counts all pours and keeps the last events', () => {
  const yaml = `type: leaky\n${head}\ncapacity: 5\nleakspeed: 10s\ncache_size: 1`;
  const { alerts: [alert] } = run(yaml, [0, 0, 0, 0, 0, 0].map((at, i) => ssh(at, { n: String(i) })));
  assert.equal(alert.events_count, 6);
  assert.deepEqual(alert.events?.map(({ meta }) => meta.find(({ key }) => key === 'n')?.value), ['4', '5']);
});

test('a scope of one\'s own takes its value from each event', () => {
  const { alerts: [alert] } = run(`${leaky}\nscope: { type: user, expression: evt.Meta.user }`, [ssh(0, { user: 'a' }), ssh(0, { user: 'a' }), ssh(0, { user: 'a' })]);
  assert.deepEqual(alert.source, { scope: 'user', value: 'a' });
});

test('contexts read fields that only they name, and what the log brought', () => {
  const context = `context:\n  path: [ evt.Parsed.path, "evt.Unmarshaled.n > 1 ? 'many' : ''" ]\n  raw: [ evt.Line.Raw ]`;
  const { alerts: [alert] } = run(leaky, [ssh(0), ssh(0), ssh(0)], { context, prepare: (event) => {
    event.parsed.set('path', '/a');
    event.parsed.set('other', 'x');
    event.unmarshaled['n'] = 2;
    event.line.raw = 'the line';
  } });
  assert.deepEqual(alert.meta, [{ key: 'path', value: '["/a","many"]' }, { key: 'raw', value: '["the line"]' }]);
});

test('a context that calls what is not supported is left out, with a warning unless only web requests would call it', () => {
  writeFileSync(join(folder, 'context.yaml'), `context:\n  ja4h: [ "JA4H(req)" ]\n  guarded: [ "req.Method != '' ? JA4H(req) : ''" ]\n  user: [ evt.Meta.user ]`);
  const warnings: string[] = [];
  const contexts = loadContexts([join(folder, 'context.yaml')], null, { names: newEventNames(), functions: helperTable, warnings });
  assert.deepEqual(contexts.map(({ key, expressions }) => [key, expressions.length]), [['ja4h', 0], ['guarded', 0], ['user', 1]]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /context\.yaml:2: this context is left out: JA4H is not supported/);
});

test('a filter or groupby that fails ends its scenario for that event only, and is counted', () => {
  const failing = `type: trigger\nname: failing\ndescription: d\nfilter: evt.Overflow.Alert.Scenario == 'x'\n---\n`
    + `type: leaky\nname: by-number\ndescription: d\nfilter: "true"\ncapacity: 1\nleakspeed: 1s\ngroupby: len(evt.Meta.user)\n---\n`
    + `type: trigger\nname: fine\ndescription: d\nfilter: "true"`;
  const { found, counts } = run(failing, [ssh(0), ssh(1)]);
  assert.deepEqual(found, ['fine@0', 'fine@1']);
  assert.equal(counts['palisade_scenario_filter_error_total'], 2);
  assert.equal(counts['palisade_scenario_groupby_not_string_total'], 2);
});

test('buckets are counted as CrowdSec counts them', () => {
  const { counts } = run(`${leaky}\ncancel_on: evt.Meta.user == 'ok'`, [ssh(0), ssh(0), ssh(0), ssh(100), ssh(200), ssh(200, { user: 'ok' }), ssh(300)]);
  assert.deepEqual(counts, { cs_bucket_poured_total: 6, cs_bucket_overflowed_total: 1, cs_bucket_instantiation_total: 4, cs_buckets: 1,
    cs_bucket_canceled_total: 1, cs_bucket_underflowed_total: 1 });
});

test('what a filter sets in an event is seen by the scenarios after it, even by those the event did not concern before', () => {
  const yaml = `type: trigger\nname: before\ndescription: d\nfilter: evt.Meta.tag == 'x'\n---\n`
    + `type: trigger\nname: setter\ndescription: d\nfilter: evt.Meta.service == 'ssh' && evt.SetMeta('tag', 'x')\n---\n`
    + `type: trigger\nname: after\ndescription: d\nfilter: evt.Meta.tag == 'x'`;
  assert.deepEqual(run(yaml, [ssh(0), [1, { service: 'http', ip: '1.2.3.4' }]]).found, ['setter@0', 'after@0']);
});
