// What is known of an expression without running it: what it reads, what it requires, what it changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newEventNames } from '../../ts/event/event.js';
import { type CompiledExpr, compile } from '../../ts/expr/compiled.js';
import { conditionEnv } from '../../ts/expr/env.js';
import type { FunctionTable } from '../../ts/expr/functions.js';
import { anyType, boolType, errorType, mapOf, stringType } from '../../ts/expr/types.js';

const functions: FunctionTable<object> = {
  Upper: { params: [stringType], returns: stringType, make: () => (text: string) => text },
  Show: { params: [anyType], returns: boolType, make: () => () => true },
  UnmarshalJSON: { params: [stringType, mapOf(anyType), stringType], returns: errorType, hasEffects: true, make: () => () => null },
  GetFromStash: { params: [stringType, stringType], returns: stringType, usesStash: true, make: () => () => '' },
};

function compiled(text: string): CompiledExpr {
  return compile({ text, place: { file: 'rule.yaml', line: 1, column: 1 } }, { env: conditionEnv, functions, names: newEventNames() });
}

test('requirements are the equalities that must hold, seen through and, or, in and parentheses', () => {
  const ssh = { path: 'Meta.service', values: ['ssh'] };
  const cases: readonly (readonly [text: string, requires: CompiledExpr['requires']])[] = [
    ["evt.Meta.service == 'ssh'", [ssh]],
    ["'ssh' == evt.Meta.service", [ssh]],
    ["evt.Meta['service'] == 'ssh'", [ssh]],
    ["(evt.Meta.service == 'ssh') and Upper(evt.Meta.user) == 'ROOT'", [ssh]],
    ["evt.Meta.service == 'ssh' && evt.Meta.log_type in ['a', 'b', 'a']", [ssh, { path: 'Meta.log_type', values: ['a', 'b'] }]],
    ["evt.Meta.service == 'ssh' || evt.Meta.service == 'ftp'", [{ path: 'Meta.service', values: ['ssh', 'ftp'] }]],
    ["evt.Meta.service == 'ssh' || evt.Meta.log_type == 'x'", []],
    ["evt.Meta.service == 'ssh' && (evt.Meta.a == '1' || evt.Meta.b == '2')", [ssh]],
    ["evt.Meta.a == '1' && evt.Meta.b == 'x' || evt.Meta.a == '2'", [{ path: 'Meta.a', values: ['1', '2'] }]],
    ["evt.Line.Labels.type == 'syslog'", [{ path: 'Line.Labels.type', values: ['syslog'] }]],
    ["evt.Parsed.program == 'sshd'", [{ path: 'Parsed.program', values: ['sshd'] }]],
    ["evt.Line.Src == '/x'", [{ path: 'Line.Src', values: ['/x'] }]],
    ["evt.StrTime == 'now'", [{ path: 'StrTime', values: ['now'] }]],
    ["not (evt.Meta.service == 'ssh')", []],
    ["evt.Meta.service != 'ssh'", []],
    ["evt.Meta.service == 'ssh' ? true : false", [ssh]],
    ["evt.Meta.service == 'ssh' ? false : true", []],
    ["let service = evt.Meta.service; service == 'ssh'", [ssh]],
    // What stands behind something that changes the event is looked at too late.
    ["evt.Meta.service == 'ssh' && evt.SetMeta('a', 'b') && evt.Meta.a == '1'", [ssh]],
    ["evt.SetMeta('a', 'b') && evt.Meta.service == 'ssh'", []],
    ["evt.Meta.service == 'ssh' || evt.SetMeta('a', 'b')", []],
    ["if evt.Meta.service == 'ssh' { evt.SetMeta('a', 'b') } else { false }", [ssh]],
    ["if evt.Meta.service == 'ssh' { true } else { evt.SetMeta('a', 'b') }", []],
    ["evt.Meta.service not in ['ssh']", []],
    ["evt.Meta.service startsWith 'ssh'", []],
    ["evt.Unmarshaled.a.b == 'x'", []],
    ["evt.Meta[evt.Meta.k] == 'x'", []],
    ["queue.Queue[0].Meta.service == 'ssh'", []],
    ["evt.Meta.service in ['ssh', evt.Meta.x]", []],
    ["any(queue.Queue, #.Meta.service == 'ssh')", []],
    ["let x = evt.Meta.a; evt.Meta.service == 'ssh'", [ssh]],
  ];
  for (const [text, requires] of cases) assert.deepEqual(compiled(text).requires, requires, text);
});

test('reads are the fields of events that can be reached, or all where that cannot be told', () => {
  const none = { all: false, parsed: [], meta: [], enriched: [], unmarshaled: false, lineRaw: false, other: [] };
  const cases: readonly (readonly [text: string, reads: Partial<CompiledExpr['reads']>])[] = [
    ['1 == 1', {}],
    ["evt.Meta.a == evt.Parsed['b'] + evt.Enriched.c", { parsed: ['b'], meta: ['a'], enriched: ['c'] }],
    ["'x' in evt.Meta", { meta: ['x'] }],
    ["evt.Unmarshaled.x.y == 1", { unmarshaled: true }],
    ["evt.Line.Raw contains 'x' and evt.Line.Src != ''", { lineRaw: true, other: ['Line.Src'] }],
    ["evt.Overflow.Alert.GetScope() == 'Ip'", { other: ['Overflow'] }],
    ['evt.Time.Hour() > 6', { other: ['Time'] }],
    ["any(queue.Queue, .Meta.a == 'x')", { meta: ['a'] }],
    ["len(filter(queue.Queue, {.Meta.a == 'x'})) > 1", { meta: ['a'] }],
    ["queue.Queue[-1].Meta.a == queue.Queue[-2].Meta.b", { meta: ['a', 'b'] }],
    ['map(queue.Queue, #.Time)', { other: ['Time'] }],
    ["map(filter(queue.Queue, true), .Enriched.x)[0]", { enriched: ['x'] }],
    ['len(queue.Queue) > 2', {}],
    ["evt.Meta[evt.Parsed.k] == ''", { all: true, parsed: ['k'] }],
    ['len(evt.Meta) > 1', { all: true }],
    ["evt.GetMeta('a') == ''", { all: true }],
    ['Show(evt)', { all: true }],
    ['first(filter(queue.Queue, true)).Meta.a', { all: true }],
    ['[evt][0].StrTime', { all: true, other: ['StrTime'] }],
    ['$env.evt.StrTime', { all: true, other: ['StrTime'] }],
    ['groupBy(queue.Queue, .Meta.a)', { all: true, meta: ['a'] }],
    ["let e = evt; e.Meta.a", { meta: ['a'] }],
    ["(evt.Meta.a == '' ? evt : nil).Parsed.b", { all: true, meta: ['a'], parsed: ['b'] }],
  ];
  for (const [text, reads] of cases) assert.deepEqual(compiled(text).reads, { ...none, ...reads }, text);
});

test('effects are known: helpers and methods that change something, stashes, calls of what only run time knows', () => {
  const cases: readonly (readonly [text: string, hasEffects: boolean, usesStash: boolean])[] = [
    ["evt.Meta.a == 'x'", false, false],
    ["UnmarshalJSON(evt.Line.Raw, evt.Unmarshaled, 'k') == nil", true, false],
    ["any([1], {UnmarshalJSON('', evt.Unmarshaled, 'k') == nil})", true, false],
    ["evt.SetMeta('a', 'b')", true, false],
    ["GetFromStash('a', 'b') == ''", false, true],
    ['evt.Unmarshaled.x.SetMeta(1)', true, false],
    ["evt.GetMeta('x') == ''", false, false],
  ];
  for (const [text, hasEffects, usesStash] of cases) {
    const { hasEffects: has, usesStash: uses } = compiled(text);
    assert.deepEqual([has, uses], [hasEffects, usesStash], text);
  }
});
