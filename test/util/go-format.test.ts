import assert from 'node:assert/strict';
import test from 'node:test';
import { formatFloat, formatFloatFixed, formatFloatJson, formatFloatShortest } from '../../ts/util/go-float.js';
import { sprintf } from '../../ts/util/go-format.js';
import { goJsonText } from '../../ts/util/go-json-text.js';
import { isFloatOutOfRange, parseGoFloat, parseGoInt } from '../../ts/util/go-number.js';
import { goQuote } from '../../ts/util/go-quote.js';
import { GoTime } from '../../ts/util/go-time.js';
import { GoDuration, GoInt } from '../../ts/util/go-value.js';
import { recorded } from './recorded.js';

/** A typed argument as the recording program writes it. */
type Argument = ['n'] | ['s', string] | ['i', number] | ['f', number] | ['F', string] | ['b', boolean] | ['d', number]
  | ['t', number, number] | ['l', Argument[]] | ['m', Record<string, Argument>];

const specialFloats: Record<string, number> = { '+Inf': Infinity, '-Inf': -Infinity, NaN, '-0': -0 };

function valueOf(argument: Argument): unknown {
  switch (argument[0]) {
    case 'n': return null;
    case 'i': return new GoInt(argument[1]);
    case 'F': return specialFloats[argument[1]];
    case 'd': return new GoDuration(argument[1]);
    case 't': return new GoTime(argument[1], argument[2]);
    case 'l': return argument[1].map(valueOf);
    case 'm': return Object.assign(Object.create(null), Object.fromEntries(
      Object.entries(argument[1]).map(([key, value]) => [key, valueOf(value)])));
    default: return argument[1];
  }
}

test('Sprintf prints what Go prints, mistakes included', () => {
  for (const [format, args, expected] of recorded<[string, Argument[], string]>('util/recorded/go-format.json')) {
    assert.equal(sprintf(format, ...args.map(valueOf)), expected, `${format} of ${JSON.stringify(args)}`);
  }
});

test('floats have the text forms of Go in every format', () => {
  type Row = [number, string, string, string, string, string, string];
  for (const [value, g, f6, e3, g5, g32, json] of recorded<Row>('util/recorded/go-floats.json')) {
    assert.equal(formatFloatShortest(value), g);
    assert.equal(formatFloatFixed(value), f6);
    assert.equal(formatFloat(value, 'e', 3), e3);
    assert.equal(formatFloat(value, 'g', 5), g5);
    assert.equal(formatFloatShortest(Math.fround(value), 32), g32);
    assert.equal(formatFloatJson(value), json);
  }
});

test('the float table of the specification holds', () => {
  const cases: [number, string][] = [[100000, '100000'], [1e6, '1e+06'], [1693840791.7565, '1.6938407917565e+09'],
    [1e-5, '1e-05'], [20, '20'], [0.0001, '0.0001']];
  for (const [value, expected] of cases) assert.equal(formatFloatShortest(value), expected);
  assert.equal(formatFloatFixed(20), '20.000000');
});

test('strings are quoted, and escaped in JSON, as in Go', () => {
  for (const [text, quoted, ascii, json] of recorded<[string, string, string, string]>('util/recorded/go-quote.json')) {
    assert.equal(goQuote(text), quoted);
    assert.equal(goQuote(text, true), ascii);
    assert.equal(goJsonText(text), json);
  }
});

test('JSON has sorted keys and Go numbers, and indents like MarshalIndent', () => {
  const value = { b: [1e21, 1e-7, 0.1, new GoInt(5)], a: '<&>', c: null, skipped: undefined, d: {}, e: [] };
  assert.equal(goJsonText(value), '{"a":"\\u003c\\u0026\\u003e","b":[1e+21,1e-7,0.1,5],"c":null,"d":{},"e":[]}');
  assert.equal(goJsonText({ b: 1, a: [2] }, { indent: ' ', keys: 'kept' }), '{\n "b": 1,\n "a": [\n  2\n ]\n}');
  assert.equal(goJsonText({ '\u{1f600}': 1, '\uff5e': 2 }), '{"\uff5e":2,"\u{1f600}":1}');
  assert.throws(() => goJsonText(NaN), /unsupported value: NaN/);
});

test('numbers in text are read as by strconv', () => {
  for (const [text, float, int] of recorded<[string, string, string]>('util/recorded/go-numbers.json')) {
    const value = parseGoFloat(text);
    const range = value !== null && isFloatOutOfRange(text, value) ? ' range' : '';
    assert.equal(value === null ? 'error' : formatFloatShortest(value) + range, float, `float ${text}`);
    assert.equal(parseGoInt(text), int === 'error' ? null : Number(int), `int ${text}`);
  }
});
