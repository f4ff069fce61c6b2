// The reference logs through the whole engine with CrowdSec's own rules: the alerts that CrowdSec's runs agree on.
// CrowdSec is not deterministic; ours must give one answer, whatever the number of workers, and it must lie within theirs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { TestInstance, type StoredAlert } from '../support/instance.js';
import { sharedPath, skipWithout } from '../support/shared.js';

const collections = ['sshd', 'linux', 'nginx', 'apache2', 'base-http-scenarios'].map((name) => `crowdsecurity/${name}`);
const logs = [
  { name: 'openssh-2k', type: 'syslog' },
  { name: 'apache-access-10k', type: 'apache2' },
  { name: 'apache-error-2k', type: 'apache2' },
] as const;

interface Stability {
  readonly stable_in_all_runs: readonly StoredAlert[];
  readonly pair_count_ranges: readonly { scenario: string; value: string; min: number; max: number }[];
}

describe('the reference logs with the reference hub', skipWithout('golden/alerts/stability.json'), () => {
  let instance: TestInstance;
  before(async () => { instance = await TestInstance.create({ hub: 'shared', collections }); });
  after(() => instance.remove());

  for (const { name, type } of logs) {
    for (const workers of [1, 2, 4]) {
      test(`${name} gives CrowdSec's alerts with ${workers} workers`, async () => {
        const stability = JSON.parse(readFileSync(sharedPath('golden/alerts/stability.json')!, 'utf8')) as Record<string, Stability>;
        instance.setWorkers(workers);
        instance.clearAlerts();
        const result = await instance.palisade(['-dsn', `file://${sharedPath(`logs/${name}.log`)}`, '-type', type],
          { PALISADE_NOW: '2026-11-23T01:00:00Z' });
        assert.equal(result.exit, 0, result.stderr);
        compare(instance.alerts(), stability[name] ?? { stable_in_all_runs: [], pair_count_ranges: [] });
      });
    }
  }
});

function compare(ours: readonly StoredAlert[], theirs: Stability): void {
  const text = ({ scenario, value, start_at, stop_at, events_count }: StoredAlert): string =>
    [scenario, value, start_at, stop_at, events_count].join(' ');
  const have = new Set(ours.map(text));
  assert.deepEqual(theirs.stable_in_all_runs.map(text).filter((alert) => !have.has(alert)), [], 'alerts that CrowdSec always gives');
  const counts = new Map<string, number>();
  for (const { scenario, value } of ours) counts.set(`${scenario} ${value}`, (counts.get(`${scenario} ${value}`) ?? 0) + 1);
  const wrong: string[] = [];
  for (const { scenario, value, min, max } of theirs.pair_count_ranges) {
    const count = counts.get(`${scenario} ${value}`) ?? 0;
    if (count < min || count > max) wrong.push(`${scenario} ${value}: ${count}, CrowdSec ${min} to ${max}`);
    counts.delete(`${scenario} ${value}`);
  }
  for (const [pair, count] of counts) wrong.push(`${pair}: ${count}, CrowdSec never`);
  assert.deepEqual(wrong, []);
}
