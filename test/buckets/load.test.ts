// Loading scenarios: the whole reference hub, what each key becomes, and every mistake with its place.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadScenarios } from '../../ts/buckets/load.js';
import { lifetimeOf, queueLengthOf, type ScenarioSet } from '../../ts/buckets/scenario.js';
import { PalisadeError } from '../../ts/errors.js';
import { newEventNames } from '../../ts/event/event.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { sharedPath, skipWithout } from '../support/shared.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-scenarios-'));
after(() => rmSync(folder, { recursive: true }));

function load(yaml: string): ScenarioSet {
  const path = join(folder, 'scenario.yaml');
  writeFileSync(path, yaml);
  return loadScenarios([{ path, version: '0.3', hash: 'f00' }], { names: newEventNames(), functions: helperTable });
}

/** A leaky scenario with some keys replaced or, by null, removed. */
function leaky(changes: Record<string, string | null>): string {
  const keys: Record<string, string | null> = { type: 'leaky', name: 'me/bf', description: 'x', filter: `"evt.Meta.service == 'ssh'"`,
    capacity: '5', leakspeed: '10s', ...changes };
  return Object.entries(keys).flatMap(([key, value]) => (value === null ? [] : [`${key}: ${value}`])).join('\n');
}

test('every scenario of the reference hub loads', skipWithout('hub'), () => {
  const files = filesBelow(sharedPath('hub/scenarios')!).sort().map((path) => ({ path }));
  const set = loadScenarios(files, { names: newEventNames(), functions: helperTable });
  assert.ok(set.scenarios.length > 800);
  const count = (type: string): number => set.scenarios.filter((spec) => spec.type === type).length;
  assert.equal(count('conditional'), 10);
  assert.ok(count('leaky') > 200 && count('trigger') > 500);
  assert.ok(set.dataFiles.some(({ type }) => type === 'map') && set.dataFiles.some(({ cache }) => cache !== null));
  assert.deepEqual(structuredClone(set), set, 'plain data');
});

test('a scenario becomes numbers, compiled expressions and what alerts need', () => {
  const { scenarios: [spec], warnings } = load(leaky({ groupby: 'evt.Meta.source_ip', distinct: 'evt.Meta.user', blackhole: '1m30s',
    cache_size: '3', reprocess: 'true', labels: '{ remediation: true, service: ssh }', debug: 'true', format: '2.0',
    references: '[ a ]', cancel_on: `evt.Meta.user == 'x'` }));
  assert.deepEqual(warnings, []);
  assert.deepEqual([spec.name, spec.type, spec.capacity, spec.leakspeedNs, spec.blackholeNs, spec.cacheSize, spec.reprocess,
    spec.remediation, spec.version, spec.hash], ['me/bf', 'leaky', 5, 10e9, 90e9, 3, true, true, '0.3', 'f00']);
  assert.deepEqual([spec.groupby?.text, spec.distinct?.text, spec.cancelOn?.text], ['evt.Meta.source_ip', 'evt.Meta.user', `evt.Meta.user == 'x'`]);
  assert.deepEqual(spec.scope, { type: 'Ip', expression: null });
  assert.deepEqual(spec.filter.requires, [{ path: 'Meta.service', values: ['ssh'] }]);
});

test('only the boolean true is a remediation', () => {
  for (const [labels, expected] of [['{ remediation: "true" }', false], ['{ remediation: yes }', true], ['{}', false]] as const) {
    assert.equal(load(leaky({ labels })).scenarios[0].remediation, expected, labels);
  }
});

test('documents of a file are scenarios of their own; the same name and filter share a key', () => {
  const { scenarios } = load([leaky({}), leaky({ capacity: '9' }), leaky({ filter: `"true"` })].join('\n---\n'));
  assert.deepEqual(scenarios.map(({ capacity, keyId }) => [capacity, keyId]), [[5, 0], [9, 0], [5, 1]]);
});

test('a format that is not understood skips the document with a warning', () => {
  const { scenarios, warnings } = load(leaky({ format: '4.0' }));
  assert.equal(scenarios.length, 0);
  assert.match(warnings[0], /scenario\.yaml:1: me\/bf is skipped: format 4\.0/);
});

test('files that are not YAML by name are passed over', () => {
  assert.equal(loadScenarios([{ path: join(folder, 'readme.md') }], { names: newEventNames(), functions: helperTable }).scenarios.length, 0);
});

const lengths: readonly (readonly [capacity: number, cacheSize: number, length: number | null])[] = [
  [5, 0, 6], [5, 3, 4], [5, 5, 6], [5, 9, 6], [-1, 0, null], [-1, 7, 8], [0, 0, 1]];
for (const [capacity, cacheSize, length] of lengths) {
  test(`capacity ${capacity} with cache_size ${cacheSize} keeps ${length ?? 'all'} events`, () => {
    assert.equal(queueLengthOf({ capacity, cacheSize }), length);
  });
}

test('a bucket lives (capacity + 1) × leakspeed, its duration, or one leakspeed, exactly', () => {
  const life = (type: 'leaky' | 'counter' | 'conditional', capacity: number, leakspeedNs: number, durationNs: number): unknown =>
    lifetimeOf({ type, capacity, leakspeedNs, durationNs });
  assert.deepEqual(life('leaky', 5, 10e9, 0), { seconds: 60, nanos: 0 });
  assert.deepEqual(life('leaky', 1000, 14_400_000_000_001, 0), { seconds: 14_414_400, nanos: 1001 });
  assert.deepEqual(life('leaky', 5, 10e9, 1_500_000_000), { seconds: 1, nanos: 500_000_000 });
  assert.deepEqual(life('counter', -1, 0, 60e9), { seconds: 60, nanos: 0 });
  assert.deepEqual(life('conditional', -1, 3e9, 9e9), { seconds: 3, nanos: 0 });
});

const mistakes: readonly (readonly [name: string, yaml: string, message: RegExp])[] = [
  ['an unknown key', leaky({ capasity: '5' }), /:7:1: unknown key "capasity", did you mean "capacity"\?/],
  ['no name', leaky({ name: null }), /a scenario needs a "name"/],
  ['no filter', leaky({ filter: null }), /me\/bf needs a "filter"/],
  ['no description', leaky({ description: null }), /me\/bf needs a "description"/],
  ['no type', leaky({ type: null }), /me\/bf needs a "type"/],
  ['an unknown type', leaky({ type: 'lekay' }), /:1:7: there is no bucket type "lekay"/],
  ['a leaky bucket without capacity', leaky({ capacity: '0' }), /:5:11: a leaky bucket needs a "capacity"/],
  ['a leaky bucket without leakspeed', leaky({ leakspeed: null }), /needs a "leakspeed"/],
  ['a leakspeed in days', leaky({ leakspeed: '1d' }), /:6:12: "1d" is not a duration/],
  ['a negative leakspeed', leaky({ leakspeed: '-1s' }), /needs a "leakspeed" above zero/],
  ['a negative blackhole', leaky({ blackhole: '-1s' }), /"-1s" must not be negative/],
  ['a capacity below -1', leaky({ type: 'conditional', capacity: '-2', condition: 'true' }), /"capacity" is -1/],
  ['a capacity beyond all bounds', leaky({ capacity: '70000' }), /below 65536/],
  ['a trigger with a capacity', leaky({ type: 'trigger' }), /:5:11: a trigger has no "capacity"/],
  ['a counter with a capacity', leaky({ type: 'counter', duration: '1m' }), /a counter bucket needs "capacity: -1"/],
  ['a counter without duration', leaky({ type: 'counter', capacity: '-1' }), /a counter needs a "duration"/],
  ['a conditional bucket without condition', leaky({ type: 'conditional', capacity: '-1' }), /needs a "condition"/],
  ['a bayesian bucket without conditions', leaky({ type: 'bayesian', capacity: '-1', bayesian_prior: '0.5', bayesian_threshold: '0.5' }), /needs "bayesian_conditions"/],
  ['a bayesian bucket without prior', leaky({ type: 'bayesian', capacity: '-1', bayesian_threshold: '0.5', bayesian_conditions: '[{ condition: "true" }]' }), /"bayesian_prior" lies above 0/],
  ['a bayesian threshold above 1', leaky({ type: 'bayesian', capacity: '-1', bayesian_prior: '0.5', bayesian_threshold: '1.5', bayesian_conditions: '[{ condition: "true" }]' }), /:8:21: "bayesian_threshold"/],
  ['a bayesian condition without text', leaky({ type: 'bayesian', capacity: '-1', bayesian_prior: '0.5', bayesian_threshold: '0.5', bayesian_conditions: '[{ prob_given_evil: 0.5 }]' }), /needs a "condition"/],
  ['scope Ip with an expression', leaky({ scope: '{ type: Ip, expression: evt.Meta.x }' }), /the scope Ip has no "expression"/],
  ['a filter that does not parse', leaky({ filter: `"evt.Meta.service =="` }), /:4:\d+: unexpected token/],
  ['a filter of the wrong type', leaky({ filter: `"evt.Meta.service"` }), /:4:\d+: expected bool, but got string/],
  ['an unknown field in groupby', leaky({ groupby: 'evt.Metta.source_ip' }), /:7:1\d: .*Metta/],
  ['a helper that waits', leaky({ filter: `"LookupHost(evt.Meta.source_ip) != []"` }), /waits for the network/],
  ['queue in a filter', leaky({ filter: `"len(queue.Queue) > 1"` }), /unknown name queue/],
  ['no format version', leaky({ format: 'new' }), /"new" is not a format version/],
];
for (const [name, yaml, message] of mistakes) {
  test(`${name} is an error with its place`, () => {
    assert.throws(() => load(yaml), (error: unknown) => {
      assert.ok(error instanceof PalisadeError);
      assert.match(error.message, message);
      assert.equal(error.place?.file, join(folder, 'scenario.yaml'));
      return true;
    });
  });
}

test('what is doubtful is a warning', () => {
  const { warnings } = load([leaky({ type: 'conditional', condition: 'true' }), leaky({ scope: '{ type: user }' })].join('\n---\n'));
  assert.match(warnings[0], /scenario\.yaml:5: the capacity of a conditional bucket/);
  assert.match(warnings[1], /the scope user has no "expression", so me\/bf will never alert/);
});

function filesBelow(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}
