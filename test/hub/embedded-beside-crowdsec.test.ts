// Our parsers beside CrowdSec's, on the logs of its hub: every line they read ours read alike, and CrowdSec's scenarios
// do on top of ours what its tests expect.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Event } from '../../ts/event/event.js';
import { embeddedHubDir } from '../../ts/hub/embedded.js';
import type { RuleFile } from '../../ts/parser/spec.js';
import { type HubTest, hubTests, ruleFiles } from '../parser/hub-tests.js';
import { scenarioFaults } from '../support/hub-expectations.js';
import { RuleBench } from '../support/rule-bench.js';
import { sharedPath, skipWithout } from '../support/shared.js';

const daemons = ['sshd-logs', 'nginx-logs', 'apache2-logs'];
const all = [...daemons, 'syslog-logs', 'http-logs', 'dateparse-enrich', 'whitelists', 'geoip-enrich'];
const ours = ruleFiles(embeddedHubDir(), 'parsers');

/** Differences on purpose, by test: what the sentence about them says. */
const differences: Readonly<Record<string, RegExp>> = {
  // Syslog lines given as type nginx: our patterns begin where the line does, such a file needs the type syslog.
  'http-bf-wordpress-bf': /only theirs/,
  'http-wordpress_wpconfig': /only theirs/,
  // Formats of nginx-proxy-manager, which is another program.
  'nginx_http-catch-npm': /only theirs/,
  // An absolute address in the request: theirs cuts its scheme off.
  nginx_req_limit_exceeded: /^http_path: https:/,
  // Spaces in the request: theirs takes verb and version for a part of the path.
  'zoneminder_cve-39285': /^http_(path|verb):/,
  'zoneminder_cve-39290': /^http_(path|verb):/,
  'zoneminder_cve-39291': /^http_(path|verb):/,
};

/** The same for what scenarios are expected to do. */
const scenarioDifferences: Readonly<Record<string, RegExp>> = {
  // The arguments of a request begin at its first question mark; CrowdSec's parser takes the last one.
  'apache-http-probing': /"http_args_len"/,
  'http-bf-wordpress-bf': /./,
  'http-wordpress_wpconfig': /./,
};

const hub = sharedPath('hub');
const tests = sharedPath('hub/.tests') === null || hub === null ? [] : hubTests(hub).filter(({ overrides }) => overrides.length === 0);

describe('on the logs of the reference hub', skipWithout('hub/.tests'), () => {
  test('our parsers write the same meta fields as CrowdSec\'s', () => {
    const found = tests.filter(({ parsers }) => parsers.some((parser) => daemons.some((name) => is(parser, name)))).flatMap(compare);
    assert.deepEqual(found, []);
  });
});

describe('a scenario of the reference hub does the same on our parsers', skipWithout('hub/.tests'), () => {
  for (const hubTest of tests.filter(({ scenarioAssertions, parsers }) => scenarioAssertions !== null
    && parsers.every((parser) => all.some((name) => is(parser, name))))) {
    test(hubTest.name, () => checkScenarios(hubTest, join(hub as string, 'data')));
  }
});

function is({ realPath }: RuleFile, name: string): boolean {
  return realPath?.endsWith(`/crowdsecurity/${name}.yaml`) ?? false;
}

/** One sentence for each line that the two read differently. */
function compare({ name, parsers, lines, labels }: HubTest): string[] {
  const theirs = parsers.filter((parser) => all.some((each) => is(parser, each)));
  const mine = replaced(parsers);
  const [read, wanted] = [mine, theirs].map((files) => new RuleBench({ parsers: files, scenarios: [] }).runFast(lines, labels).events);
  return lines.flatMap((line, index) => differencesOf(read[index], wanted[index])
    .filter((difference) => !(differences[name]?.test(difference) ?? false)).map((difference) => `${name}: ${difference}: ${line}`));
}

function differencesOf(read: Event, wanted: Event): string[] {
  if (read.process !== wanted.process) return [read.process ? 'only ours' : 'only theirs'];
  if (!read.process) return [];
  return [...new Set([...read.meta.keys(), ...wanted.meta.keys()])]
    // See scenarioDifferences.
    .filter((key) => key !== 'http_args_len' && read.meta.get(key) !== wanted.meta.get(key))
    .map((key) => `${key}: ${read.meta.get(key)} instead of ${wanted.meta.get(key)}`);
}

async function checkScenarios({ name, parsers, scenarios, lines, labels, logFile, scenarioAssertions }: HubTest, dataDir: string): Promise<void> {
  const bench = new RuleBench({ parsers: replaced(parsers), scenarios: scenarios() }, { dataDir });
  const { overflows } = await bench.run(lines, labels, logFile);
  const faults = scenarioFaults(scenarioAssertions as string, overflows);
  assert.deepEqual(faults.filter((fault) => !(scenarioDifferences[name]?.test(fault) ?? false)), []);
  if (name in scenarioDifferences) assert.ok(faults.length > 0, 'the exception is no longer needed');
}

/** Our files of the same names. */
function replaced(parsers: readonly RuleFile[]): RuleFile[] {
  return ours.filter(({ path }) => parsers.some((parser) => parser.path === path));
}
