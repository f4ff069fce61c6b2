// `cscli hubtest` on a hub of its own: a few rules, a log, tests that hold and tests that do not.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { runIn } from './instance.js';

const parser = `name: me/line
filter: "evt.Line.Labels.type == 'test'"
onsuccess: next_stage
grok: { pattern: '^%{IP:ip} %{GREEDYDATA:what}$', apply_on: Line.Raw }
statics:
  - { meta: source_ip, expression: evt.Parsed.ip }
  - { meta: log_type, value: test }
  - { target: evt.MarshaledTime, value: "2026-05-04T03:02:01Z" }
`;
const scenario = `type: trigger
name: me/bad
description: a bad word
filter: "evt.Meta.log_type == 'test' && evt.Parsed.what == 'bad'"
labels: { remediation: true }
`;
const config = (more = ''): string => `parsers: [me/line]\nscenarios: [me/bad, ""]\nlog_file: x.log\nlog_type: test\n${more}`;
const holds = `len(results) == 2
"192.0.2.1" in results[1].Overflow.GetSources()
results[0].Overflow.Alert.GetScenario() == "me/bad"
`;
const files: Readonly<Record<string, string>> = {
  'parsers/s00-raw/me/line.yaml': parser, 'scenarios/me/bad.yaml': scenario,
  'parsers/s00-raw/me/other.yaml': 'name: me/other\nfilter: "false"\n',
  '.tests/good/config.yaml': config(), '.tests/good/x.log': '192.0.2.1 bad\n192.0.2.2 bad\n192.0.2.3 good\nnothing\n',
  '.tests/good/parser.assert': 'len(results["s00-raw"]["me/line"]) == 4\nresults["s00-raw"]["me/line"][0].Evt.Parsed["what"] == "bad"\n',
  '.tests/good/scenario.assert': holds,
  '.tests/silent/config.yaml': config('ignore_parsers: true\n'), '.tests/silent/x.log': '192.0.2.1 bad\n192.0.2.2 bad\n',
  '.tests/silent/scenario.assert': holds.replace('192.0.2.1', '192.0.2.7'),
  '.tests/wrong/config.yaml': config('ignore_parsers: true\n'), '.tests/wrong/x.log': '192.0.2.1 bad\n',
  '.tests/wrong/scenario.assert': 'len(results) == 7\n',
  '.tests/places/config.yaml': config('ignore_parsers: true\n'), '.tests/places/x.log': '192.0.2.1 bad\n',
  '.tests/places/scenario.assert': 'len(results) == 1\nresults[0].Overflow.Alert.Events[0].GetMeta("IsoCode") == "FR"\n',
};

let hub: string;
const run = async (...argv: string[]) => runIn(hub, ['hubtest', ...argv, '--hub', hub]);

before(() => {
  hub = mkdtempSync(join(tmpdir(), 'palisade-hubtest-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(hub, path)), { recursive: true });
    writeFileSync(join(hub, path), text);
  }
});
after(() => rmSync(hub, { recursive: true }));

test('a test whose assertions hold passes and leaves nothing behind', async () => {
  assert.deepEqual(await run('run', 'good'), { stdout: 'Running test \'good\'\nAll tests passed, use --report-success for more details.\n',
    stderr: '', exit: 0 });
  assert.equal(existsSync(join(hub, '.tests/good/results')), false);
});

test('a false assertion fails the test and is shown with its line and value', async () => {
  const { stdout, stderr, exit } = await run('run', 'wrong');
  assert.equal(exit, 1);
  assert.match(stdout, /\(L\.1\) {2}🔴 {2}=> len\(results\) == 7\n {8}Actual expression values:\n {12}len\(results\) = '1'/);
  assert.match(stdout, /wrong +❌ +1/);
  assert.match(stderr, /Scenario test 'wrong' failed \(1 errors\)[^]*some tests failed, use --report-success to show them all/);
});

test('what CrowdSec passes over fails unless --lenient says otherwise', async () => {
  const strict = await run('run', 'silent');
  assert.equal(strict.exit, 1);
  assert.match(strict.stdout, /\(not counted by CrowdSec\)/);
  assert.equal((await run('run', 'silent', '--strict')).exit, 1);
  const lenient = await run('run', 'silent', '--lenient');
  assert.equal(lenient.exit, 0);
  assert.match(lenient.stderr, /1 of the assertions that do not hold would not be counted/);
});

test('overflows may be numbered as they happened, if all lines are and CrowdSec would not count those that differ', async () => {
  const folder = join(hub, '.tests/as-happened');
  mkdirSync(folder);
  try {
    writeFileSync(join(folder, 'config.yaml'), config('ignore_parsers: true\n'));
    writeFileSync(join(folder, 'x.log'), '192.0.2.1 bad\n192.0.2.2 bad\n');
    const first = '"192.0.2.1" in results[0].Overflow.GetSources()\n';
    for (const [second, exit] of [['"192.0.2.2" in results[1].Overflow.GetSources()', 0], ['"192.0.2.2" in results[0].Overflow.GetSources()', 1],
      ['results[1].Overflow.Sources["192.0.2.2"].IP == "192.0.2.2"', 1]] as const) {
      writeFileSync(join(folder, 'scenario.assert'), `${first}${second}\n`);
      const outcome = await run('run', 'as-happened');
      assert.equal(outcome.exit, exit, second);
      if (exit === 0) assert.match(outcome.stderr, /Test 'as-happened' numbers its overflows in the order of the log: .* passes over the 2 lines/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a test that needs geographic databases is skipped by name and with its reason', async () => {
  const { stdout, exit } = await run('run', 'places', 'good');
  assert.equal(exit, 0);
  assert.match(stdout, /Skipped test 'places': needs GeoLite2-City\.mmdb and GeoLite2-ASN\.mmdb: it expects IsoCode\n/);
  assert.match(stdout, /1 tests passed, 1 skipped/);
});

test('json and JUnit tell the same', async () => {
  const { stdout, exit } = await run('run', '--all', '-o', 'json', '--junit', 'report.xml');
  assert.equal(exit, 1);
  const report = JSON.parse(stdout) as { success: string[]; fail: string[]; skipped: Record<string, string> };
  assert.deepEqual([report.success, report.fail, Object.keys(report.skipped)], [['good'], ['silent', 'wrong'], ['places']]);
  const xml = readFileSync(join(hub, 'report.xml'), 'utf8');
  assert.match(xml, /<testsuite name="hubtest" tests="4" failures="2" errors="0" skipped="1"/);
  assert.match(xml, /<testcase name="wrong"[^>]*>\n +<failure message="1 assertions do not hold">line 1: len\(results\) == 7/);
});

test('a new test is created, filled from its own proposal, and passes', async () => {
  const made = await run('create', 'fresh', '--type', 'test', '-p', 'me/line', '-s', 'me/bad');
  assert.equal(made.exit, 0);
  assert.match(made.stdout, /Test name +: {2}fresh\n/);
  assert.match((await run('create', 'fresh', '--type', 'test')).stderr, /already exists/);
  const folder = join(hub, '.tests/fresh');
  // The template names two items of CrowdSec's hub that this one does not have.
  writeFileSync(join(folder, 'config.yaml'), readFileSync(join(folder, 'config.yaml'), 'utf8').replace(/ *- crowdsecurity\/.*\n/g, ''));
  assert.match((await run('run', 'fresh')).stderr, /fresh\.log' is empty or missing/);
  writeFileSync(join(folder, 'fresh.log'), '192.0.2.1 bad\n');
  const unwritten = await run('run', 'fresh');
  assert.equal(unwritten.exit, 1);
  assert.match(unwritten.stderr, /Assert file 'parser\.assert' of test 'fresh' is empty[^]*please fill your assert file\(s\) for test 'fresh', exiting/);
  const [ofParsers, ofScenarios] = [...unwritten.stdout.matchAll(/\n((?:.+\n)*len\(results\) == .*\n(?:.+\n)*)/g)].map(([, text]) => text);
  assert.match(ofParsers, /^len\(results\) == 2\nlen\(results\["s00-raw"\]\["me\/line"\]\) == 1\n.*Success == true\n.*Parsed\["ip"\] == "192\.0\.2\.1"\n/);
  writeFileSync(join(folder, 'parser.assert'), ofParsers);
  writeFileSync(join(folder, 'scenario.assert'), ofScenarios);
  assert.match(readFileSync(join(folder, 'scenario.assert'), 'utf8'), /GetEventsCount\(\) == 1\n/);
  assert.equal((await run('run', 'fresh')).exit, 0);
  rmSync(folder, { recursive: true });
});

test('dumps are kept on demand and cleaned away', async () => {
  assert.equal((await run('run', 'good', '--no-clean')).exit, 0);
  const results = join(hub, '.tests/good/results');
  assert.ok(['parser-dump.yaml', 'bucketpour-dump.yaml', 'bucket-dump.yaml'].every((name) => existsSync(join(results, name))));
  assert.equal((await run('clean', 'good')).exit, 0);
  assert.equal(existsSync(results), false);
});

test('tests are listed, described, evaluated, explained and counted', async () => {
  assert.match((await run('list')).stdout, / good +\S+\/\.tests\/good/);
  assert.deepEqual((JSON.parse((await run('list', '-o', 'json')).stdout) as { Name: string }[]).map(({ Name }) => Name),
    ['good', 'places', 'silent', 'wrong']);
  assert.match((await run('info', 'good')).stdout, /Log file +: {2}\S+\/good\/x\.log\n/);
  assert.equal((await run('eval', 'good', '-e', 'results["s00-raw"]["me/line"][1].Evt.Meta["source_ip"]')).stdout, '"192.0.2.2"\n');
  assert.equal((await run('eval', 'good', '--overflows', '-e', 'len(results)')).stdout, '2\n');
  const tree = (await run('explain', 'good')).stdout;
  assert.match(tree, /^line: 192\.0\.2\.1 bad\n\t├ s00-raw\n\t\|\t└ 🟢 me\/line \(\+\d+ ~\d+\)\n\t├-+ parser success 🟢\n\t├ Scenarios\n\t\t└ 🟢 me\/bad\n/);
  assert.match((await run('explain', 'good', '--failures')).stdout, /^line: nothing\n/);
  assert.match((await run('coverage')).stdout, / me\/line +🟢 +1 times \(across 1 tests\)[^]* me\/other +🔴 +0 times/);
  assert.equal((await run('coverage', '--percent')).stdout, 'parsers=50%\nscenarios=100%\n');
});

test('what cannot be done says so', async () => {
  assert.match((await run('run')).stderr, /please provide test to run or --all flag/);
  assert.match((await run('run', 'none')).stderr, /test 'none' does not exist/);
  assert.match((await run('run', 'good', '--appsec')).stderr, /appsec rules cannot be tested/);
  assert.match((await run('run', 'good', '-o', 'raw')).stderr, /only human\/json output modes are supported/);
});
