// What buckets can do and no test of the hub covers, rule by rule from the specification: counter, bayesian,
// overflow_filter, blackhole, distinct, cancel_on, reprocess, cache_size, and rules that share a bucket.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runRules, type SeenOverflow } from './rule-run.js';

interface Case {
  readonly name: string;
  /** Keys after name and description. */
  readonly rule: string;
  readonly lines: readonly string[];
  readonly mode?: 'live';
  /** `COUNT@STOP kept, kept …` of each overflow. */
  readonly gives: readonly string[];
}

const leaky = 'type: leaky\nfilter: "true"\ngroupby: evt.Meta.source_ip\nleakspeed: 10s\n';
const bayesian = `type: bayesian
filter: "true"
groupby: evt.Meta.source_ip
capacity: -1
leakspeed: 10m
bayesian_prior: 0.5
bayesian_threshold: 0.65
bayesian_conditions:
  - { condition: "any(queue.Queue, {.Meta.what == 'a'})", prob_given_evil: 0.6, prob_given_benign: 0.4 }
  - { condition: "evt.Meta.what == 'b'", prob_given_evil: 0.6, prob_given_benign: 0.4 }
`;
const from = (ip: string, ...events: readonly string[]): string[] => events.map((event) => `${ip} ${event}`);
const one = (...events: readonly string[]): string[] => from('192.0.2.1', ...events);

const cases: readonly Case[] = [
  { name: 'a counter overflows once, when its duration has passed since the first event', mode: 'live',
    rule: 'type: counter\nfilter: "evt.Meta.what == \'a\'"\ngroupby: evt.Meta.source_ip\ncapacity: -1\nduration: 60s\n',
    lines: one('00:00 a 1', '00:20 a 2', '00:50 a 3', '01:01', '01:30 a 4', '01:40'), gives: ['3@00:01:00 a 1, a 2, a 3'] },
  { name: 'a counter is not made longer by events', mode: 'live',
    rule: 'type: counter\nfilter: "true"\ngroupby: evt.Meta.source_ip\ncapacity: -1\nduration: 60s\n',
    lines: one('00:00 a 1', '00:59 a 2', '01:02 a 3', '02:10'), gives: ['2@00:01:00 a 1, a 2', '1@00:02:02 a 3'] },
  { name: 'a counter gives nothing in a replay, whose clock does not run',
    rule: 'type: counter\nfilter: "true"\ngroupby: evt.Meta.source_ip\ncapacity: -1\nduration: 60s\n',
    lines: one('00:00 a 1', '00:20 a 2', '05:00 a 3'), gives: [] },
  { name: 'cache_size bounds the events of a counter, not its count', mode: 'live',
    rule: 'type: counter\nfilter: "true"\ngroupby: evt.Meta.source_ip\ncapacity: -1\nduration: 60s\ncache_size: 2\n',
    lines: one('00:00 a 1', '00:01 a 2', '00:02 a 3', '00:03 a 4', '00:04 a 5', '02:00'), gives: ['5@00:01:00 a 3, a 4, a 5'] },
  { name: 'cache_size keeps one event more than it says and does not touch the count', rule: `${leaky}capacity: 5\ncache_size: 2\n`,
    lines: one('00:00 a 1', '00:00 a 2', '00:00 a 3', '00:00 a 4', '00:00 a 5', '00:00 a 6'), gives: ['6@00:00:00 a 4, a 5, a 6'] },
  { name: 'a cache_size above the capacity means nothing', rule: `${leaky}capacity: 1\ncache_size: 9\n`,
    lines: one('00:00 a 1', '00:00 a 2'), gives: ['2@00:00:00 a 1, a 2'] },
  { name: 'events stay kept after their token has leaked, as far as the queue is long', rule: `${leaky}capacity: 2\n`,
    lines: one('00:00 a 1', '00:10 a 2', '00:20 a 3', '00:20 a 4', '00:20 a 5'), gives: ['5@00:00:20 a 3, a 4, a 5'] },
  { name: 'distinct takes each value once', rule: `${leaky}capacity: 2\ndistinct: evt.Meta.value\n`,
    lines: one('00:00 a 1', '00:01 a 1', '00:02 a 2', '00:03 a 2', '00:04 a 3'), gives: ['3@00:00:04 a 1, a 2, a 3'] },
  { name: 'a value once seen stays seen though its token has leaked', rule: `${leaky}capacity: 1\ndistinct: evt.Meta.value\n`,
    lines: one('00:00 a 1', '00:15 a 1', '00:16 a 2', '00:17 a 1'), gives: [] },
  { name: 'an ignored event does not keep a bucket alive', rule: `${leaky}capacity: 1\ndistinct: evt.Meta.value\n`,
    lines: one('00:00 a 1', '00:15 a 1', '00:21 a 1', '00:22 a 2'), gives: ['2@00:00:22 a 1, a 2'] },
  { name: 'a distinct that is no text counts as one value', rule: `${leaky}capacity: 1\ndistinct: "len(evt.Meta.value)"\n`,
    lines: one('00:00 a 1', '00:00 a 22', '00:00 a 333'), gives: [] },
  { name: 'a distinct that fails takes the event', rule: `${leaky}capacity: 1\ndistinct: "evt.Unmarshaled.x.y"\n`,
    lines: one('00:00 a 1', '00:00 a 1'), gives: ['2@00:00:00 a 1, a 1'] },
  { name: 'cancel_on throws a bucket away, the event with it', rule: `${leaky}capacity: 2\ncancel_on: "evt.Meta.what == 'ok'"\n`,
    lines: one('00:00 a 1', '00:00 a 2', '00:00 ok 3', '00:00 a 4', '00:00 a 5', '00:00 a 6'), gives: ['3@00:00:00 a 4, a 5, a 6'] },
  { name: 'cancel_on only touches the bucket of its own key', rule: `${leaky}capacity: 1\ncancel_on: "evt.Meta.what == 'ok'"\n`,
    lines: [...one('00:00 a 1'), ...from('192.0.2.2', '00:00 ok'), ...one('00:00 a 2')], gives: ['2@00:00:00 a 1, a 2'] },
  { name: 'blackhole mutes a key in log time, counted from the overflow that was reported', rule: `${leaky}capacity: 1\nblackhole: 1m\n`,
    lines: one('00:00 a 1', '00:00 a 2', '00:30 a 3', '00:30 a 4', '00:59 a 5', '00:59 a 6', '01:00 a 7', '01:00 a 8'),
    gives: ['2@00:00:00 a 1, a 2', '2@00:01:00 a 7, a 8'] },
  { name: 'blackhole mutes no other key', rule: `${leaky}capacity: 1\nblackhole: 1m\n`,
    lines: [...one('00:00 a 1', '00:00 a 2'), ...from('192.0.2.2', '00:01 b 1', '00:01 b 2')], gives: ['2@00:00:00 a 1, a 2', '2@00:00:01 b 1, b 2'] },
  { name: 'a trigger is muted too', rule: 'type: trigger\nfilter: "true"\ngroupby: evt.Meta.source_ip\nblackhole: 10s\n',
    lines: one('00:00 a 1', '00:09 a 2', '00:10 a 3'), gives: ['1@00:00:00 a 1', '1@00:00:10 a 3'] },
  { name: 'overflow_filter lets through what it calls true', rule: `${leaky}capacity: 1\noverflow_filter: "any(queue.Queue, {.Meta.what == 'key'})"\n`,
    lines: [...one('00:00 a 1', '00:00 key 2'), ...from('192.0.2.2', '00:00 a 1', '00:00 a 2')], gives: ['2@00:00:00 a 1, key 2'] },
  { name: 'an overflow that was filtered away does not mute the next',
    rule: `${leaky}capacity: 1\nblackhole: 5m\noverflow_filter: "any(queue.Queue, {.Meta.what == 'key'})"\n`,
    lines: one('00:00 a 1', '00:00 a 2', '00:10 a 3', '00:10 key 4'), gives: ['2@00:00:10 a 3, key 4'] },
  { name: 'an overflow_filter that fails keeps the overflow: there is no event to ask', rule: `${leaky}capacity: 1\noverflow_filter: "evt.Meta.what == 'x'"\n`,
    lines: one('00:00 a 1', '00:00 a 2'), gives: ['2@00:00:00 a 1, a 2'] },
  { name: 'a bayesian bucket overflows above its threshold', rule: bayesian,
    lines: one('00:00 a', '00:01 c', '00:02 b'), gives: ['3@00:00:02 a, c, b'] },
  { name: 'a false condition speaks against', rule: bayesian, lines: one('00:00 b', '00:01 b', '00:02 c'), gives: [] },
  { name: 'what a guillotine condition has once seen stays true',
    rule: bayesian.replace("any(queue.Queue, {.Meta.what == 'a'})", "evt.Meta.what == 'a'").replace('prob_given_benign: 0.4 }', 'prob_given_benign: 0.4, guillotine: true }'),
    lines: one('00:00 a', '00:01 b'), gives: ['2@00:00:01 a, b'] },
  { name: 'without it the next event forgets', rule: bayesian.replace("any(queue.Queue, {.Meta.what == 'a'})", "evt.Meta.what == 'a'"),
    lines: one('00:00 a', '00:01 b'), gives: [] },
];

for (const { name, rule, lines, mode, gives } of cases) {
  test(name, async () => {
    assert.deepEqual((await runRules(`name: test/rule\ndescription: under test\n${rule}`, lines, mode)).map(text), gives);
  });
}

test('an overflow of a rule with reprocess is poured again and seen by rules for overflows', async () => {
  const overflows = await runRules(`name: test/inner
description: two of one address
${leaky.replace('"true"', '"evt.GetType() == \'log\'"')}capacity: 1
reprocess: true
---
name: test/outer
description: overflows of two addresses
type: leaky
filter: "evt.GetType() == 'overflow' && evt.Overflow.Alert.GetScenario() == 'test/inner'"
distinct: evt.Overflow.Alert.GetValue()
capacity: 1
leakspeed: 1h
`, [...one('00:00 a 1', '00:00 a 2'), ...one('01:00 a 3', '01:00 a 4'), ...from('192.0.2.2', '02:00 b 1', '02:00 b 2')]);
  assert.deepEqual(overflows.map(({ scenario, sources }) => [scenario, sources.join()]), [['test/inner', '192.0.2.1'], ['test/inner', '192.0.2.1'],
    ['test/inner', '192.0.2.2'], ['test/outer', '192.0.2.1,192.0.2.2']]);
});

test('rules of one name and filter pour into one bucket, which keeps the ways of the rule that made it', async () => {
  const rules = `name: test/same\ndescription: one\n${leaky}capacity: 5\n---\nname: test/same\ndescription: another\n${leaky}capacity: 5\ndistinct: evt.Meta.value\n`;
  assert.deepEqual((await runRules(rules, one('00:00 a 1', '00:00 a 1', '00:00 a 1'))).map(text), ['6@00:00:00 a 1, a 1, a 1, a 1, a 1, a 1']);
  const distinctFirst = rules.split('---\n').reverse().map((rule) => rule.trimEnd()).join('\n---\n');
  assert.deepEqual((await runRules(distinctFirst, one('00:00 a 1', '00:00 a 1', '00:00 a 1'))).map(text), []);
});

function text({ count, stop, kept }: SeenOverflow): string {
  return `${count}@${stop} ${kept.join(', ')}`;
}
