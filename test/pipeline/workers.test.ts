// One answer whatever the number of workers: the same log gives the same alerts, whole and in order, with 1, 2 and 4
// workers, by the time in the log and by the time of reading, and they are the naive oracle's. Batches are a few lines
// long and their reading times are given, so workers interleave a great deal and no clock of the host matters.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { loadConfig } from '../../ts/config/config.js';
import { ExpectMode } from '../../ts/event/line.js';
import { randomFrom } from '../../ts/util/random.js';
import type { Alert } from '../../ts/model/alert.js';
import { alertText, asNaive, installedOf, runEngine } from '../support/engine-run.js';
import { TestInstance } from '../support/instance.js';
import { NaiveEngine, type NaiveBatch } from '../support/naive-engine.js';
import { testSeed } from '../support/random.js';

const seed = testSeed();
const startMs = Date.parse('2026-05-06T07:00:00Z');

const parser = `name: test/lines
description: lines of this test
filter: evt.Line.Labels.type == 'test'
onsuccess: next_stage
grok:
  pattern: '^%{TIMESTAMP_ISO8601:time} %{WORD:service} %{NOTSPACE:source} %{NOTSPACE:user}$'
  apply_on: Line.Raw
statics:
  - {target: evt.StrTime, expression: evt.Parsed.time}
  - {meta: service, expression: evt.Parsed.service}
  - {meta: source_ip, expression: evt.Parsed.source}
  - {meta: user, expression: evt.Parsed.user}
`;
const dates = `name: test/dates
description: dates of this test
filter: evt.StrTime != ''
statics:
  - {method: ParseDate, expression: evt.StrTime}
  - {target: evt.MarshaledTime, expression: evt.Enriched.MarshaledTime}
  - {meta: timestamp, expression: evt.Enriched.MarshaledTime}
`;
/** A line of ftp names only a session; its source was in the line of vpn that opened it. */
const stash = `name: test/sessions
description: who opened a session
filter: evt.Meta.service == 'vpn'
stash:
  - {name: sessions, key: evt.Meta.user, value: evt.Meta.source_ip, ttl: 1h, size: 3}
statics:
  - {meta: opened, value: "yes"}
---
name: test/session-lines
description: lines that know only the session
filter: evt.Meta.service == 'ftp' && GetFromStash('sessions', evt.Meta.user) != ''
statics:
  - {meta: source_ip, expression: "GetFromStash('sessions', evt.Meta.user)"}
`;
const scenarios = `type: leaky
name: test/plain
description: reprocessed
filter: evt.Meta.service in ['ssh', 'ftp']
groupby: evt.Meta.source_ip
capacity: 3
leakspeed: 2s
blackhole: 5s
reprocess: true
labels: {remediation: true}
---
type: leaky
name: test/distinct
description: different users
filter: evt.Meta.service == 'ssh'
groupby: evt.Meta.source_ip
distinct: evt.Meta.user
capacity: 2
leakspeed: 9s
---
type: leaky
name: test/cancelled
description: a login ends the suspicion
filter: evt.Meta.service in ['ssh', 'vpn']
groupby: evt.Meta.source_ip
cancel_on: evt.Meta.user == 'deploy'
capacity: 4
leakspeed: 3s
---
type: conditional
name: test/condition
description: three users one after the other
filter: evt.Meta.service == 'http'
groupby: evt.Meta.source_ip
capacity: -1
leakspeed: 20s
condition: len(queue.Queue) >= 3 && queue.Queue[-1].Meta.user != queue.Queue[-2].Meta.user && queue.Queue[-2].Meta.user != queue.Queue[-3].Meta.user
---
type: trigger
name: test/trigger
description: one is enough
filter: evt.Meta.service == 'http' && evt.Meta.user == 'root'
groupby: evt.Meta.source_ip
blackhole: 4s
reprocess: true
---
type: counter
name: test/counter
description: how many in a while
filter: evt.Meta.service == 'ftp'
groupby: evt.Meta.user
capacity: -1
duration: 7s
cache_size: 4
---
type: bayesian
name: test/bayesian
description: doubts add up
filter: evt.Meta.service == 'ssh'
groupby: evt.Meta.source_ip
bayesian_prior: 0.2
bayesian_threshold: 0.8
bayesian_conditions:
  - {condition: "evt.Meta.user == 'root'", prob_given_evil: 0.8, prob_given_benign: 0.1, guillotine: true}
  - {condition: "len(queue.Queue) > 2", prob_given_evil: 0.7, prob_given_benign: 0.2}
capacity: -1
leakspeed: 15s
---
type: leaky
name: test/vetoed
description: a veto at the end
filter: evt.Meta.service == 'vpn'
groupby: evt.Meta.source_ip
capacity: 1
leakspeed: 30s
overflow_filter: any(queue.Queue, {#.Meta.user == 'root'})
---
type: leaky
name: test/again
description: who ran over twice
filter: evt.GetType() == 'overflow' && evt.Overflow.Alert.GetScenario() in ['test/plain', 'test/trigger']
groupby: evt.Overflow.Alert.GetScenario()
distinct: evt.Overflow.Alert.Source.Value
capacity: 1
leakspeed: 40s
`;

for (const [title, rules] of [
  ['distinct, condition, cancel_on, reprocess', { 'parsers/s00-raw/lines.yaml': parser, 'parsers/s02-enrich/dates.yaml': dates,
    'scenarios/all.yaml': scenarios }],
  // A batch then brings nothing back, and the next one does not wait for its alerts.
  ['no scenario that takes overflows', { 'parsers/s00-raw/lines.yaml': parser, 'parsers/s02-enrich/dates.yaml': dates,
    'scenarios/all.yaml': scenarios.slice(0, scenarios.lastIndexOf('---')) }],
  ['distinct, condition, cancel_on, reprocess and a stash', { 'parsers/s00-raw/lines.yaml': parser, 'parsers/s01-parse/sessions.yaml': stash,
    'parsers/s01-parse/then.yaml': 'name: test/then\ndescription: all\nonsuccess: next_stage\nstatics: [{meta: seen, value: "yes"}]\n',
    'parsers/s02-enrich/dates.yaml': dates, 'scenarios/all.yaml': scenarios }],
] as const) {
  describe(title, () => {
    let instance: TestInstance;
    before(async () => { instance = await TestInstance.create({ hub: 'embedded', rules }); });
    after(() => instance.remove());

    for (const [name, mode] of [['the log', ExpectMode.timeMachine], ['reading', ExpectMode.live]] as const) {
      test(`by the time of ${name} 1, 2 and 4 workers give the oracle's alerts (seed ${seed})`, async () => {
        const source = { src: '/var/log/test.log', labels: { type: 'test' }, mode };
        const batches = randomBatches(1200);
        const config = loadConfig(instance.config);
        const oracle = await new NaiveEngine(installedOf(config), config.paths.dataDir, startMs).run(batches, source);
        const repeat = `PALISADE_SEED=${seed} repeats it`;
        let whole: object[] | null = null;
        for (const workers of [1, 2, 4]) {
          const { alerts } = await runEngine(instance.config, batches, source, workers, startMs - Date.now());
          assert.deepEqual(alerts.map((alert) => alertText(asNaive(alert))), oracle.map(alertText), `${workers} workers, ${repeat}`);
          whole ??= alerts.map(withoutNames);
          assert.deepEqual(alerts.map(withoutNames), whole, `${workers} workers, ${repeat}`);
        }
        const seen = new Set(oracle.map(({ scenario }) => scenario));
        const expected = (mode === ExpectMode.live ? 9 : 8) - (rules['scenarios/all.yaml'] === scenarios ? 0 : 1);
        assert.ok(seen.size >= expected, `only these scenarios ran over: ${[...seen].join(' ')}; ${repeat}`);
      });
    }
  });
}

/** All of an alert but what is made anew in every run. */
function withoutNames({ uuid: _uuid, id: _id, created_at: _created, ...alert }: Alert): object {
  return alert;
}

/** Lines of a few sources and users in batches of 1 to 6, each read a little later than the one before. */
function randomBatches(lineCount: number): NaiveBatch[] {
  const random = randomFrom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
  const batches: NaiveBatch[] = [];
  let logMs = startMs;
  let readAtMs = startMs + 5000;
  for (let made = 0; made < lineCount;) {
    const lines: string[] = [];
    for (let left = 1 + Math.floor(random() * 6); left > 0; left--, made++) {
      logMs += Math.floor(random() * 900) - (random() < 0.1 ? 2000 : 0);
      const source = `10.0.0.${1 + Math.floor(random() * 6)}`;
      lines.push(random() < 0.03 ? 'no line of ours' : `${new Date(logMs).toISOString()} ${pick(['ssh', 'ssh', 'http', 'ftp', 'vpn'])} ${source} `
        + pick(['root', 'deploy', 'alice', 'bob', 'zoë', 'eve']));
    }
    readAtMs += Math.floor(random() * (random() < 0.1 ? 15_000 : 1200));
    batches.push({ lines, readAtMs });
  }
  return batches;
}
