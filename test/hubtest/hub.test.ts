// All tests of the reference hub through the runner of `cscli hubtest`, every assertion counted. Those that cannot hold
// are named one by one.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { assertionsOf } from '../../ts/hubtest/assertions.js';
import { generateParserAssertions, generateScenarioAssertions } from '../../ts/hubtest/generate.js';
import { replayTest } from '../../ts/hubtest/replay-test.js';
import { type HubOptions, runTests, surroundingsOf } from '../../ts/hubtest/run-all.js';
import { checkedReplay, type TestOutcome } from '../../ts/hubtest/run-test.js';
import { allTests, assertionText, loadTest } from '../../ts/hubtest/test-case.js';
import { writeGeoDatabases } from '../support/geo-databases.js';
import { sharedPath, skipWithout } from '../support/shared.js';

/** They expect answers of GeoLite2 databases, which nobody may pass on; MaxMind's test databases do not know the addresses. */
const needTestGeography = ['geoip-enrich', 'magento-ccs-by-country'];
const needRealGeography = ['sftpgo-impossible-travel', 'sshd-impossible-travel', 'sshd-impossible-travel-user', 'teleport-impossible-travel'];
const needGeography = [...needTestGeography, ...needRealGeography];
/** What their addresses are taken for; of the real ones two countries far apart matter, not where in them. */
const geography = { test: [{ network: '1.2.3.0/24', country: 'FR', isInEuropeanUnion: true, latitude: 46, longitude: 2,
  asn: { number: 4242, organization: 'Crowdsec' } }],
real: [{ network: '1.2.3.0/24', country: 'AU', isInEuropeanUnion: false, latitude: -33.5, longitude: 143.2 },
  { network: '9.8.8.0/24', country: 'US', isInEuropeanUnion: false, latitude: 37.8, longitude: -97.8 }] } as const;
/**
 * Its assertions name the overflows in the order of the log. CrowdSec's tool compares them in descending order, in which eight
 * lines are false, and passes over those, because it counts no false line without `==`.
 */
const inOrderOfLog = 'postfix-honeypot-users';

const hub = sharedPath('hub') ?? '';
const options: HubOptions = { hubDir: hub, dataDirs: [join(hub, 'data')], patternDir: '', clockOffsetMs: 0 };

describe('the tests of the reference hub', skipWithout('hub'), () => {
  let outcomes: ReadonlyMap<string, TestOutcome>;

  before(async () => {
    process.env['TZ'] = 'UTC';
    const found = await runTests(allTests(hub).map(({ name }) => name), { ...options, isStrict: true, keepsResults: false },
      Math.min(2, availableParallelism()));
    outcomes = new Map(found.map((outcome) => [outcome.name, outcome]));
  });

  test('all hold but those named here', () => {
    const unlike = [...outcomes.values()].filter(({ name, status }) => (
      status !== (needGeography.includes(name) ? 'skipped' : 'passed')));
    assert.deepEqual(unlike.map(({ name, status, reason, parser, scenario }) => (
      [name, status, reason, ...[...parser.faults, ...scenario.faults].slice(0, 3).map(({ text, actual }) => `${text} is ${actual}`)])), []);
    assert.ok(outcomes.size >= 242);
  });

  test('what is skipped says what is missing', () => {
    for (const name of needGeography) assert.match(outcomes.get(name)?.reason ?? '', /^needs GeoLite2-City\.mmdb and GeoLite2-ASN\.mmdb: /);
  });

  test('with databases that know their addresses those hold, too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'palisade-geography-'));
    try {
      for (const [kind, names] of [['test', needTestGeography], ['real', needRealGeography]] as const) {
        writeGeoDatabases(join(folder, kind), geography[kind]);
        const found = await runTests(names, { ...options, dataDirs: [join(folder, kind), ...options.dataDirs], isStrict: true, keepsResults: false }, 1);
        assert.deepEqual(found.map(({ name, status, reason, parser, scenario }) => [name, status, reason,
          ...[...parser.faults, ...scenario.faults].map(({ text, actual }) => `${text} is ${actual}`)]), names.map((name) => [name, 'passed', '']));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('all but one number their overflows as CrowdSec does, that one as they happened', () => {
    assert.deepEqual([...outcomes.values()].flatMap(({ name, scenario }) => scenario.linesInOrderOfLog === 0 ? [] : [[name, scenario.linesInOrderOfLog]]),
      [[inOrderOfLog, 8]]);
  });

  test('what is proposed for an empty file is what the hub has written down, and holds', async () => {
    const around = surroundingsOf(options);
    for (const name of ['sshd-logs', 'authentik-logs', 'aws-alb-logs', 'nginx-http-xss-probing', 'authelia-bf']) {
      const hubTest = loadTest(hub, name);
      const { parser, scenario } = checkedReplay(await replayTest(hubTest, around), around);
      for (const [kind, proposal, results, checker] of [
        ['parserAssert', generateParserAssertions(parser.results), parser.results, parser.checker],
        ['scenarioAssert', generateScenarioAssertions(scenario.results.results), scenario.results.results, scenario.checker],
      ] as const) {
        const proposed = assertionsOf(proposal);
        assert.deepEqual(proposed.filter((assertion) => checker.check(assertion, results) !== null), [], name);
        if (name !== 'sshd-logs' || kind !== 'parserAssert') continue;
        const written = new Set(assertionsOf(assertionText(hubTest, kind)).map(({ text }) => comparable(text)));
        // Dates without a year are not asserted by the hub, the proposal has them.
        const said = new Set(proposed.map(({ text }) => comparable(text)));
        assert.deepEqual([...written].filter((text) => !said.has(text)), []);
      }
    }
  });
});

function comparable(text: string): string {
  return text.replace(/^basename\((.*)\) ==/, '$1 ==').trim();
}
