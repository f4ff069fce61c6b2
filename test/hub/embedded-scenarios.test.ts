// CrowdSec's scenarios on top of our parsers: where a test of the reference hub needs none but parsers that we have too,
// ours take their place, and what the test expects of the scenarios must still come out.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { embeddedHubDir } from '../../ts/hub/embedded.js';
import { type HubTest, hubTests, ruleFiles } from '../parser/hub-tests.js';
import { scenarioFaults } from '../support/hub-expectations.js';
import { RuleBench } from '../support/rule-bench.js';
import { sharedPath, skipWithout } from '../support/shared.js';

const ours = ['syslog-logs', 'sshd-logs', 'nginx-logs', 'apache2-logs', 'http-logs', 'dateparse-enrich', 'whitelists', 'geoip-enrich'];

/** Faults that stand for a difference on purpose. */
const exceptions: Readonly<Record<string, RegExp>> = {
  // The arguments of a request begin at its first question mark; CrowdSec's parser takes the last one.
  'apache-http-probing': /"http_args_len"/,
  // Syslog lines given as type nginx: our patterns begin where the line does, such a file needs the type syslog.
  'http-bf-wordpress-bf': /./,
  'http-wordpress_wpconfig': /./,
};

describe('a scenario of the reference hub does the same on our parsers', skipWithout('hub/.tests'), () => {
  const hub = sharedPath('hub');
  for (const hubTest of hub === null ? [] : hubTests(hub).filter(usesOurs)) {
    test(hubTest.name, () => check(hubTest, join(hub as string, 'data')));
  }
});

function usesOurs({ parsers, scenarioAssertions, overrides }: HubTest): boolean {
  return scenarioAssertions !== null && overrides.length === 0
    && parsers.every(({ realPath }) => ours.some((name) => realPath?.endsWith(`/crowdsecurity/${name}.yaml`)));
}

async function check({ name: testName, parsers, scenarios, lines, labels, logFile, scenarioAssertions }: HubTest, dataDir: string): Promise<void> {
  const names = new Set(parsers.map(({ path }) => path.split('/').at(-1)));
  const replaced = ruleFiles(embeddedHubDir(), 'parsers').filter(({ path }) => names.has(path.split('/').at(-1)));
  const { overflows } = await new RuleBench({ parsers: replaced, scenarios: scenarios() }, { dataDir }).run(lines, labels, logFile);
  const faults = scenarioFaults(scenarioAssertions as string, overflows);
  assert.deepEqual(faults.filter((fault) => !(exceptions[testName]?.test(fault) ?? false)), []);
  if (testName in exceptions) assert.ok(faults.length > 0, 'the exception is no longer needed');
}
