// The engine against the naive oracle: the alerts of a strictly sequential reading of the specification, in order.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { loadConfig } from '../../ts/config/config.js';
import { ExpectMode } from '../../ts/event/line.js';
import { nginxLines, sshdLines, type Corpus } from '../../ts/instance/corpus.js';
import { alertText, asNaive, installedOf, runEngine } from '../support/engine-run.js';
import { TestInstance } from '../support/instance.js';
import { NaiveEngine } from '../support/naive-engine.js';
import { sharedPath, skipWithout } from '../support/shared.js';
import { testSeed } from '../support/random.js';

const nowMs = Date.parse('2026-11-23T01:00:00Z');
/** The oracle takes milliseconds a line: PALISADE_ORACLE_LINES=10000 compares the reference logs whole (a minute). */
const linesMax = Number(process.env['PALISADE_ORACLE_LINES'] ?? 2000);
const seedOfRun = testSeed();

describe('with the reference hub', skipWithout('logs'), () => {
  const collections = ['sshd', 'linux', 'nginx', 'apache2', 'base-http-scenarios'].map((name) => `crowdsecurity/${name}`);
  let instance: TestInstance;
  before(async () => { instance = await TestInstance.create({ hub: 'shared', collections }); });
  after(() => instance.remove());

  for (const [name, type] of [['openssh-2k', 'syslog'], ['apache-access-10k', 'apache2'], ['apache-error-2k', 'apache2']] as const) {
    test(`${name} gives the alerts of the oracle, in its order`, async () => {
      const lines = readFileSync(sharedPath(`logs/${name}.log`)!, 'latin1').split('\n').filter((line) => line !== '').slice(0, linesMax);
      await compare(instance, lines, type);
    });
  }
});

describe('with the embedded hub', () => {
  let instance: TestInstance;
  before(async () => {
    instance = await TestInstance.create({ hub: 'embedded',
      collections: ['sshd', 'linux', 'nginx', 'apache2', 'base-http'].map((name) => `palisade/${name}`) });
  });
  after(() => instance.remove());

  for (const [name, type, corpus] of [['sshd', 'syslog', sshdLines], ['nginx', 'nginx', nginxLines]] as const) {
    test(`a generated ${name} log gives the alerts of the oracle, in its order (seed ${seedOfRun})`, async () => {
      const lines = take(corpus({ seed: seedOfRun, startSeconds: nowMs / 1000 - 3600, linesPerSecond: 3, attackShare: 0.4,
        attackers: 6 }), 800);
      const count = await compare(instance, lines, type);
      assert.ok(count > 10, `only ${count} alerts`);
    });
  }
});

async function compare(instance: TestInstance, lines: readonly string[], type: string): Promise<number> {
  const source = { src: '/var/log/test.log', labels: { type }, mode: ExpectMode.timeMachine };
  const batches = Array.from({ length: Math.ceil(lines.length / 500) }, (_, index) =>
    ({ lines: lines.slice(500 * index, 500 * (index + 1)), readAtMs: nowMs }));
  const config = loadConfig(instance.config);
  const expected = await new NaiveEngine(installedOf(config), config.paths.dataDir, nowMs).run(batches, source);
  const { alerts } = await runEngine(instance.config, batches, source, 2, nowMs - Date.now());
  assert.deepEqual(alerts.map((alert) => alertText(asNaive(alert))), expected.map(alertText));
  return alerts.length;
}

function take(corpus: Corpus, count: number): string[] {
  return Array.from({ length: count }, () => corpus.next().value);
}
