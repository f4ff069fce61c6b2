// cscli against the recorded answers of CrowdSec 1.7.9. What differs on purpose is in golden-differences.ts.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { sharedPath, skipWithout } from '../support/shared.js';
import { userAgent } from '../../ts/version.js';
import { comparable, goldenCases, type GoldenCase } from './golden-cases.js';
import { differences, isOutOfScope } from './golden-differences.js';
import { makeInstance, runIn, type Instance } from './instance.js';
import { addMachine, populate, recordedCounters, serve } from './local-api.js';
import { freePort } from '../support/free-port.js';

const folder = process.env['PALISADE_GOLDEN'] ?? sharedPath('golden');
const cases = (setup: string): GoldenCase[] => (folder === null ? [] : goldenCases(join(folder, 'cscli'), setup));

/** What a recorded answer shows of the place and version it was recorded with, and what ours shows there. */
interface Setting {
  readonly directory: string;
  readonly port?: number;
  readonly recordedPort?: number;
  readonly metricsPort?: number;
  readonly closedPort?: number;
}

async function check(t: TestContext, golden: GoldenCase, setting: Setting): Promise<void> {
  const { directory, port = 0, recordedPort = 0, metricsPort = 0, closedPort = 0 } = setting;
  const argv = golden.argv.map((word) => word.replaceAll('@DIR@', directory));
  const answer = await runIn(directory, argv, golden.stdin);
  const asRecorded = (text: string): string => text.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${recordedPort}`)
    .replaceAll(`127.0.0.1:${metricsPort}`, '127.0.0.1:8098')
    .replaceAll(`127.0.0.1:${closedPort}`, '127.0.0.1:6060').replaceAll(userAgent.split('/')[1], 'v1.7.9-linux')
    .replace(/\b[0-9a-f]{32}(?=[A-Za-z0-9]{16}\b)/g, '@MACHINEID@').replaceAll('-> cscli_test_tmp.log', '-> /tmp/@TMP@/cscli_test_tmp.log')
    .replaceAll(': cscli_test_tmp.log', ': /tmp/@TMP@/cscli_test_tmp.log');
  const ours = { ...answer, stdout: asRecorded(answer.stdout), stderr: asRecorded(answer.stderr) };
  const difference = differences[golden.slug];
  const reason = isOutOfScope(golden) ?? difference?.skip;
  if (reason !== undefined) {
    // Run all the same, since later cases see its effects, but not compared: golden-differences.ts says why.
    t.diagnostic(`${golden.slug} is not compared: ${reason}`);
    return;
  }
  await t.test(golden.slug, () => {
    const [actual, expected] = comparable(ours, golden, directory, difference?.ignore);
    assert.deepEqual(actual, expected);
  });
}

test('cscli answers as recorded without a configuration', skipWithout('golden'), async (t) => {
  for (const golden of cases('help')) await check(t, golden, { directory: '/nonexistent-directory' });
});

test('cscli answers as recorded on hub items', skipWithout('golden'), async (t) => {
  const closedPort = await freePort();
  const instance = makeInstance(sharedPath('hub'), { port: 8094, closedPort });
  try {
    await instance.run(['-c', instance.configFile, 'collections', 'install', 'crowdsecurity/sshd', 'crowdsecurity/nginx']);
    for (const golden of cases('hub')) {
      prepareHub(instance, golden.note ?? '');
      await check(t, golden, { directory: instance.directory, closedPort });
    }
  } finally {
    instance.remove();
  }
});

test('cscli answers as recorded on a fresh instance, without and with a Local API', skipWithout('golden'), async (t) => {
  const port = await freePort();
  const instance = makeInstance(sharedPath('hub'), { port });
  try {
    await addMachine(instance, port);
    for (const golden of cases('fresh-stopped')) {
      await check(t, golden, { directory: instance.directory, port, recordedPort: 8091 });
    }
    const api = await serve(instance, port);
    try {
      for (const golden of cases('fresh')) await check(t, golden, { directory: instance.directory, port, recordedPort: 8091 });
    } finally {
      await api.close();
    }
  } finally {
    instance.remove();
  }
});

test('cscli answers as recorded on a populated instance', skipWithout('golden'), async (t) => {
  const port = await freePort();
  const metricsPort = await freePort();
  const instance = makeInstance(sharedPath('hub'), { port, prometheusPort: metricsPort });
  const recorded = cases('populated');
  try {
    await addMachine(instance, port);
    await instance.run(['-c', instance.configFile, 'collections', 'install', 'crowdsecurity/sshd', 'crowdsecurity/nginx',
      'crowdsecurity/linux']);
    const api = await serve(instance, port, metricsPort, recordedCounters(recorded, instance.directory));
    try {
      await populate(instance, api, join(folder ?? '', 'fixtures'), recorded);
      for (const golden of recorded) {
        await check(t, golden, { directory: instance.directory, port, recordedPort: 8092, metricsPort });
      }
    } finally {
      await api.close();
    }
  } finally {
    instance.remove();
  }
});

/** The steps between the hub cases, as their notes tell. */
function prepareHub({ directory }: Instance, note: string): void {
  const index = join(directory, 'etc/hub/.index.json');
  if (note.startsWith('a comment line was appended')) {
    appendFileSync(join(directory, 'etc/hub/scenarios/crowdsecurity/ssh-bf.yaml'), '# tainted\n');
  }
  if (note.startsWith('local item')) {
    mkdirSync(join(directory, 'etc/parsers/s01-parse'), { recursive: true });
    writeFileSync(join(directory, 'etc/parsers/s01-parse/mine.yaml'),
      'name: me/mine\nfilter: "false"\nonsuccess: next_stage\nstatics: []\n');
  }
  if (note === 'index missing') rmSync(index, { force: true });
  if (note === 'index is {zz') writeFileSync(index, '{zz');
  if (note === 'index is {}') writeFileSync(index, '{}');
}
