// The embedded hub: every rule has a test of its own in the layout of CrowdSec's hub, and every assertion holds when its
// log goes through parser and buckets. Then what is asked of the rules together: few bans of real visitors.

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { loadGeoData } from '../../ts/expr-helpers/geo-reader.js';
import { embeddedHubDir } from '../../ts/hub/embedded.js';
import { type HubTest, hubTests, ruleFiles } from '../parser/hub-tests.js';
import { ThreeWays } from '../parser/three-ways.js';
import { parserFaults, scenarioFaults } from '../support/hub-expectations.js';
import { RuleBench } from '../support/rule-bench.js';
import { sharedPath, skipWithout } from '../support/shared.js';

const hub = embeddedHubDir();
const tests = hubTests(hub);

describe('every rule of the embedded hub', () => {
  for (const hubTest of tests) test(`${hubTest.name} does what its test says`, () => check(hubTest));

  test('has a test of its own, which installs it', () => {
    const rules = [...filesBelow('parsers'), ...filesBelow('scenarios')].map((path) => basename(path, '.yaml'));
    for (const rule of rules) {
      const own = tests.find(({ name }) => name === rule);
      assert.ok(own !== undefined, `hub/.tests/${rule} is missing`);
      const installed = [...own.parsers, ...own.scenarios()].map(({ path }) => basename(path, '.yaml'));
      assert.ok(installed.includes(rule), `hub/.tests/${rule} does not install ${rule}`);
    }
  });

  test('is named by an assertion', () => {
    const assertions = tests.map((each) => `${each.assertions ?? ''}${each.scenarioAssertions ?? ''}`).join('\n');
    for (const name of ruleNames('parsers', 'scenarios')) assert.ok(assertions.includes(`"${name}"`), name);
  });

  test('is described in docs/rules.md', () => {
    const text = readFileSync(join(hub, '../docs/rules.md'), 'utf8');
    for (const name of ruleNames('parsers', 'scenarios', 'collections')) assert.ok(text.includes(`\`${name}\``), name);
  });
});

describe('the logs of all tests', () => {
  test('come out of the batch runner, the scalar walker and the oracle alike', async () => {
    const world = new ThreeWays(ruleFiles(hub, 'parsers'));
    for (const { lines, labels, logFile } of tests) await world.run(lines.slice(0, 40), { ...labels }, logFile);
  });
});

describe('an assertion', () => {
  test('that is false, fails or is missing is a fault', async () => {
    const ssh = tests.find(({ name }) => name === 'ssh-bf') as HubTest;
    const { steps, overflows } = await new RuleBench({ parsers: ssh.parsers, scenarios: ssh.scenarios() }).run(ssh.lines, ssh.labels);
    assert.equal(parserFaults('len(results["s01-parse"]["palisade/sshd-logs"]) == 1', steps).length, 1);
    assert.equal(parserFaults('results["s01-parse"]["palisade/sshd-logs"][9999].Success == true', steps).length, 1);
    assert.equal(parserFaults('results["s01-parse"]["palisade/sshd-logs"][0].Success', steps).length, 0);
    assert.equal(parserFaults(' \n', steps).length, 1);
    assert.equal(scenarioFaults('"198.51.100.250" in results[0].Overflow.GetSources()', overflows).length, 1);
    assert.equal(scenarioFaults('results[0].Overflow.Nothing == 1', overflows).length, 1);
  });
});

describe('geoip-enrich', () => {
  test('writes country, operator and network once the databases are there', skipWithout('geo'), () => {
    const geo = loadGeoData(geoFolder(), (text) => assert.fail(text));
    const { parsers } = tests.find(({ name }) => name === 'geoip-enrich') as HubTest;
    const bench = new RuleBench({ parsers, scenarios: [] }, { geo });
    const line = (address: string): string => `${address} - - [23/Nov/2026:01:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"`;
    const { events } = bench.runFast(['2.125.160.216', '1.128.0.1', '192.0.2.1'].map(line), { type: 'nginx' });
    const meta = events.map((event) => ['IsoCode', 'ASNNumber', 'ASNOrg', 'SourceRange'].map((key) => event.meta.get(key)));
    assert.deepEqual(meta, [['GB', '0', '', ''], ['', '1221', 'Telstra Pty Ltd', '1.128.0.0/11'], ['', '0', '', '']]);
  });
});

describe('with all rules of the embedded hub installed', () => {
  const all = { parsers: ruleFiles(hub, 'parsers'),
    scenarios: filesBelow('scenarios').map((path) => ({ path, realPath: join(hub, path), stage: '' })) };

  test('ten thousand requests of real visitors ban nobody', skipWithout('logs/apache-access-10k.log'), () => {
    const { events, overflows } = runLog(new RuleBench(all), 'logs/apache-access-10k.log', 'apache2');
    assert.equal(events, 10_000);
    assert.deepEqual(overflows, []);
  });

  test('every line of an error log that names a client is parsed', skipWithout('logs/apache-error-2k.log'), () => {
    const lines = logLines('logs/apache-error-2k.log').filter((line) => line.includes('[client '));
    const { events } = new RuleBench(all).runFast(lines, { type: 'apache2' });
    assert.deepEqual(events.filter(({ process }) => !process).map(({ line }) => line.raw), []);
    assert.ok(lines.length > 0);
  });
});

async function check(hubTest: HubTest): Promise<void> {
  const scenarios = hubTest.scenarios();
  const bench = new RuleBench({ parsers: hubTest.parsers, scenarios });
  const { steps, overflows } = await bench.run(hubTest.lines, hubTest.labels, hubTest.logFile);
  assert.ok(hubTest.assertions !== null || scenarios.length > 0, 'this test asserts nothing');
  const faults = hubTest.assertions === null ? [] : parserFaults(hubTest.assertions, steps);
  if (scenarios.length > 0) faults.push(...scenarioFaults(hubTest.scenarioAssertions ?? '', overflows));
  assert.deepEqual(faults, []);
}

/** Paths of the rules of one kind, from the hub. */
function filesBelow(kind: string): string[] {
  return readdirSync(join(hub, kind), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'))
    .map((path) => join(kind, path)).sort();
}

/** Names of all rules of some kinds; a file may hold several. */
function ruleNames(...kinds: readonly string[]): string[] {
  return kinds.flatMap(filesBelow).flatMap((path) => [...readFileSync(join(hub, path), 'utf8').matchAll(/^name: (\S+)$/gm)])
    .map(([, name]) => name);
}

function runLog(bench: RuleBench, name: string, type: string): { events: number; overflows: string[] } {
  const lines = logLines(name);
  const overflows: string[] = [];
  let events = 0;
  for (let at = 0; at < lines.length; at += 1000) {
    const result = bench.runFast(lines.slice(at, at + 1000), { type });
    events += result.events.filter(({ process }) => process).length;
    overflows.push(...result.overflows.map(({ alert, sources }) => `${alert?.scenario} ${Object.keys(sources).join()}`));
  }
  return { events, overflows };
}

function logLines(name: string): string[] {
  return readFileSync(sharedPath(name) as string, 'utf8').split(/\r?\n/).filter((line) => line !== '');
}

/** The test databases under the names that the engine looks for. */
function geoFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-geo-'));
  for (const kind of ['City', 'ASN']) {
    copyFileSync(join(dirname(sharedPath('geo/GeoLite2-City-Test.mmdb') as string), `GeoLite2-${kind}-Test.mmdb`),
      join(folder, `GeoLite2-${kind}.mmdb`));
  }
  return folder;
}
