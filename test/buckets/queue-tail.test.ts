// Conditions that only look at the end of their queue are given only that: with the same answer as with all of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastThatPass, queueTailNeed } from '../../ts/buckets/queue-tail.js';
import { Event, type EventNames, newEventNames } from '../../ts/event/event.js';
import { compile, link } from '../../ts/expr/compiled.js';
import { conditionEnv, logEnv } from '../../ts/expr/env.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { ExprError } from '../../ts/expr/values.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { randomFrom } from '../../ts/util/random.js';
import { GoTime } from '../../ts/util/go-time.js';
import { testContext } from '../expr-helpers/helper-context.js';
import { testSeed } from '../support/random.js';

const place = { file: 'f', line: 1, column: 1 };
const failed = `let f = filter(queue.Queue, {#.Meta.log_type == 'failed'});`;

for (const [condition, need] of [
  [`${failed} len(f) >= 4 && MedianInterval(map(f[-4:], {#.Time})) > duration("10m")`, { filter: `(evt.Meta["log_type"] == "failed")`, count: 4 }],
  [`${failed} len(f) > 4`, { filter: `(evt.Meta["log_type"] == "failed")`, count: 5 }],
  [`let f = filter(queue.Queue, {.Meta.a in ['x', "y'"] && not (#.Parsed.b contains 'z')}); len(f) >= 2`,
    { filter: `((evt.Meta["a"] in ["x", "y'"]) && not ((evt.Parsed["b"] contains "z")))`, count: 2 }],
  [`${failed} len(f) == 4`, null],
  [`${failed} len(f) >= 2 && len(queue.Queue) > 3`, null],
  [`${failed} len(f) >= 2 && leaky.Total_count > 3`, null],
  [`${failed} len(f) >= 2 && f[0].Meta.a == 'x'`, null],
  [`${failed} len(f[-3:-1]) > 1`, null],
  [`let f = filter(queue.Queue, {#.Meta.log_type == evt.Meta.log_type}); len(f) >= 4`, null],
  [`let f = filter(queue.Queue, {#index > 3}); len(f) >= 4`, null],
  [`len(filter(queue.Queue, {#.Meta.a == 'x'})) > 3`, null],
  [`any(queue.Queue, {#.Meta.a == 'x'})`, null],
] as const) {
  test(`${condition} needs ${need === null ? 'all' : `the last ${need.count}`}`, () => assert.deepEqual(queueTailNeed(condition), need));
}

test('random queues: the end decides as the whole does', (context) => {
  const seed = testSeed();
  context.diagnostic(`PALISADE_SEED=${seed}`);
  const random = randomFrom(seed);
  const names = newEventNames();
  const runtime = newRuntime(helperTable, testContext());
  const conditions = [
    `${failed} len(f) >= 4 && MedianInterval(map(f[-4:], {#.Time})) > duration("10m")`,
    `${failed} len(f) > 2 || f[-2:][0].Meta.user == 'a'`,
    `let f = filter(queue.Queue, {#.Meta.log_type != 'failed' || #.Meta.user in ['a', 'b']}); len(f) >= 3 && any(f[-3:], {#.Meta.user == 'b'})`,
  ];
  for (const text of conditions) {
    const need = queueTailNeed(text)!;
    const condition = link(compile({ text, place }, { env: conditionEnv, functions: helperTable, names }), runtime);
    const filter = link(compile({ text: need.filter, place }, { env: logEnv, functions: helperTable, names }), runtime);
    const ask = (queue: readonly Event[]): unknown => {
      try {
        return condition(queue.at(-1), { queue, l: 2 ** 63 }, null);
      } catch (error) {
        if (error instanceof ExprError) return 'failed';
        throw error;
      }
    };
    for (let round = 0; round < 300; round++) {
      const queue = randomQueue(names, random);
      const end = lastThatPass(queue.length, (index) => queue[index], (event) => filter(event) === true, need.count);
      assert.equal(ask(end), ask(queue), `seed ${seed}: ${text} over ${queue.map(({ meta }) => meta.get('log_type'))}`);
    }
  }
});

function randomQueue(names: EventNames, random: () => number): Event[] {
  let seconds = 0;
  return Array.from({ length: 1 + Math.floor(random() * 12) }, () => {
    const event = new Event(names);
    event.meta.set('log_type', random() < 0.6 ? 'failed' : 'success');
    event.meta.set('user', 'abc'[Math.floor(random() * 3)]);
    event.time = new GoTime(seconds += Math.floor(random() * 1500), 0);
    return event;
  });
}
