// The index of scenarios by what their filters require: never leaves out one whose filter would be true.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CandidateIndex } from '../../ts/buckets/candidates.js';
import type { ScenarioSpec } from '../../ts/buckets/scenario.js';
import { Event, EventBatch, newEventNames } from '../../ts/event/event.js';
import { ExpectMode, type LineBatch } from '../../ts/event/line.js';
import { attempt } from '../../ts/buckets/linked.js';
import { compile, link, type Requirement } from '../../ts/expr/compiled.js';
import { logEnv } from '../../ts/expr/env.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { testContext } from '../expr-helpers/helper-context.js';
import { handMade, scenario } from './random-log.js';
import { testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

const runtime = newRuntime(helperTable, testContext());
const paths = ['Meta.service', 'Meta.log_type', 'Parsed.program', 'Line.Labels.type', 'Line.Module', 'Enriched.x', 'Meta.a', 'Meta.b'];

function requiring(requires: readonly Requirement[]): ScenarioSpec {
  return scenario('s', handMade('() => true', { requires }), {});
}

function read(event: Event, path: string): string {
  const [root, ...rest] = path.split('.');
  const key = rest.join('.');
  if (path === 'Line.Module') return event.line.module;
  if (root === 'Line') return event.line.labels[rest[1]] ?? '';
  return event[root.toLowerCase() as 'meta' | 'parsed' | 'enriched'].get(key);
}

test('random scenarios and events: the list is exact for indexed fields and complete for all', () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const values = ['', 'ssh', 'http', 'ftp', 'x'];
  for (let round = 0; round < 20; round++) {
    const names = newEventNames();
    for (const key of ['service', 'log_type', 'a']) names.meta.declare(key);
    names.parsed.declare('program');
    const scenarios = Array.from({ length: 40 }, () => requiring(Array.from({ length: Math.floor(random() * 4) }, () =>
      ({ path: pick(paths), values: Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(values)) }))));
    const index = new CandidateIndex(scenarios, names, runtime);
    for (let i = 0; i < 50; i++) {
      const event = new Event(names);
      for (const path of paths.slice(0, 3)) if (random() < 0.8) event[path.startsWith('Meta') ? 'meta' : 'parsed'].set(path.split('.')[1], pick(values));
      event.meta.set('b', pick(values));
      event.line.labels = { type: pick(values) };
      event.line.module = pick(values);
      const list = [...index.of(event, 0)];
      assert.deepEqual(list, [...list].sort((a, b) => a - b), 'load order');
      for (const [number, spec] of scenarios.entries()) {
        const holds = spec.filter.requires.every((required) => required.values.includes(read(event, required.path)));
        if (holds) assert.ok(list.includes(number), `seed ${seed}: scenario ${number} is missing`);
      }
    }
  }
});

test('an event meets few of many scenarios', () => {
  const names = newEventNames();
  names.meta.declare('service');
  const scenarios = Array.from({ length: 500 }, (_, i) => requiring([{ path: 'Meta.service', values: [`service ${i}`] }]));
  const index = new CandidateIndex([...scenarios, requiring([])], names, runtime);
  const event = new Event(names);
  event.meta.set('service', 'service 7');
  assert.deepEqual([...index.of(event, 0)], [7, 500]);
  assert.equal(index.of(event, 0), index.of(event, 0), 'the same list');
  event.meta.set('service', 'whatever an attacker likes');
  assert.deepEqual([...index.of(event, 0)], [500]);
});

test('requirements on fields that are no plain texts are not indexed', () => {
  const index = new CandidateIndex([requiring([{ path: 'Unmarshaled.key', values: ['x'] }]), requiring([{ path: 'Type', values: ['0'] }])], newEventNames(), runtime);
  assert.deepEqual([...index.of(new Event(newEventNames()), 0)], [0, 1]);
});

test('random filters: no scenario whose filter would be true or change the event is left out, others seldom stay', (context) => {
  const seed = testSeed();
  context.diagnostic(`PALISADE_SEED=${seed}`);
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const words = ['admin', 'Login', 'etc/passwd', 'shell.php', 'x', 'ADMIN', 'wp-login'];
  const operator = (): string => pick(['contains', 'startsWith', 'endsWith', 'matches', '==']);
  const subject = (): string => pick(['evt.Parsed.path', 'Upper(evt.Parsed.path)', 'Lower(PathUnescape(evt.Parsed.path))', 'evt.Meta.a', 'evt.Unmarshaled.u']);
  const term = (): string => pick([
    () => `${subject()} ${operator()} '${pick(words)}'`,
    () => `${subject()} contains Upper('${pick(words)}')`,
    () => `any(['${pick(words)}', '${pick(words)}'], {${subject()} ${operator()} # || evt.Meta.a ${operator()} #})`,
    () => `(let it = ${subject()}; it ${operator()} '${pick(words)}' && it != 'ADMIN')`,
    () => `(evt.Meta.a ${operator()} '${pick(words)}' ? ${subject()} ${operator()} '${pick(words)}' : ${pick(['true', 'false'])})`,
    () => "'path' in evt.Parsed",
    () => "evt.SetMeta('set', 'yes')",
    () => "evt.Parsed.path == '' && TimeNow() == ''",
  ])();
  const filterOf = (depth: number): string => (depth === 0 || random() < 0.4 ? term()
    : `${pick(['', '', '', 'not '])}(${filterOf(depth - 1)} ${pick(['&&', '||'])} ${filterOf(depth - 1)})`);
  const [counts, events] = [{ out: 0, wanted: 0, changed: 0 }, 30];
  for (let round = 0; round < 20; round++) {
    const names = newEventNames();
    const scenarios = Array.from({ length: 40 }, () => scenario('s', compile({ text: filterOf(2), place: { file: 'f', line: 1, column: 1 } },
      { env: logEnv, functions: helperTable, names, want: 'bool', withTests: true }), {}));
    const index = new CandidateIndex(scenarios, names, runtime);
    for (let i = 0; i < events; i++) {
      const text = (): string => Array.from({ length: Math.floor(random() * 3) }, () => pick([...words, '%61dmin', '/'])).join(pick(['', '-']));
      const texts = [text(), text(), text()];
      const hasPath = random() < 0.8;
      const newEvent = (): Event => {
        const event = new Event(names);
        if (hasPath) event.parsed.set('path', texts[0]);
        event.meta.set('a', texts[1]);
        event.unmarshaled['u'] = texts[2];
        return event;
      };
      const list = new Set(index.of(newEvent(), 0));
      counts.out += scenarios.length - list.size;
      for (const [number, { filter }] of scenarios.entries()) {
        const event = newEvent();
        const isTaken = attempt(() => link(filter, runtime)(event)) === true;
        const isChanged = event.meta.has('set');
        if (!isTaken && !isChanged) continue;
        if (isTaken) counts.wanted++;
        else counts.changed++;
        assert.ok(list.has(number), `seed ${seed}: ${filter.text} is missing for ${JSON.stringify(texts)}`);
      }
    }
  }
  assert.ok(counts.out > 2000 && counts.wanted > 1000 && counts.changed > 20, JSON.stringify(counts));
});

test('what filters say of one field counts together, and of alternatives each counts', () => {
  const names = newEventNames();
  const filters = ["evt.Meta.a != '' && evt.Meta.b startsWith 'x' && evt.Meta.a not in ['1', '2']", "evt.Meta.service == 'ssh' || evt.Meta.kind == 'k' && evt.Meta.a == '1'",
    "Lower(evt.Meta.service) == 'http' && evt.Meta.b == 'x'", "evt.Meta.service == 'http'"];
  const scenarios = filters.map((text) => scenario('s', compile({ text, place: { file: 'f', line: 1, column: 1 } },
    { env: logEnv, functions: helperTable, names, want: 'bool', withTests: true }), {}));
  const index = new CandidateIndex(scenarios, names, runtime);
  const cases: readonly (readonly [Readonly<Record<string, string>>, readonly number[]])[] = [
    [{ a: '3', b: 'xy' }, [0]], [{ a: '2', b: 'xy' }, []], [{ service: 'ssh' }, [1]], [{ kind: 'k', a: '1' }, [1]], [{ kind: 'q', service: 'x', a: '1' }, []],
    [{ service: 'HTTP', b: 'x' }, [2]], [{ service: 'http', b: 'x', a: '3' }, [0, 2, 3]], [{}, []],
  ];
  for (const [meta, wanted] of cases) {
    const event = new Event(names);
    for (const [key, text] of Object.entries(meta)) event.meta.set(key, text);
    const list = [...index.of(event, 0)];
    for (const number of wanted) assert.ok(list.includes(number), `${filters[number]} is missing for ${JSON.stringify(meta)}`);
    assert.ok(list.length <= wanted.length, `${list} for ${JSON.stringify(meta)}`);
  }
});

test('texts that no memory holds are asked about each time, and nothing of one is taken for another', () => {
  const names = newEventNames();
  const filters = ["evt.Meta.a contains 'odd'", "evt.Meta.a endsWith 'odd'", "len(evt.Meta.a) > 600", "evt.Meta.a matches '[5-9]$'"];
  const scenarios = filters.map((text) => scenario('s', compile({ text, place: { file: 'f', line: 1, column: 1 } },
    { env: logEnv, functions: helperTable, names, want: 'bool', withTests: true }), {}));
  const index = new CandidateIndex(scenarios, names, runtime);
  const event = new Event(names);
  // Twice as many texts as are remembered, each met again later: some are then forgotten, some are not.
  for (let i = 0; i < 20_000; i++) {
    const number = i % 9000;
    const text = number % 1000 === 999 ? `odd ${'x'.repeat(700)}${number}` : `${number % 3 === 0 ? 'odd' : 'even'} ${number} \u{1f600}${number % 7 === 0 ? 'odd' : ''}`;
    event.meta.set('a', text);
    const wanted = [text.includes('odd'), text.endsWith('odd'), text.length > 600, /[5-9]$/.test(text)];
    assert.deepEqual([...index.of(event, 0)], [0, 1, 2, 3].filter((scenarioNumber) => wanted[scenarioNumber]), text);
  }
});

test('more combinations of tests than are remembered give the right lists', () => {
  const random = randomFrom(testSeed());
  const names = newEventNames();
  const scenarios = Array.from({ length: 28 }, (_, i) => scenario('s', compile({ text: `evt.Meta.${i % 2 === 0 ? 'a' : 'b'} contains 'word${i},'`,
    place: { file: 'f', line: 1, column: 1 } }, { env: logEnv, functions: helperTable, names, want: 'bool', withTests: true }), {}));
  const index = new CandidateIndex(scenarios, names, runtime);
  const event = new Event(names);
  for (let i = 0; i < 6000; i++) {
    const wanted = [...scenarios.keys()].filter(() => random() < 0.5);
    const text = (isMine: (number: number) => boolean): string => wanted.filter(isMine).map((number) => `word${number},`).join('');
    event.meta.set('a', text((number) => number % 2 === 0));
    event.meta.set('b', text((number) => number % 2 === 1));
    assert.deepEqual([...index.of(event, 0)], wanted);
  }
});

test('fields that are bytes of lines are asked by their numbers and meet what their texts meet, changed ones too', () => {
  const seed = testSeed();
  const random = randomFrom(seed);
  const names = newEventNames();
  const filters = ["evt.Parsed.path contains 'odd'", "evt.Meta.a endsWith 'odd' && evt.Parsed.kind == 'x'", "evt.Parsed.kind in ['x', 'y']", "evt.Parsed.path matches '[5-9]$'"];
  const scenarios = filters.map((text) => scenario('s', compile({ text, place: { file: 'f', line: 1, column: 1 } },
    { env: logEnv, functions: helperTable, names, want: 'bool', withTests: true }), {}));
  const index = new CandidateIndex(scenarios, names, runtime);
  const [path, kind] = [names.parsed.declare('path'), names.parsed.declare('kind')];
  const a = names.meta.declare('a');
  const batches = new EventBatch(names);
  const word = (): string => (random() < 0.5 ? `p${Math.floor(random() * 40)}${random() < 0.3 ? 'odd' : ''}` : `q${Math.floor(random() * 1e6)}ödd`);
  for (let round = 0; round < 30; round++) {
    const lines = Array.from({ length: 1000 }, () => [word(), ['x', 'y', 'zz'][Math.floor(random() * 3)]] as const);
    const events = batches.take(batchOfLines(lines.map((line) => line.join(' ')), round));
    for (const [position, [first, second]] of lines.entries()) {
      const { parsed, meta } = events[position];
      const cut = Buffer.byteLength(first);
      if (random() < 0.9) parsed.setRangeAt(path, 0, cut);
      if (random() < 0.9) parsed.setRangeAt(kind, cut + 1, cut + 1 + second.length);
      if (random() < 0.3) parsed.setAt(path, word());
      if (random() < 0.5) meta.copyAt(a, parsed, path);
      events[position].process = random() < 0.9;
    }
    index.take(events, lines.length);
    for (const [position, [first, second]] of lines.entries()) {
      const event = events[position];
      // A filter may have changed it since.
      if (random() < 0.1) event.parsed.setAt(path, word());
      if (random() < 0.1) event.parsed.setRangeAt(path, 0, 1);
      const copy = new Event(names);
      for (const key of ['path', 'kind']) copy.parsed.set(key, event.parsed.get(key));
      copy.meta.set('a', event.meta.get('a'));
      // Behind the batch, where nothing has a number.
      assert.deepEqual([...index.of(event, position)], [...index.of(copy, lines.length)], `seed ${seed}: ${first} ${second}`);
    }
  }
});

function batchOfLines(texts: readonly string[], seq: number): LineBatch {
  const bytes = Buffer.from(texts.join('\n'));
  const spans = new Uint32Array(2 * texts.length);
  for (let index = 0, at = 0; index < texts.length; index++) {
    spans[2 * index] = at;
    spans[2 * index + 1] = at + Buffer.byteLength(texts[index]);
    at = spans[2 * index + 1] + 1;
  }
  return { seq, source: { src: 's', module: 'file', labels: {}, mode: ExpectMode.live }, bytes, spans, flags: new Uint8Array(texts.length), count: texts.length,
    readAtMs: 0 };
}
