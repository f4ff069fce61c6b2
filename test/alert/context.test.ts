// Alert contexts: which values of which events, as bounded JSON lists.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlertContext } from '../../ts/alert/context.js';
import { Event, newEventNames } from '../../ts/event/event.js';
import { GoInt } from '../../ts/util/go-value.js';
import { handMade, handMadeRuntime } from '../buckets/random-log.js';

const names = newEventNames();

function events(...users: string[]): Event[] {
  return users.map((user) => {
    const event = new Event(names);
    event.meta.set('user', user);
    return event;
  });
}

function contextOf(queue: readonly Event[], expressions: Record<string, string[]>, bytesMax = 4000): [string, string][] {
  const specs = Object.entries(expressions).map(([key, texts]) => ({ key, expressions: texts.map((text) => handMade(text)) }));
  const runtime = Object.assign(Object.create(null), handMadeRuntime, { GoInt });
  return new AlertContext(specs, runtime, bytesMax).of(queue).map(({ key, value }) => [key, value]);
}

const user = `(event) => event.meta.get('user')`;

test('each key lists its different values in the order they came; keys without values are left out', () => {
  assert.deepEqual(contextOf(events('root', '', 'bob', 'root'), { z: [user], a: ['() => null', `() => ''`], user: [`() => 'fixed'`, user] }),
    [['z', '["root","bob"]'], ['user', '["fixed","root","bob"]']]);
});

const results: readonly (readonly [name: string, js: string, value: string])[] = [
  ['a list of texts gives its items', `() => ['a', 'b', 'a']`, '["a","b"]'],
  ['an int gives its digits', '() => new rt.GoInt(42)', '["42"]'],
  ['a list of ints gives their digits', '() => [new rt.GoInt(1), new rt.GoInt(2)]', '["1","2"]'],
  ['a float is printed as Go prints it', '() => 1000000', '["1e+06"]'],
  ['true is printed', '() => true', '["true"]'],
  ['markup is escaped as Go escapes it', `() => '<a&b>'`, '["\\u003ca\\u0026b\\u003e"]'],
];
for (const [name, js, value] of results) {
  test(name, () => assert.deepEqual(contextOf(events('x'), { key: [js] }), [['key', value]]));
}

test('an expression that fails gives no value and spares the others', () => {
  assert.deepEqual(contextOf(events('root'), { key: [`() => { throw new rt.ExprError('x'); }`, user] }), [['key', '["root"]']]);
});

test('values beyond the limit go, last ones first', () => {
  assert.deepEqual(contextOf(events('aaaa', 'bbbb', 'cccc'), { key: [user] }, 16), [['key', '["aaaa","bbbb"]']]);
});

test('one value beyond the limit is halved until it fits', () => {
  const [[, value]] = contextOf(events('x'.repeat(100)), { key: [user] }, 40);
  assert.equal(value, `["${'x'.repeat(26)}..."]`);
  assert.ok(Buffer.byteLength(contextOf(events('é'.repeat(101)), { key: [user] }, 40)[0][1]) <= 40);
});
