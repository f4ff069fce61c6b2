// Where an alert came from: its events carry file, line and parser nodes unless palisade.yaml says no, CrowdSec's own context
// file makes alerts carry file and line, and `alerts inspect` shows both.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { alertSheet } from '../../cli/commands/alert-sheet.js';
import type { Alert } from '../../ts/model/alert.js';
import { ExpectMode } from '../../ts/event/line.js';
import { runEngine } from '../support/engine-run.js';
import { makeInstance, type Instance } from './instance.js';

let instance: Instance;
const lines = Array.from({ length: 6 }, (_, index) =>
  `Dec 10 06:55:4${index} host sshd[24200]: Failed password for root from 192.0.2.9 port ${1000 + index} ssh2`);

before(async () => {
  instance = makeInstance(null, { port: 1 });
  const run = (...argv: string[]) => instance.run(['-c', instance.configFile, ...argv]);
  assert.equal((await run('hub', 'update')).exit, 0);
  assert.equal((await run('collections', 'install', 'palisade/linux', 'palisade/sshd')).exit, 0);
});
after(() => instance.remove());

async function alertOf(): Promise<Alert> {
  const source = { src: '/var/log/auth.log', module: 'file', labels: { type: 'syslog' }, mode: ExpectMode.timeMachine };
  const { alerts } = await runEngine(instance.configFile, [{ lines, readAtMs: Date.UTC(2026, 10, 23) }], source, 1);
  const [alert] = alerts.filter(({ scenario }) => scenario === 'palisade/ssh-bf');
  return alert;
}

test('every event says its file, its line and the nodes that were OK for it', async () => {
  const alert = await alertOf();
  const valuesOf = (key: string): (string | undefined)[] => (alert.events ?? []).map(({ meta }) => meta.find((item) => item.key === key)?.value);
  assert.deepEqual(valuesOf('palisade_file'), lines.map(() => '/var/log/auth.log'));
  assert.deepEqual(valuesOf('palisade_line'), lines);
  for (const nodes of valuesOf('palisade_nodes')) {
    assert.match(nodes ?? '', /^s00-raw palisade\/syslog-logs > syslog-logs\.yaml:\d+ > s01-parse palisade\/sshd-logs > sshd-logs\.yaml:\d+ > s02-enrich /);
  }
  const sheet = alertSheet(alert, true, { isRounded: false, isColoured: false });
  assert.match(sheet, /palisade_nodes +\| s00-raw palisade\/syslog-logs/);
  assert.deepEqual(alert.meta, []);
});

test('with provenance off alerts carry nothing but CrowdSec\'s fields', async () => {
  const settings = join(instance.directory, 'etc/palisade.yaml');
  const wanted = (await alertOf()).events?.map(({ meta }) => meta.filter(({ key }) => !key.startsWith('palisade_')));
  writeFileSync(settings, 'alerts: {provenance: false}\n');
  try {
    assert.deepEqual((await alertOf()).events?.map(({ meta }) => meta), wanted);
  } finally {
    rmSync(settings);
  }
});

test('with context.yaml they carry file and lines, and alerts inspect shows them', async () => {
  mkdirSync(join(instance.directory, 'etc/console'), { recursive: true });
  writeFileSync(join(instance.directory, 'etc/console/context.yaml'),
    'log_file: [evt.Line.Src]\nlog_line: [evt.Line.Raw]\n');
  const alert = await alertOf();
  assert.deepEqual(alert.meta, [{ key: 'log_file', value: '["/var/log/auth.log"]' }, { key: 'log_line', value: JSON.stringify(lines) }]);
  const sheet = alertSheet(alert, true, { isRounded: false, isColoured: false });
  assert.match(sheet, /log_file +\| \/var\/log\/auth\.log/);
  assert.ok(lines.every((line) => sheet.replace(/\s+/g, ' ').includes(line.slice(0, 40))), sheet);
});
