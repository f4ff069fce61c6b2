// lint: each finding with the rule that has it, all faults of a file at once, and the whole shared hub.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { embeddedHubDir } from '../../ts/hub/embedded.js';
import { findingText, type Finding } from '../../ts/lint/finding.js';
import { lint, type Surroundings } from '../../ts/lint/lint.js';
import { piecesOf } from '../../ts/lint/pattern-pieces.js';
import { runIn } from '../cli/instance.js';
import { sharedPath, skipWithout } from '../support/shared.js';

let directory: string;
const yamlBelow = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.ya?ml$/.test(name)).sort().map((name) => join(folder, name));
const embeddedParsers = yamlBelow(join(embeddedHubDir(), 'parsers')).map((path) => ({ path }));
const alone: Surroundings = { installed: { parsers: [], postoverflows: [], scenarios: [] }, available: embeddedParsers,
  patternDir: undefined, dataDir: null };

before(() => { directory = mkdtempSync(join(tmpdir(), 'palisade-lint-')); });
after(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(directory, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function lintTexts(texts: Readonly<Record<string, string>>, surroundings: Surroundings = alone): Finding[] {
  return lint(Object.entries(texts).map(([name, text]) => write(name, text)), surroundings);
}

/** `code line:column`. */
const brief = ({ code, place }: Finding): string => `${code} ${place.line}:${place.column}`;

const parser = (grok: string, more = ''): string => `name: me/app
filter: "evt.Parsed.program == 'app'"
onsuccess: next_stage
grok:
  apply_on: message
  pattern: '${grok}'
statics:
  - meta: log_type
    value: app_fail
${more}`;
const scenario = (filter: string): string => `type: leaky
name: me/app-bf
description: d
filter: ${filter}
groupby: evt.Meta.source_ip
capacity: 5
leakspeed: 10s
labels: {}
`;

test('patterns that load but cannot do what they say are found where they stand', () => {
  const cases: readonly (readonly [pattern: string, findings: readonly string[]])[] = [
    ['^fail %{DATA:user} from %{IP:ip}$', []],
    ['^fail %{WORD:user} from %{IP:ip}', []],
    ['fail %{DATA:user} from %{IP:ip}', ['unanchored-address 6:36']],
    ['^fail %{GREEDYDATA:user} from %{IP:ip}', ['unanchored-address 6:43']],
    ['^fail .*from (?:host )?(%{IPORHOST:ip})', ['unanchored-address 6:36']],
    ['^a$ b %{INT:n}', ['group-never-matches 6:15']],
    ['^%{INT:n}(?:a^b|c)$', ['group-never-matches 6:26']],
    ['^%{INT:n}(?:x|y|x)$', ['group-never-matches 6:29']],
    ['^(\\s*$|%{INT:n})', []],
    ['^no field$', ['grok-never-succeeds 6:13']],
    ['^%{IP:ip}|%{WORD} %{IP:ip}$', ['field-captured-twice 6:14']],
  ];
  for (const [pattern, findings] of cases) {
    assert.deepEqual(lintTexts({ 'parsers/s01-parse/a.yaml': parser(pattern) }).map(brief), findings, pattern);
  }
});

test('filters that no line can pass, fields that nothing writes and loops over files are found', () => {
  const cases: readonly (readonly [filter: string, findings: readonly string[]])[] = [
    ['evt.Meta.log_type == "app_fail"', []],
    ['evt.Meta.log_type == "app_fail" && evt.Meta.service == "app"', []],
    ['evt.Meta.log_type == "app_fial"', ['filter-never-true 4:9']],
    ['evt.Meta.log_type == "app_fail" && evt.Meta.log_type == "other"', ['filter-never-true 4:9']],
    ['evt.Meta.log_type == "app_fail" && evt.Meta.service == "ssh"', ['filter-never-true 4:9']],
    ['evt.Meta.log_type in ["app_fail", "x"] && evt.Parsed.usr != ""', ['unknown-field 4:62']],
    ['evt.Meta.log_type == "app_fail" && any(File("x.txt"), { evt.Parsed.user ==# })', ['whole-file-scan 4:48']],
    ['evt.Meta.log_type == "app_fail" && evt.Parsed.user in File("x.txt")', []],
  ];
  for (const [filter, findings] of cases) {
    const found = lintTexts({ 'parsers/s01-parse/a.yaml': parser('^%{WORD:user} %{IP:source_ip}$',
      '  - meta: service\n    value: app\n  - meta: source_ip\n    expression: evt.Parsed.source_ip\n'),
    'scenarios/b.yaml': scenario(filter) });
    assert.deepEqual(found.map(brief), findings, filter);
  }
});

test('all faults of a file are found, each once, and lines stay where they are', () => {
  const text = `name: me/app
filter: "evt.Parsd.program == 'app'"
color: red
pattern_syntax:
  BAD: '(unclosed'
  GOOD: '%{NOPE:x}'
nodes:
  - grok:
      apply_on: message
      pattern: "^%{WORD:user} (?!x)$"
    statics:
      - meta: a
      - meta: b
        expression: evt.Parsed.
      - meta: user
        expression: evt.Parsed.user
  - filter: |
      evt.Line.Raw contains 'x' &&
      evt.Nope == 'x'
    grok:
      pattern: 'x'
whitelist:
  reason: r
  cidr: [300.0.0.0/8, 10.0.0.0/8]
  expression: ["1 +", "true"]
`;
  const found = lintTexts({ 'parsers/s01-parse/a.yaml': text });
  assert.deepEqual(found.map(({ place }) => place.line), [2, 3, 5, 6, 10, 12, 14, 19, 21, 24, 25]);
  assert.ok(found.every(({ severity }) => severity === 'error'), found.map(findingText).join('\n'));
});

test('a bucket whose numbers do not fit is still looked through, and the next document too', () => {
  const found = lintTexts({ 'scenarios/b.yaml': `${scenario('evt.Meta.nope == "x"').replace('capacity: 5', 'capacity: -5')}---
${scenario('evt.Metta.x == "y"').replace('10s', '10 seconds')}` });
  assert.deepEqual(found.map(({ code, place }) => [code, place.line]), [['unknown-field', 4], ['E_RULE', 6], ['E_EXPRESSION', 13],
    ['E_RULE', 16]]);
});

test('contexts: faults, fields that nothing writes, functions that are left out', () => {
  const found = lintTexts({ 'parsers/s01-parse/a.yaml': parser('^%{WORD:user} %{IP:source_ip}$'), 'contexts/c.yaml': `context:
  user:
    - evt.Parsed.user
    - evt.Parsed.usr
    - evt.Parsd.user
  hash: ["JA4H(req)"]
`, 'console/context.yaml': 'kind: [evt.Meta.log_type, evt.Meta.]\n', 'mine.yaml': 'context: [a]\n' });
  assert.deepEqual(found.map(brief), ['unknown-field 4:18', 'E_EXPRESSION 5:11', 'load-warning 6:1', 'E_EXPRESSION 1:35', 'E_SHAPE 1:10']);
});

test('profiles: faults, and those that do nothing', () => {
  const profile = (name: string, more: string): string => `name: ${name}\n${more}`;
  const ban = 'decisions: [{type: ban, duration: 4h}]\n';
  const cases: readonly (readonly [texts: readonly string[], findings: readonly string[]])[] = [
    [[profile('a', `filters: ['Alert.GetScope() == "Ip"']\n${ban}on_success: break\n`)], []],
    [[profile('a', `filters: ['Alert.GetScope() == "ip"']\n${ban}`)], ['filter-never-true 2:18']],
    [[profile('a', ban)], ['profile-without-effect 1:1']],
    [[profile('a', 'filters: ["true"]\n')], ['profile-without-effect 1:1']],
    [[profile('a', 'filters: ["true"]\non_success: break\n')], []],
    [[profile('a', 'filters: ["true"]\ndecisions: [{type: ban}]\n')], ['load-warning 1:1']],
    [[profile('a', `filters: ["true"]\n${ban}on_success: break\n`), profile('b', `filters: [Alert.Remediation]\n${ban}`)], ['profile-without-effect 6:1']],
    [[profile('a', `filters: [Alert.Remediaton]\n${ban.replace('4h', '4 hours')}on_success: stop\n`)],
      ['E_EXPRESSION 2:17', 'E_RULE 3:35', 'E_RULE 4:13']],
    [[profile('a', 'filters: ["1 + 1"]\ncolour: red\n')], ['E_EXPRESSION 2:14', 'E_SHAPE 3:1']],
  ];
  for (const [texts, findings] of cases) {
    assert.deepEqual(lintTexts({ 'profiles.yaml': texts.join('---\n') }).map(brief), findings, texts.join());
  }
  assert.deepEqual(lintTexts({ 'mine.yaml': profile('a', `filters: ["tru"]\n${ban}`) }).map(brief), ['E_EXPRESSION 2:12']);
});

test('what is no YAML, no rule or not there is an error', () => {
  const found = lintTexts({ 'x.yaml': 'a: [', 'parsers/s01-parse/y.yaml': 'a: "b', 'z.yaml': 'colour: red' });
  assert.deepEqual(found.map(({ code }) => code), ['E_YAML', 'E_YAML', 'E_RULE']);
  const absent = join(directory, 'absent.yaml');
  assert.deepEqual(lint([absent], alone).map(({ code, text }) => [code, text]), [['E_FILE', `open ${absent}: no such file or directory`]]);
});

test('regular expressions of data files are read too', () => {
  write('data/agents.txt', '# comment\n(fine|good)\n(bad\n');
  const found = lintTexts({ 'scenarios/b.yaml': `${scenario('RegexpInFile(evt.Line.Raw, "agents.txt")')}data:
  - source_url: https://example.com/agents.txt
    dest_file: agents.txt
    type: regexp
` }, { ...alone, dataDir: join(directory, 'data') });
  assert.deepEqual(found.map(brief), ['data-pattern-refused 3:1']);
});

test('pieces of a pattern, put together again, are the pattern', () => {
  const pattern = '^(?i)a\\[%{IP:ip}{2,3}?(?:x|[^]\\]x]+|(?P<n>\\d))*\\Qa|b\\E \\x{1F600}[[:alpha:]]$|b\\b😀';
  const text = piecesOf(pattern).map((pieces) => pieces.map(({ source }) => source).join('')).join('|');
  assert.equal(text, pattern);
  assert.deepEqual(piecesOf('^(?i)a%{IP:ip}?(?:x|y)*')[0].map(({ kind }) => kind), ['anchor', 'flags', 'text', 'reference', 'group']);
});

test('the command prints places with carets, or JSON, and exits 1 for errors, with --strict for warnings', async () => {
  const file = write('parsers/s01-parse/c.yaml', parser('fail %{DATA:user} from %{IP:ip}'));
  const config = write('config.yaml', `config_paths:\n  config_dir: ${directory}\n  data_dir: ${directory}\n`);
  const plain = await runIn(directory, ['-c', config, 'lint', 'parsers/s01-parse/c.yaml']);
  assert.equal(plain.exit, 0, plain.stderr);
  assert.match(plain.stdout, /c\.yaml:6:36: warning: .* \[unanchored-address\]\n {2}6 \| .*\n.*\^\n0 errors and 1 warning in 1 file\n$/);
  const strict = await runIn(directory, ['-c', config, 'lint', '--strict', '-o', 'json', 'parsers']);
  assert.equal(strict.exit, 1);
  const [finding] = (JSON.parse(strict.stdout) as { file: string }[]).filter((each) => each.file === file);
  assert.deepEqual({ ...finding, message: '' },
    { file, line: 6, column: 36, severity: 'warning', code: 'unanchored-address', message: '' });
  write('scenarios/d.yaml', scenario('evt.'));
  assert.equal((await runIn(directory, ['-c', config, 'lint', 'scenarios/d.yaml'])).exit, 1);
});

test('of a hub its rules are looked at, not its tests, collections and appsec rules', async () => {
  for (const path of ['hub/.tests/x/config.yaml', 'hub/collections/me/all.yaml', 'hub/appsec-rules/me/a.yaml']) write(path, 'log_file: x.log\n');
  write('hub/scenarios/me/bad.yaml', scenario('evt.'));
  const { stdout, stderr, exit } = await runIn(directory, ['lint', 'hub']);
  assert.deepEqual([exit, /in 1 file$/m.test(stderr), stdout.match(/: error: /g)?.length], [1, true, 1], stderr);
  assert.equal((await runIn(directory, ['lint', 'hub/collections/me/all.yaml'])).exit, 1, 'what is named is looked at');
});

test('the embedded rules have no findings but those known', () => {
  const files = ['parsers', 'scenarios'].flatMap((kind) => yamlBelow(join(embeddedHubDir(), kind)));
  assert.deepEqual(lint(files, alone).map(findingText), []);
});

/** What the shared hub has, and why each is right; docs/lint.md has an example of each. */
const hubFindings: Readonly<Record<string, number>> = {
  // Patterns with DATA or .* before the address and no ^ or no $: an attacker's user name may carry an address.
  'unanchored-address': 125,
  // `target: source_ip` (litellm-logs) and TIMESTAMP with a second text (synology-dsm-logs), as CrowdSec says.
  'load-warning': 2,
  // The optional second host of nginx error logs (four parsers), LEN and TTL in proxmox-iptables-logs.
  'field-captured-twice': 6,
  // The two "Reason: …" groks of mssql-logs: their parent lives by its children.
  'grok-never-succeeds': 2,
  // Misspelt or missing fields: datasource_type, errnum, GeoCoords; the rest are hashes and Product in sigma rules.
  'unknown-field': 51,
  // any(File(…)) over the word lists of the HTTP scenarios.
  'whole-file-scan': 11,
};

test('the whole shared hub has no errors, and the findings that are explained', skipWithout('hub'), () => {
  const hub = sharedPath('hub') as string;
  const files = ['parsers', 'postoverflows', 'scenarios', 'contexts'].flatMap((kind) => yamlBelow(join(hub, kind)));
  const findings = lint(files, { ...alone, available: [] });
  assert.deepEqual(findings.filter(({ severity }) => severity === 'error').map(findingText), []);
  const counts: Record<string, number> = {};
  for (const { code } of findings) counts[code] = (counts[code] ?? 0) + 1;
  assert.deepEqual(counts, hubFindings);
});
