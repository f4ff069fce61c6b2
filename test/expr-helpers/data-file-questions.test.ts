// Questions about one text and a whole data file: generated code searches, the interpreter goes through the list.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Event, newEventNames } from '../../ts/event/event.js';
import { compile, link } from '../../ts/expr/compiled.js';
import { logEnv } from '../../ts/expr/env.js';
import { interpreter } from '../../ts/expr/interpret.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { testContext } from './helper-context.js';
import { pick, testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

/** Expressions over the file F; those marked become one search. */
const questions: readonly (readonly [text: string, isSearch: boolean])[] = [
  ["any(File('F'), {evt.Meta.a contains #})", true],
  ["any(File('F'), {Upper(evt.Meta.a) contains Upper(#)})", true],
  ["any(File('F'), {evt.Meta.a startsWith Lower(#)})", true],
  ["any(File('F'), {evt.Parsed.b endsWith #})", true],
  ["any(File('F'), {evt.Meta.a == #})", true],
  ["any(File('F'), {Upper(#) == Upper(evt.Meta.a)})", true],
  ["any(File('F'), {evt.Meta.a matches #})", true],
  ["any(File('F'), {Upper(evt.Meta.a) matches Upper(#)})", true],
  ["none(File('F'), {evt.Meta.a contains #})", true],
  ["any(File('F'), {evt.Meta.a contains # || evt.Parsed.b endsWith Upper(#) || Upper(PathUnescape(evt.Meta.a)) == #})", true],
  ["any(File('F'), {evt.Meta.a contains Upper(#)}) or any(File('F'), {evt.Parsed.b contains #}) or any(File('F'), {# == 'x'})", true],
  ["evt.Meta.a in File('F')", true],
  ["any(File('F'), {evt.Unmarshaled.a contains #})", false],
  ["any(File('F'), {evt.Meta.a contains # || B64Decode(evt.Parsed.b) contains #})", false],
  ["any(File('F'), {B64Decode(evt.Parsed.b) contains #})", true],
  ["any(File('F'), {# contains evt.Meta.a})", false],
  ["any(File('F'), {evt.Meta.a contains Trim(#, 'a')})", false],
  ["any(File('F'), {len(#) > 0 && evt.Meta.a endsWith #})", true],
  ["any(File('F'), {len(#) > 0 && B64Decode(evt.Parsed.b) endsWith #})", true],
  ["any(File('F'), {len(#) > 0 && evt.Meta.a contains # || evt.Meta.a == #})", true],
  ["any(File('F'), {evt.Meta.a == # || len(#) > 0 && evt.Meta.a contains #})", true],
  ["any(File('F'), {len(#) > 1 && evt.Meta.a endsWith #})", false],
  ["any(File('F'), {IpInRange(evt.Meta.a, #)})", true],
  ["none(File('F'), {len(#) > 0 && IpInRange(evt.Meta.a, #)})", true],
  ["any(File('F'), {IpInRange(#, evt.Meta.a)})", false],
  ["any(Split(evt.Parsed.b, 'a'), {evt.Meta.a contains #})", false],
  ["evt.Meta.a matches Upper('a.b') || evt.Meta.a contains Lower('AB')", false],
  ["evt.Meta.a contains B64Decode('?')", false],
  ["evt.Meta.a matches Upper('(a')", false],
];

test('questions about a data file become searches where nothing else can come out', () => {
  for (const [text, isSearch] of questions) {
    const { js } = compile({ text, place }, { env: logEnv, functions: helperTable, names: newEventNames() });
    assert.equal(js.includes('rt.listSearch'), isSearch, text);
  }
});

test('a search gives what going through the list gives', (context) => {
  const seed = testSeed();
  context.diagnostic(`PALISADE_SEED=${seed}`);
  const random = randomFrom(seed);
  const word = (length: number): string => Array.from({ length }, () => 'abAB.é(?+\u2028'[Math.floor(random() ** 2 * 10)]).join('');
  const seen = { true: 0, false: 0, fails: 0 };
  for (let round = 0; round < 120; round++) {
    const lines = Array.from({ length: Math.floor(random() * 5) }, () => word(Math.floor(random() * 4)));
    const runtime = newRuntime(helperTable, testContext({}, [{ type: 'string', name: 'F', lines }]));
    for (const [text] of questions) {
      const names = newEventNames();
      const options = { env: logEnv, functions: helperTable, names };
      const fast = link(compile({ text, place }, options), runtime);
      const slow = interpreter({ text, place }, options, runtime);
      for (let n = 0; n < 3; n++) {
        const event = new Event(names);
        event.meta.set('a', word(Math.floor(random() * 5)));
        event.parsed.set('b', word(Math.floor(random() * 5)));
        event.unmarshaled['a'] = random() < 0.5 ? word(3) : 5;
        const [a, b] = [fast, slow].map((run) => outcome(() => run(event)));
        assert.equal(a, b, `${text} ${JSON.stringify({ lines, a: event.meta.get('a'), b: event.parsed.get('b') })}`);
        seen[a as keyof typeof seen]++;
      }
    }
  }
  assert.ok(Math.min(...Object.values(seen)) > 300, JSON.stringify(seen));
});

test('a search in networks gives what going through them gives', (context) => {
  const seed = testSeed();
  context.diagnostic(`PALISADE_SEED=${seed}`);
  const random = randomFrom(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const addresses = [() => `10.0.${below(3)}.${below(4)}`, () => `2001:db8::${below(3)}:${below(4)}`, () => `::ffff:10.0.${below(3)}.${below(4)}`,
    () => 'fe80::1%eth0', () => '10.0.0', () => ''];
  const address = (): string => addresses[below(random() < 0.9 ? 3 : addresses.length)]();
  const network = (): string => pick(random, [() => `${address()}/${24 + below(10)}`, () => `${address()}/${90 + below(40)}`, address, () => '0.0.0.0/0x'])();
  const seen = { true: 0, false: 0 };
  for (let round = 0; round < 300; round++) {
    const lines = Array.from({ length: below(9) }, network);
    const runtime = newRuntime(helperTable, testContext({}, [{ type: 'string', name: 'F', lines }]));
    for (const text of ["any(File('F'), {IpInRange(evt.Meta.a, #)})", "none(File('F'), {len(#) > 0 && IpInRange(evt.Meta.a, #)})"]) {
      const names = newEventNames();
      const options = { env: logEnv, functions: helperTable, names };
      const fast = link(compile({ text, place }, options), runtime);
      const slow = interpreter({ text, place }, options, runtime);
      for (let n = 0; n < 6; n++) {
        const event = new Event(names);
        event.meta.set('a', address());
        const [a, b] = [fast, slow].map((run) => outcome(() => run(event)));
        assert.equal(a, b, `${text} ${JSON.stringify({ lines, a: event.meta.get('a') })}`);
        seen[a as keyof typeof seen]++;
      }
    }
  }
  assert.ok(Math.min(...Object.values(seen)) > 300, JSON.stringify(seen));
});

const place = { file: 'rule.yaml', line: 1, column: 1 };

function outcome(run: () => unknown): string {
  try {
    return String(run());
  } catch {
    return 'fails';
  }
}
