// Every alert says where it came from: each event the file, the line and the parser nodes of its own line, in a replay of
// several files by one worker and by three, in files that are followed, for long lines and for overflows that come back.

import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { limits } from '../../ts/limits.js';
import { TestInstance } from '../support/instance.js';

const parser = `name: test/lines
description: lines of this test
filter: evt.Line.Labels.type == 'test'
onsuccess: next_stage
nodes:
  - grok: {pattern: '^%{TIMESTAMP_ISO8601:time} door %{IP:source} ', apply_on: Line.Raw}
  - grok: {pattern: '^%{TIMESTAMP_ISO8601:time} window %{IP:source} ', apply_on: Line.Raw}
statics:
  - {target: evt.StrTime, expression: evt.Parsed.time}
  - {meta: source_ip, expression: evt.Parsed.source}
`;
const placeOf = { door: 'lines.yaml:6', window: 'lines.yaml:7' } as const;
const marked = `name: test/marked
description: some lines are marked
filter: evt.Line.Raw contains ' marked '
statics: [{meta: marked, value: "yes"}]
---
name: test/all
description: all lines go on
onsuccess: next_stage
statics: [{meta: seen, value: "yes"}]
`;
const dates = `name: test/dates
description: dates of this test
filter: evt.StrTime != ''
statics:
  - {method: ParseDate, expression: evt.StrTime}
  - {target: evt.MarshaledTime, expression: evt.Enriched.MarshaledTime}
`;
const scenarios = `type: leaky
name: test/thrice
description: three lines of one source
filter: evt.GetType() == 'log'
groupby: evt.Meta.source_ip
capacity: 2
leakspeed: 1h
reprocess: true
---
type: trigger
name: test/again
description: takes the overflow back
filter: evt.GetType() == 'overflow' && evt.Overflow.Alert.GetScenario() == 'test/thrice'
`;

/** A line of the log and what an alert must say of it. */
interface Line {
  readonly text: string;
  readonly shown: string;
  readonly nodes: string;
}

interface StoredEvent {
  readonly alert: number;
  readonly scenario: string;
  readonly value: string;
  readonly serialized: string;
}

describe('where alerts came from', () => {
  let instance: TestInstance;
  let logs: string;
  const files = new Map<string, readonly Line[]>();

  before(async () => {
    instance = await TestInstance.create({ hub: 'embedded', rules: { 'parsers/s00-raw/lines.yaml': parser, 'parsers/s01-parse/marked.yaml': marked,
      'parsers/s02-enrich/dates.yaml': dates, 'scenarios/all.yaml': scenarios } });
    logs = join(instance.dir, 'logs');
    mkdirSync(logs);
    for (const name of ['a.log', 'b.log', 'c.log']) {
      files.set(join(logs, name), linesOf(name));
      writeFileSync(join(logs, name), textOf(linesOf(name)));
    }
  });
  after(() => instance.remove());

  for (const workers of [1, 3]) {
    test(`each event of a replay of three files tells of its own line (${workers} workers)`, async () => {
      instance.clearAlerts();
      instance.setWorkers(workers);
      const result = await instance.palisade(['-dsn', `file://${logs}/*.log`, '-type', 'test']);
      assert.equal(result.exit, 0, result.stderr);
      checkEvents(storedEvents(instance), files);
    });
  }

  test('each event of followed files does, and alerts inspect -d shows it', async () => {
    instance.clearAlerts();
    writeFileSync(join(instance.dir, 'etc/acquis.yaml'), `filenames: ['${logs}/followed-*.log']\nlabels: {type: test}\n`);
    const followed = new Map([...files].map(([file, lines]) => [file.replace(/\/(\w+\.log)$/, '/followed-$1'), lines]));
    for (const file of followed.keys()) writeFileSync(file, '');
    const daemon = await instance.daemon();
    try {
      for (const [file, lines] of followed) appendFileSync(file, textOf(lines));
      const wanted = [...files.values()].flat().length / 3 * 4;
      await daemon.until(() => storedEvents(instance).length >= wanted);
      checkEvents(storedEvents(instance), followed);
      const inspected = await instance.cscli(['alerts', 'inspect', String(storedEvents(instance)[0].alert), '-d']);
      assert.equal(inspected.exit, 0, inspected.stderr);
      assert.match(inspected.stdout, /palisade_file +\| .*\/logs\/followed-\w\.log/);
      assert.match(inspected.stdout, /palisade_line +\| \d{4}-05-06T/);
      assert.match(inspected.stdout, /palisade_nodes +\| s00-raw test\/lines > lines\.yaml:\d/);
    } finally {
      await daemon.stop();
    }
  });
});

/** Each line is in one alert of its source, and the overflow that came back tells of the line that led to it. */
function checkEvents(events: readonly StoredEvent[], files: ReadonlyMap<string, readonly Line[]>): void {
  const expected = new Map([...files].flatMap(([file, lines]) => lines.map(({ shown, nodes }) => [shown, { file, nodes }] as const)));
  const lastOf = new Map<string, string>();
  const seen: string[] = [];
  for (const { scenario, value, serialized } of events) {
    const meta = new Map((JSON.parse(serialized) as { key: string; value: string }[]).map((item) => [item.key, item.value]));
    const line = meta.get('palisade_line') ?? '';
    const origin = { file: meta.get('palisade_file'), nodes: meta.get('palisade_nodes') };
    assert.deepEqual(origin, expected.get(line), line.slice(0, 200));
    if (scenario === 'test/again') assert.equal(line, lastOf.get(value));
    else {
      seen.push(line);
      lastOf.set(value, line);
    }
  }
  assert.deepEqual(seen.sort(), [...expected.keys()].sort());
  assert.equal(events.length - seen.length, seen.length / 3);
}

/** Lines of sources of this file alone, three of each: of both kinds, marked or not, short, long, and too long to read whole. */
function linesOf(file: string): Line[] {
  const paddings = ['', 'x'.repeat(limits.provenanceLineCharsMax), 'zoë '.repeat(40), '😀'.repeat(limits.provenanceLineCharsMax), 'y'.repeat(70_000)];
  return Array.from({ length: 150 }, (_, index) => {
    const kind = index % 2 === 0 ? 'door' : 'window';
    const isMarked = index % 7 < 3;
    const source = `10.${file.charCodeAt(0)}.0.${index % 50}`;
    const text = `2026-05-06T07:00:${String(index % 60).padStart(2, '0')}Z ${kind} ${source} ${file} ${index}${isMarked ? ' marked ' : ' '}`
      + (paddings[index % 30] ?? '');
    return { text, shown: cut(text), nodes: ['s00-raw test/lines', placeOf[kind], ...(isMarked ? ['s01-parse test/marked'] : []),
      's01-parse test/all', 's02-enrich test/dates'].join(' > ') };
  });
}

/** As many letters as an event carries, none of them half. */
function cut(text: string): string {
  if (text.length <= limits.provenanceLineCharsMax) return text;
  const head = Array.from(text.slice(0, limits.provenanceLineCharsMax));
  return `${head.filter((char) => !/^[\ud800-\udfff]$/.test(char)).join('')}...`;
}

function textOf(lines: readonly Line[]): string {
  return lines.map(({ text }) => `${text}\n`).join('');
}

function storedEvents(instance: TestInstance): StoredEvent[] {
  const database = new Database(join(instance.dir, 'data/crowdsec.db'), { readonly: true });
  try {
    return database.prepare(`SELECT alerts.id AS alert, scenario, source_value AS value, serialized FROM events
      JOIN alerts ON alerts.id = alert_events ORDER BY events.id`)
      .all() as StoredEvent[];
  } finally {
    database.close();
  }
}
