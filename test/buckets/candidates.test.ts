// The index of scenarios by what their filters require: never leaves out one whose filter would be true.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CandidateIndex } from '../../ts/buckets/candidates.js';
import type { ScenarioSpec } from '../../ts/buckets/scenario.js';
import { Event, newEventNames } from '../../ts/event/event.js';
import type { Requirement } from '../../ts/expr/compiled.js';
import { generator, handMade, scenario } from './random-log.js';

const paths = ['Meta.service', 'Meta.log_type', 'Parsed.program', 'Line.Labels.type', 'Line.Module', 'Enriched.x', 'Meta.a', 'Meta.b'];

function requiring(requires: readonly Requirement[], hasEffects = false): ScenarioSpec {
  return scenario('s', handMade('() => true', { requires, hasEffects }), {});
}

function read(event: Event, path: string): string {
  const [root, ...rest] = path.split('.');
  const key = rest.join('.');
  if (path === 'Line.Module') return event.line.module;
  if (root === 'Line') return event.line.labels[rest[1]] ?? '';
  return event[root.toLowerCase() as 'meta' | 'parsed' | 'enriched'].get(key);
}

test('random scenarios and events: the list is exact for indexed fields and complete for all', () => {
  const seed = Number(process.env['PALISADE_SEED'] ?? Math.floor(Math.random() * 1e6));
  const random = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const values = ['', 'ssh', 'http', 'ftp', 'x'];
  for (let round = 0; round < 20; round++) {
    const names = newEventNames();
    for (const key of ['service', 'log_type', 'a']) names.meta.declare(key);
    names.parsed.declare('program');
    const scenarios = Array.from({ length: 40 }, () => requiring(Array.from({ length: Math.floor(random() * 4) }, () =>
      ({ path: pick(paths), values: Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(values)) })), random() < 0.1));
    const index = new CandidateIndex(scenarios, names);
    for (let i = 0; i < 50; i++) {
      const event = new Event(names);
      for (const path of paths.slice(0, 3)) if (random() < 0.8) event[path.startsWith('Meta') ? 'meta' : 'parsed'].set(path.split('.')[1], pick(values));
      event.meta.set('b', pick(values));
      event.line.labels = { type: pick(values) };
      event.line.module = pick(values);
      const list = [...index.of(event)];
      assert.deepEqual(list, [...list].sort((a, b) => a - b), 'load order');
      for (const [number, spec] of scenarios.entries()) {
        const holds = spec.filter.requires.every((required) => required.values.includes(read(event, required.path)));
        if (holds || spec.filter.hasEffects) assert.ok(list.includes(number), `seed ${seed}: scenario ${number} is missing`);
      }
    }
  }
});

test('an event meets few of many scenarios', () => {
  const names = newEventNames();
  names.meta.declare('service');
  const scenarios = Array.from({ length: 500 }, (_, i) => requiring([{ path: 'Meta.service', values: [`service ${i}`] }]));
  const index = new CandidateIndex([...scenarios, requiring([])], names);
  const event = new Event(names);
  event.meta.set('service', 'service 7');
  assert.deepEqual([...index.of(event)], [7, 500]);
  assert.equal(index.of(event), index.of(event), 'the same list');
  event.meta.set('service', 'whatever an attacker likes');
  assert.deepEqual([...index.of(event)], [500]);
});

test('requirements on fields that are no plain texts are not indexed', () => {
  const index = new CandidateIndex([requiring([{ path: 'Unmarshaled.key', values: ['x'] }]), requiring([{ path: 'Type', values: ['0'] }])], newEventNames());
  assert.deepEqual([...index.of(new Event(newEventNames()))], [0, 1]);
});
