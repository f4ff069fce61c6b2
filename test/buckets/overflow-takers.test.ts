// Overflows come back into the buckets only where some scenario might take them; what is ruled out is ruled out rightly.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkScenarios } from '../../ts/buckets/linked.js';
import { type FilledKeys, OverflowTakers } from '../../ts/buckets/overflow-takers.js';
import { Event, newEventNames, type Overflow } from '../../ts/event/event.js';
import { compile } from '../../ts/expr/compiled.js';
import { logEnv } from '../../ts/expr/env.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { GoTime } from '../../ts/util/go-time.js';
import { testContext } from '../expr-helpers/helper-context.js';
import { scenario } from './random-log.js';

const runtime = newRuntime(helperTable, testContext());
const nothing: FilledKeys = { all: false, parsed: new Set(), meta: new Set() };

function takersOf(filter: string, filled: FilledKeys): [OverflowTakers, Event] {
  const names = newEventNames();
  const compiled = compile({ text: filter, place: { file: 'f', line: 1, column: 1 } }, { env: logEnv, functions: helperTable, names, withTests: true });
  const overflow: Overflow = { mapkey: 'k', bucketId: '', whitelisted: false, reprocess: true, sources: {}, alert: null, apiAlerts: [] };
  const event = new Event(names);
  event.resetToOverflow(overflow, GoTime.fromMs(0));
  return [new OverflowTakers(linkScenarios([scenario('s', compiled, {})], runtime), names, runtime, filled), event];
}

function mayTake(filter: string, filled: FilledKeys = nothing): boolean {
  const [takers, event] = takersOf(filter, filled);
  return takers.mayTake(event);
}

for (const [filter, expected] of [
  [`evt.Meta.log_type == 'ssh_failed-auth'`, false],
  [`evt.Meta.log_type in ['a', 'b'] && evt.Overflow.Alert.Remediation == true`, false],
  [`evt.Meta.log_type in ['a', '']`, true],
  [`Upper(PathUnescape(evt.Meta.http_path)) contains 'X'`, false],
  [`evt.Parsed.verb != 'GET'`, true],
  [`evt.GetType() == 'overflow'`, true],
  [`evt.Overflow.Alert.Remediation == true`, true],
  [`evt.Enriched.IsoCode == 'FR'`, true],
  [`evt.SetMeta('a', 'b') && evt.Meta.log_type == 'x'`, true],
  [`evt.Meta.log_type == 'x' && evt.SetMeta('a', 'b')`, false],
] as const) {
  test(`${filter}: an overflow ${expected ? 'may be taken' : 'is surely refused'}`, () => assert.equal(mayTake(filter), expected));
}

test('what postoverflows may fill is not held to be empty', () => {
  const filter = `evt.Meta.service == 'http'`;
  assert.equal(mayTake(filter, { ...nothing, meta: new Set(['service']) }), true);
  assert.equal(mayTake(filter, { ...nothing, meta: new Set(['other']), parsed: new Set(['service']) }), false);
  assert.equal(mayTake(filter, { ...nothing, all: true }), true);
});

for (const [filter, filled, expected] of [
  [`Upper(PathUnescape(evt.Meta.http_path)) contains 'X'`, nothing, false],
  [`Upper(PathUnescape(evt.Meta.http_path)) contains 'X'`, { ...nothing, meta: new Set(['http_path']) }, true],
  [`Lower(evt.Parsed.file_ext) == '.action' && evt.Overflow.Alert.Remediation == true`, nothing, false],
  [`Lower(evt.Parsed.file_ext) == '' && evt.Overflow.Alert.Remediation == true`, nothing, true],
  [`Lower(evt.Parsed.file_ext) == '.action' || evt.Overflow.Alert.Remediation == true`, nothing, true],
  [`Upper(evt.Meta.http_verb) == 'GET' && evt.SetMeta('a', 'b')`, nothing, false],
] as const) {
  test(`${filter}: known beforehand ${expected ? 'not to be sure' : 'to refuse every overflow'}`, () => {
    assert.equal(takersOf(filter, filled)[0].mayTakeSome, expected);
  });
}
