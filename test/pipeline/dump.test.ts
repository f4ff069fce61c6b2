// `-dump-data`: the three files, as a tool made for CrowdSec's dumps would read them.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { yamlText, YamlTime } from '../../ts/pipeline/dump-yaml.js';
import { GoInt } from '../../ts/util/go-value.js';
import { TestInstance } from '../support/instance.js';

type Dumped = Record<string, any>;

const rules = {
  'parsers/s00-raw/line.yaml': `name: test/line
filter: "evt.Line.Labels.type == 'test'"
onsuccess: next_stage
pattern_syntax: { WORDS: '[a-z ]+' }
grok: { pattern: '^%{IP:ip} %{WORDS:what}$', apply_on: Line.Raw }
statics:
  - { meta: source_ip, expression: evt.Parsed.ip }
  - { meta: log_type, value: test }
  - { target: evt.StrTime, value: "2026-05-04T03:02:01Z" }
`,
  'parsers/s02-enrich/date.yaml': `name: test/date
filter: "evt.StrTime != ''"
statics:
  - { method: ParseDate, expression: evt.StrTime }
  - { target: evt.MarshaledTime, expression: evt.Enriched.MarshaledTime }
`,
  'parsers/s02-enrich/never.yaml': 'name: test/never\nfilter: "false"\nstatics: [{ meta: x, value: y }]\n',
  'postoverflows/s01-whitelist/friend.yaml': `name: test/friend
description: lets one in
whitelist: { reason: a friend, ip: ["192.0.2.9"] }
`,
  'scenarios/twice.yaml': `type: leaky
name: test/twice
description: two bad words
filter: "evt.Meta.log_type == 'test' && evt.Parsed.what == 'bad word'"
groupby: evt.Meta.source_ip
capacity: 1
leakspeed: 10s
labels: { remediation: true }
`,
};

describe('-dump-data', () => {
  let instance: TestInstance;
  let dir: string;
  let run: Awaited<ReturnType<TestInstance['palisade']>>;
  const dump = (name: string): any => parse(readFileSync(join(dir, name), 'utf8'));

  before(async () => {
    instance = await TestInstance.create({ hub: 'embedded', rules });
    dir = join(mkdtempSync(join(tmpdir(), 'palisade-dump-')), 'results');
    const log = join(instance.dir, 'x.log');
    writeFileSync(log, ['192.0.2.1 bad word', '192.0.2.9 bad word', '192.0.2.1 bad word', '192.0.2.9 bad word', '192.0.2.1 good word',
      'not for us'].map((line) => `${line}\n`).join(''));
    run = await instance.palisade(['-dsn', `file://${log}`, '-type', 'test', '-no-api', '-dump-data', dir]);
  });
  after(() => {
    instance.remove();
    rmSync(join(dir, '..'), { recursive: true });
  });

  test('ends with 0 and stores no alert', () => {
    assert.equal(run.exit, 0, run.stderr);
    assert.deepEqual(instance.alerts(), []);
  });

  test('parser-dump.yaml has stages, nodes and what came of each event, postoverflows and the pseudo stage included', () => {
    const stages = dump('parser-dump.yaml') as Record<string, Dumped>;
    assert.deepEqual(Object.keys(stages), ['s00-raw', 's01-whitelist', 's02-enrich', 'success']);
    assert.deepEqual(stages['success'], { '': [] });
    assert.deepEqual(stages['s00-raw']['test/line'].map(({ idx, success }: Dumped) => [idx, success]),
      [[0, true], [1, true], [2, true], [3, true], [4, true], [5, false]]);
    assert.deepEqual(stages['s02-enrich']['test/never'].map(({ success }: Dumped) => success), Array(5).fill(false));
    const { evt } = stages['s00-raw']['test/line'][0] as Dumped;
    assert.deepEqual(Object.keys(evt), ['ExpectMode', 'Stage', 'Line', 'Parsed', 'Time', 'StrTime', 'Meta']);
    assert.deepEqual(Object.keys(evt.Line), ['Raw', 'Src', 'time', 'Labels', 'process', 'Module']);
    assert.deepEqual(evt.Parsed, { ip: '192.0.2.1', what: 'bad word' });
    assert.equal(evt.Stage, 's02-enrich');
    assert.equal(evt.Line.Raw, '192.0.2.1 bad word');
    assert.deepEqual(stages['s01-whitelist']['test/friend'].map(({ evt: { Overflow } }: Dumped) => Overflow.Whitelisted),
      [undefined, true]);
  });

  test('bucketpour-dump.yaml has the pours of each scenario and what was offered', () => {
    const pours = dump('bucketpour-dump.yaml') as Record<string, Dumped[]>;
    assert.deepEqual(Object.entries(pours).map(([name, events]) => [name, events.length]), [['OK', 5], ['test/twice', 4]]);
    assert.equal(pours['test/twice'][0]['MarshaledTime'], '2026-05-04T03:02:01Z');
  });

  test('bucket-dump.yaml has every overflow, whitelisted ones too', () => {
    const overflows = dump('bucket-dump.yaml') as Dumped[];
    assert.deepEqual(overflows.map(({ Overflow }) => [Object.keys(Overflow.Sources), Overflow.Whitelisted ?? false]),
      [[['192.0.2.1'], false], [['192.0.2.9'], true]]);
    const [{ Type, Overflow }] = overflows;
    assert.equal(Type, 1);
    assert.deepEqual(Overflow.Sources['192.0.2.1'], { asname: '', asnumber: '', cn: '', ip: '192.0.2.1', latitude: 0,
      longitude: 0, range: '', scope: 'Ip', value: '192.0.2.1' });
    assert.deepEqual(Object.keys(Overflow.Alert), ['capacity', 'createdat', 'decisions', 'events', 'eventscount', 'id', 'kind',
      'labels', 'leakspeed', 'machineid', 'message', 'meta', 'remediation', 'scenario', 'scenariohash', 'scenarioversion',
      'simulated', 'source', 'startat', 'stopat', 'uuid']);
    assert.equal(Overflow.Alert.eventscount, 2);
    assert.equal(Overflow.Alert.remediation, true);
    assert.deepEqual(Overflow.APIAlerts, [Overflow.Alert]);
  });

  test('an empty run still writes the three files', async () => {
    const log = join(instance.dir, 'none.log');
    writeFileSync(log, 'nothing of this is known\n');
    const { exit, stderr } = await instance.palisade(['-dsn', `file://${log}`, '-type', 'other', '-no-api', '-dump-data', dir]);
    assert.equal(exit, 0, stderr);
    assert.deepEqual(dump('bucket-dump.yaml'), []);
    assert.deepEqual(dump('bucketpour-dump.yaml'), {});
    assert.ok(existsSync(join(dir, 'parser-dump.yaml')));
  });
});

test('what is written as YAML is read back as it was, by readers of 1.1 and of 1.2', () => {
  const texts = ['', 'plain', 'yes', 'No', 'null', '~', '1', '1.5', '1e3', '0x1f', '0o17', '1_000', '2026-01-01', '12:30:45', '- x', 'a: b',
    'a #b', ' lead', 'trail ', 'line\nbreak', 'tab\t', '"quoted"', "it's", 'é', '\u2028', '\u0085', '\u{1F600}', '<<', '=', 'on', 'n', '.inf',
    '\u0000\u001b', '%x', '@x', '`x', '{x}', '[x]', '*x', '&x', '!x', '|', '>', '?', ':', 'a/b-c_d.e'];
  const value = { texts, nested: { a: { b: [] }, c: {}, list: [[1, [2]], { k: 'v', l: [true, false, null] }] }, [' odd: key']: 1,
    numbers: [0, -1, 1.5, 1e6, 1e21, -2.5e-7, 999_999] };
  for (const version of ['1.1', '1.2'] as const) assert.deepEqual(parse(yamlText(value), { version }), value, version);
});

test('whole numbers beyond a million are written with an exponent, ints are not, and times are not texts', () => {
  assert.equal(yamlText({ f: 1e6, s: 200, i: new GoInt(1_000_000), t: new YamlTime('2026-01-01T00:00:00Z') }),
    'f: 1e+06\ns: 200\ni: 1000000\nt: 2026-01-01T00:00:00Z\n');
});
