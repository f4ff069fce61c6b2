// A real SSH log through the whole engine with the project's own rules: whoever CrowdSec's runs agree on banning for
// brute force is banned, and the commands show it readably.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { TestInstance, type StoredAlert } from '../support/instance.js';
import { sharedPath, skipWithout } from '../support/shared.js';

const clock = { PALISADE_NOW: '2026-11-23T01:00:00Z' };

describe('the reference logs with the embedded hub', skipWithout('golden/alerts/stability.json'), () => {
  let instance: TestInstance;
  before(async () => {
    instance = await TestInstance.create({ hub: 'embedded', collections: ['palisade/linux', 'palisade/nginx', 'palisade/apache2'] });
  });
  after(() => instance.remove());

  test('every source that CrowdSec always bans for SSH brute force is banned', async () => {
    await replay(instance, 'openssh-2k', 'syslog');
    const wanted = stableAlerts('openssh-2k').filter(({ scenario }) => /\/ssh-(slow-)?bf(_user-enum)?$/.test(scenario));
    const banned = instance.bannedValues();
    assert.ok(wanted.length > 20);
    assert.deepEqual([...new Set(wanted.map(({ value }) => value))].filter((value) => !banned.has(value)), []);
  });

  test('each of those alerts is there with its count and times, and nobody else is banned', () => {
    const name = ({ scenario }: StoredAlert): string => scenario.replace(/^\w+\//, '');
    const text = (alert: StoredAlert): string => [name(alert), alert.value, alert.start_at, alert.stop_at, alert.events_count].join(' ');
    const wanted = stableAlerts('openssh-2k').filter(({ scenario }) => /\/ssh-(slow-)?bf(_user-enum)?$/.test(scenario));
    const have = new Set(instance.alerts().map(text));
    assert.deepEqual(wanted.map(text).filter((alert) => !have.has(alert)), []);
    const always = new Set(rangesOf('openssh-2k').map(({ value }) => value));
    assert.deepEqual([...instance.bannedValues()].filter((value) => !always.has(value)), []);
  });

  test('the bans are listed, and one of the alerts inspected, with account names and addresses', async () => {
    const daemon = await instance.daemon(['-no-cs'], clock);
    try {
      const list = await instance.cscli(['decisions', 'list', '-o', 'json'], clock);
      assert.equal(list.exit, 0, list.stderr);
      assert.ok(list.stdout.includes('palisade/ssh-'), list.stdout.slice(0, 500));
      const inspected = await instance.cscli(['alerts', 'inspect', '1', '-d'], clock);
      assert.equal(inspected.exit, 0, inspected.stderr);
      for (const part of ['target_user', 'source_ip', 'ssh_failed-auth']) assert.ok(inspected.stdout.includes(part), part);
    } finally {
      await daemon.stop();
    }
  });

  for (const [name, type] of [['apache-access-10k', 'apache2'], ['apache-error-2k', 'apache2']] as const) {
    test(`${name} bans nobody`, async () => {
      instance.clearAlerts();
      await replay(instance, name, type);
      assert.deepEqual(instance.alerts(), []);
    });
  }
});

interface Stability {
  readonly stable_in_all_runs: readonly StoredAlert[];
  readonly pair_count_ranges: readonly { readonly value: string }[];
}

async function replay(instance: TestInstance, name: string, type: string): Promise<void> {
  const result = await instance.palisade(['-dsn', `file://${sharedPath(`logs/${name}.log`)}`, '-type', type], clock);
  assert.equal(result.exit, 0, result.stderr);
}

function stability(name: string): Stability {
  return (JSON.parse(readFileSync(sharedPath('golden/alerts/stability.json') as string, 'utf8')) as Record<string, Stability>)[name];
}

function stableAlerts(name: string): readonly StoredAlert[] {
  return stability(name).stable_in_all_runs;
}

function rangesOf(name: string): Stability['pair_count_ranges'] {
  return stability(name).pair_count_ranges;
}
