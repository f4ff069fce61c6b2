// Conditions that only look at the end of their queue are given only that: with the same answer as with all of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueTailNeed } from '../../ts/buckets/queue-tail.js';
import { Event, type EventNames, newEventNames } from '../../ts/event/event.js';
import { compile, link } from '../../ts/expr/compiled.js';
import { conditionEnv, type ExprEnv, logEnv } from '../../ts/expr/env.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { ExprError } from '../../ts/expr/values.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { randomFrom } from '../../ts/util/random.js';
import { GoTime } from '../../ts/util/go-time.js';
import { testContext } from '../expr-helpers/helper-context.js';
import { testSeed } from '../support/random.js';

const place = { file: 'f', line: 1, column: 1 };
const failed = `let f = filter(queue.Queue, {#.Meta.log_type == 'failed'});`;

const text = `'failed'`;
const distance = `Distance(queue.Queue[-1].Enriched.a, queue.Queue[-1].Enriched.b, queue.Queue[-2].Enriched.a, queue.Queue[-2].Enriched.b) > 9`;

for (const [condition, need] of [
  [`${failed} len(f) >= 4 && MedianInterval(map(f[-4:], {#.Time})) > duration("10m")`, { filter: `(evt.Meta["log_type"] == "failed")`, count: 4,
    condition: `let f = queue.Queue; len(f) >= 4 && MedianInterval(map(f[-4:], {#.Time})) > duration("10m")` }],
  [`${failed} len(f) > 4`, { filter: `(evt.Meta["log_type"] == "failed")`, count: 5, condition: 'let f = queue.Queue; len(f) > 4' }],
  [`let f = filter(queue.Queue, {.Meta.a in ['x', "y'"] && not (#.Parsed.b contains ';')}); len(f) >= 2`,
    { filter: `((evt.Meta["a"] in ["x", "y'"]) && not ((evt.Parsed["b"] contains ";")))`, count: 2, condition: 'let f = queue.Queue; len(f) >= 2' }],
  [`${failed} f[-3].Meta.a == 'x'`, { filter: `(evt.Meta["log_type"] == "failed")`, count: 3, condition: `let f = queue.Queue; f[-3].Meta.a == 'x'` }],
  [`len(queue.Queue) >= 2 and ${distance}`, { filter: null, count: 2, condition: `len(queue.Queue) >= 2 and ${distance}` }],
  [`len(queue.Queue) > 3 && any(queue.Queue[-2:], {#.Meta.a == evt.Meta.a})`,
    { filter: null, count: 4, condition: `len(queue.Queue) > 3 && any(queue.Queue[-2:], {#.Meta.a == evt.Meta.a})` }],
  [`let n = 2; len(queue.Queue) > 3 && n > 1`, { filter: null, count: 4, condition: 'let n = 2; len(queue.Queue) > 3 && n > 1' }],
  [`evt.Meta.a == ${text}`, { filter: null, count: 0, condition: `evt.Meta.a == ${text}` }],
  [`${failed} len(f) == 4`, null],
  [`${failed} len(f) >= 2 && len(queue.Queue) > 3`, null],
  [`${failed} len(f) >= 2 && leaky.Total_count > 3`, null],
  [`${failed} len(f) >= 2 && f[0].Meta.a == 'x'`, null],
  [`${failed} len(f[-0:]) > 1`, null],
  [`${failed} len(f[-3:-1]) > 1`, null],
  [`let f = filter(queue.Queue, {#.Meta.log_type == evt.Meta.log_type}); len(f) >= 4`, null],
  [`let f = filter(queue.Queue, {#index > 3}); len(f) >= 4`, null],
  [`let f = queue.Queue; len(f) >= 4`, null],
  [`len(filter(queue.Queue, {#.Meta.a == 'x'})) > 3`, null],
  [`any(queue.Queue, {#.Meta.a == 'x'})`, null],
  [`len(queue.Queue) >= 2 && queue.Queue[0].Meta.a == queue.Queue[1].Meta.a`, null],
  [`len(queue.Queue) >= 2 && queue.L > 3`, null],
  [`len(queue.Queue) >= 2 && $env["leaky"] != nil`, null],
] as const) {
  test(`${condition} needs ${need === null ? 'all' : `the last ${need.count}`}`, () => assert.deepEqual(queueTailNeed(condition), need));
}

test('random queues: the end decides as the whole does', (context) => {
  const seed = testSeed();
  context.diagnostic(`PALISADE_SEED=${seed}`);
  const random = randomFrom(seed);
  const names = newEventNames();
  const runtime = newRuntime(helperTable, testContext());
  const linked = (text: string, env: ExprEnv): ((...args: unknown[]) => unknown) => link(compile({ text, place }, { env, functions: helperTable, names }), runtime);
  const conditions = [
    `${failed} len(f) >= 4 && MedianInterval(map(f[-4:], {#.Time})) > duration("10m")`,
    `${failed} len(f) > 2 || f[-2:][0].Meta.user == 'a'`,
    `${failed} f[-3].Meta.user == f[-1].Meta.user`,
    `let f = filter(queue.Queue, {#.Meta.log_type != 'failed' || #.Meta.user in ['a', 'b']}); len(f) >= 3 && any(f[-3:], {#.Meta.user == 'b'})`,
    `len(queue.Queue) >= 3 and queue.Queue[-1].Meta.user == queue.Queue[-3].Meta.user`,
    `queue.Queue[-2].Meta.user == 'a' || len(queue.Queue) > 5 && MedianInterval(map(queue.Queue[-6:], {#.Time})) > duration("10m")`,
    `MedianInterval(map(queue.Queue[-40:], {#.Time})) > duration("12m")`,
    `evt.Meta.user == 'a'`,
  ];
  for (const text of conditions) {
    const need = queueTailNeed(text)!;
    const [whole, ofTail] = [linked(text, conditionEnv), linked(need.condition, conditionEnv)];
    const filter = need.filter === null ? null : linked(need.filter, logEnv);
    const ask = (condition: typeof whole, queue: readonly Event[], event: Event): unknown => {
      try {
        return condition(event, { queue, l: 2 ** 63 }, null);
      } catch (error) {
        if (error instanceof ExprError) return 'failed';
        throw error;
      }
    };
    const answers = new Set<unknown>();
    for (let round = 0; round < 300; round++) {
      const queue = randomQueue(names, random);
      const event = queue.at(-1)!;
      const end = need.count === 0 ? [] : queue.filter((each) => filter === null || filter(each) === true).slice(-need.count);
      const answer = ask(whole, queue, event);
      answers.add(answer);
      assert.equal(ask(ofTail, end, event), answer, `seed ${seed}: ${text} over ${queue.map(({ meta }) => meta.get('log_type'))}`);
    }
    assert.ok(answers.has(true) && answers.size > 1, `${text}: the answers differ`);
  }
});

function randomQueue(names: EventNames, random: () => number): Event[] {
  let seconds = 0;
  return Array.from({ length: 1 + Math.floor(random() * (random() < 0.2 ? 60 : 12)) }, () => {
    const event = new Event(names);
    event.meta.set('log_type', random() < 0.6 ? 'failed' : 'success');
    event.meta.set('user', 'abc'[Math.floor(random() * 3)]);
    event.time = new GoTime(seconds += Math.floor(random() * 1500), 0);
    return event;
  });
}
