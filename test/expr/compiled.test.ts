// Compiling and linking: places of mistakes, what generated code looks like, limits, hostile text, asynchronous helpers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PalisadeError } from '../../ts/errors.js';
import { Event, newEventNames } from '../../ts/event/event.js';
import { type CompiledExpr, type CompileOptions, compile, link } from '../../ts/expr/compiled.js';
import { logEnv, overflowEnv } from '../../ts/expr/env.js';
import type { FunctionTable } from '../../ts/expr/functions.js';
import { interpreter } from '../../ts/expr/interpret.js';
import { boolType, intType, sliceOf, stringType } from '../../ts/expr/types.js';
import { ExprError } from '../../ts/expr/values.js';
import { GoInt } from '../../ts/util/go-value.js';
import { runtimeFor } from '../support/expr-world.js';

const functions: FunctionTable<object> = {
  Upper: { params: [stringType], returns: stringType, make: () => (text: string) => text.toUpperCase() },
  File: { params: [stringType], returns: sliceOf(stringType), make: () => () => ['a', 'b'] },
  Ask: { params: [stringType], returns: intType, isAsync: true, make: () => async (text: string) => text.length },
  AskBool: { params: [stringType], returns: boolType, isAsync: true, make: () => async (text: string) => text === 'b' },
  Refuse: { params: [], returns: intType, isAsync: true, make: () => async () => {
    throw new ExprError('refused');
  } },
  Gone: { params: [], returns: stringType, unsupported: 'it needs the cloud', make: () => () => '' },
};
const runtime = runtimeFor(functions);

function compiled(text: string, options: Partial<CompileOptions<object>> = {}): CompiledExpr {
  return compile({ text, place: { file: 'rule.yaml', line: 7, column: 1 } },
    { env: logEnv, functions, names: newEventNames(), ...options });
}

function body(text: string): string {
  return /\nreturn (.*);\n\} catch/.exec(compiled(text).js)?.[1] ?? '';
}

function evaluate(text: string, change: (event: Event) => void = () => {}): unknown {
  const names = newEventNames();
  const run = link(compiled(text, { names }), runtime);
  const event = new Event(names);
  change(event);
  return run(event);
}

test('a mistake names file, line and column, shows the line and puts a caret under the fault', () => {
  const cases: readonly (readonly [text: string, message: string])[] = [
    ['evt.Parsed.x == 5', 'rule.yaml:7:14: invalid operation: == (mismatched types string and int)\n'
      + '  7 | evt.Parsed.x == 5\n    |              ^'],
    ["evt.Meta.a == 'b' &&\n  evt.Mata.c", 'rule.yaml:8:7: type pipeline.Event has no field Mata, did you mean Meta?\n'
      + '  8 |   evt.Mata.c\n    |       ^'],
    ["Uper('x')", "rule.yaml:7:1: unknown name Uper, did you mean Upper?\n  7 | Uper('x')\n    | ^"],
    ["'é' + nobody", "rule.yaml:7:7: unknown name nobody\n  7 | 'é' + nobody\n    |       ^"],
    ["evt.Meta.a matches '('", "rule.yaml:7:12: error parsing regexp: missing ): (\n  7 | evt.Meta.a matches '('\n    |            ^"],
    ['Upper()', 'rule.yaml:7:1: not enough arguments to call Upper\n  7 | Upper()\n    | ^'],
    ['Gone()', 'rule.yaml:7:1: Gone is not supported: it needs the cloud\n  7 | Gone()\n    | ^'],
    ['evt.GetMta("a")', 'rule.yaml:7:5: type pipeline.Event has no method GetMta, did you mean GetMeta?\n'
      + '  7 | evt.GetMta("a")\n    |     ^'],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => compiled(text), (error: PalisadeError) => {
      assert.equal(error.code, 'E_EXPRESSION');
      assert.equal(error.message, message);
      return true;
    }, text);
  }
});

test('in a rule file the caret stands in the line of the file', () => {
  const excerpt = "filter: evt.Meta.x == 5";
  assert.throws(() => compile({ text: 'evt.Meta.x == 5', place: { file: 'a.yaml', line: 3, column: 9, excerpt } },
    { env: logEnv, functions, names: newEventNames() }), (error: PalisadeError) => error.place?.column === 20
      && error.message.endsWith(`\n  3 | ${excerpt}\n    | ${' '.repeat(19)}^`));
});

test('a slot that wants a bool takes a bool or what may be one', () => {
  compiled('evt.Unmarshaled.flag', { want: 'bool' });
  assert.throws(() => compiled('evt.Meta.x', { want: 'bool' }), /expected bool, but got string/);
});

test('typed fields become slots, comparisons and calls of the language itself', () => {
  const cases: readonly (readonly [text: string, js: string])[] = [
    ["evt.Meta.service == 'http' && evt.Parsed.verb != 'GET'", '((evt.meta.at(0) === "http") && (evt.parsed.at(0) !== "GET"))'],
    ["evt.Meta.a in ['x']", '(evt.meta.at(0) === "x")'],
    ["evt.Meta.a in ['x', 'y']", '((t1 = evt.meta.at(0)) === "x" || t1 === "y")'],
    ["evt.Meta.a in ['1', '2', '3', '4', '5']", 'S1.has(evt.meta.at(0))'],
    ["'a' in evt.Meta", 'evt.meta.hasAt(0)'],
    ["evt.Line.Raw contains 'x'", 'evt.line.raw.includes("x")'],
    ["evt.Parsed.a matches '^x'", 'R1.test(evt.parsed.at(0))'],
    ["any(File('f'), {# == evt.Meta.a})", '(f1("f") ?? []).some((x1, i1, a1) => ((x1 === evt.meta.at(0))))'],
    ["evt.Unmarshaled.a.b == 'c'", '(rt.access.fetchName(rt.access.fetchName(evt.unmarshaled, "a"), "b") === "c")'],
  ];
  for (const [text, js] of cases) assert.equal(body(text), js, text);
});

test('many literals looked for in one text are looked for at once', () => {
  const literals = ['ab', 'bcd', '', 'x"y', 'é', '\u2028', 'abc', 'cde', 'zz'];
  for (const text of ['evt.Meta.a', 'Upper(evt.Meta.a)', 'evt.Unmarshaled.a', "evt.Unmarshaled?.a"]) {
    for (const count of [7, 8, 9]) {
      const chosen = literals.filter((each) => each !== '').concat('last').slice(0, count);
      const source = `evt.Meta.b == '1' or ${chosen.map((each) => `${text} contains ${JSON.stringify(each)}`).join(' or ')} or evt.Meta.c == '2'`;
      assert.equal(compiled(source).js.includes('rt.literals'), count >= 8, source);
      for (const value of ['', 'q', 'qzzq', 'abcd', 'x"y', 'é', 'ZZ', 'AB', 'e\u2028']) {
        const fill = (event: Event): void => {
          event.meta.set('a', value);
          event.unmarshaled['a'] = value;
        };
        const subject = text.startsWith('Upper') ? value.toUpperCase() : value;
        assert.equal(evaluate(source, fill), chosen.some((each) => subject.includes(each)), `${source} ${value}`);
      }
      const failing = `${source} or evt.Meta.d == ''`;
      if (text.startsWith('evt.U')) {
        assert.equal(evaluate(failing), true);
        assert.throws(() => evaluate(failing, (event) => {
          event.unmarshaled['a'] = 5;
        }), ExprError);
      }
    }
  }
});

test('no text of a rule becomes code', () => {
  const hostile = ['"); globalThis.broken = 1; ("', '`${globalThis.broken = 1}`', '\u2028globalThis.broken = 1\u2029', "'\\",
    '*/ globalThis.broken = 1 /*', '</script>', '__proto__', 'constructor'];
  for (const text of hostile) {
    const quoted = '`' + text.replaceAll('`', '``') + '`';
    assert.equal(evaluate(quoted), text);
    assert.equal(evaluate(`evt.Meta[${quoted}]`), '', text);
    assert.equal(evaluate(`evt.Unmarshaled[${quoted}]`), null, text);
    assert.equal(evaluate(`{a: 1}[${quoted}] ?? 'none'`), 'none', text);
    assert.equal(evaluate(`evt.Line.Labels[${quoted}]`), '', text);
    assert.equal(evaluate(`Upper(${quoted}) in [${quoted}, 'x', 'y', 'z', 'w']`), text.toUpperCase() === text, text);
  }
  assert.equal((globalThis as { broken?: number }).broken, undefined);
  assert.throws(() => compiled('constructor("x")'), /unknown name constructor/);
  assert.throws(() => compiled('evt.constructor'), /has no field constructor/);
  assert.throws(() => compiled('evt.Time.constructor'), /has no field constructor/);
});

test('long runs of or, long texts and deep nesting are bounded by named limits, not by the stack', () => {
  const terms = Array.from({ length: 4000 }, (_, index) => `evt.Parsed.x contains 'needle ${index}'`);
  assert.throws(() => compiled(terms.join(' or ')), /exceeds maximum allowed nodes/);
  const allowed = terms.slice(0, 1200);
  assert.equal(evaluate(allowed.join(' || '), (event) => event.parsed.set('x', 'a needle 1199')), true);
  assert.equal(evaluate(allowed.join(' || '), (event) => event.parsed.set('x', 'none')), false);
  assert.throws(() => compiled(`${'('.repeat(10_000)}1${')'.repeat(10_000)}`), /nested too deeply/);
  assert.throws(() => compiled(`${'not '.repeat(10_000)}true`), /nested too deeply/);
  assert.throws(() => compiled(`a${'.b'.repeat(10_000)}`), /nested too deeply|maximum allowed nodes/);
  assert.throws(() => compiled(`1${' + 1'.repeat(4_000)}`), /nested too deeply/);
});

test('an evaluation may gather a million items and no more', () => {
  assert.equal((evaluate('len(1..999998)') as GoInt).value, 999_998);
  for (const text of ['1..1000000', 'map(1..600000, [#])', "repeat('abcdefghij', 100000)", 'concat(1..500000, 1..500000)']) {
    assert.throws(() => evaluate(text), /memory budget exceeded/, text);
  }
});

test('reaching into nothing fails with an ExprError', () => {
  const names = newEventNames();
  for (const text of ['evt.Meta.a', 'evt.GetType()', 'signal.Alert.Source.IP', 'queue.Queue[0].Meta.a', 'leaky.Total_count']) {
    const run = link(compiled(text, { env: overflowEnv, names }), runtime);
    assert.throws(() => run(null, null, null, null), ExprError, text);
  }
  assert.throws(() => evaluate('evt.Overflow.Alert.Source.IP'), ExprError);
  assert.throws(() => evaluate('evt.Overflow.Alert.GetScope()'), ExprError);
  assert.equal(evaluate('evt.Overflow.Mapkey'), '');
  assert.equal(evaluate('len(evt.Overflow.APIAlerts)')?.toString(), '0');
  assert.equal(evaluate('evt.Appsec.MatchedRules.GetName()'), '');
});

test('results are boxed so that ints, floats and durations can be told apart', () => {
  assert.deepEqual(evaluate('int("6")'), new GoInt(6));
  assert.equal(evaluate('float("6")'), 6);
  assert.equal(compiled('int("6")').resultType, 'int');
  assert.equal(compiled('evt.Meta.a + "x"').resultType, 'string');
  assert.equal(compiled("File('x')").resultType, '[]string');
});

test('an expression that waits compiles to an async function where the slot allows it', async () => {
  assert.throws(() => compiled("Ask('x') > 1"), /waits for the network or the database/);
  const cases: readonly (readonly [text: string, value: unknown])[] = [
    ["Ask('abc') > 2 && evt.Meta.a == ''", true], ["any(File('x'), {AskBool(#)})", true], ["all(File('x'), AskBool(#))", false],
    ["map(File('x'), Ask(#))", [new GoInt(1), new GoInt(1)]], ["filter(File('x'), AskBool(#))[0]", 'b'],
    ["map(filter(File('x'), AskBool(#)), Ask(#))[0]", new GoInt(1)], ["count(File('x'), AskBool(#)) == 1", true],
    ["reduce(File('x'), #acc + Ask(#), 0)", new GoInt(2)], ["find(File('x'), AskBool(#))", 'b'],
    ["findIndex(File('x'), AskBool(#))", new GoInt(1)], ["none(File('x'), AskBool(#))", false], ["let n = Ask('ab'); n * n", new GoInt(4)],
    ["sortBy(File('x'), -Ask(#))", ['a', 'b']], ["one(File('x'), AskBool(#))", true], ["evt.Unmarshaled.x ?? Ask('a')", new GoInt(1)],
  ];
  for (const [text, value] of cases) {
    const names = newEventNames();
    const code = compiled(text, { names, allowAsync: true });
    assert.equal(code.isAsync, true, text);
    const result = link(code, runtime)(new Event(names));
    assert.ok(result instanceof Promise, text);
    assert.deepEqual(await result, value, text);
    const slow = interpreter({ text, place: code.place }, { env: logEnv, functions }, runtime)(new Event(names));
    assert.deepEqual(await slow, value, text);
  }
  const failing = compiled('Refuse() == 1', { allowAsync: true });
  await assert.rejects(link(failing, runtime)(new Event(newEventNames())) as Promise<unknown>, ExprError);
});

test('compiled expressions survive the journey to a worker', () => {
  const names = newEventNames();
  const code = structuredClone(compiled("evt.Meta.service == 'ssh'", { names }));
  const event = new Event(names);
  event.meta.set('service', 'ssh');
  assert.equal(link(code, runtime)(event), true);
});
