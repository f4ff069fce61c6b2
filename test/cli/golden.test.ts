// cscli against the recorded answers of CrowdSec 1.7.9. What differs on purpose is in golden-differences.ts.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { sharedPath, skipWithout } from '../support/shared.js';
import { comparable, goldenCases, type GoldenCase } from './golden-cases.js';
import { differences, isOutOfScope } from './golden-differences.js';
import { makeInstance, runIn, type Instance } from './instance.js';

const folder = process.env['PALISADE_GOLDEN'] ?? sharedPath('golden');
const cases = (setup: string): GoldenCase[] => (folder === null ? [] : goldenCases(join(folder, 'cscli'), setup));

async function check(t: TestContext, golden: GoldenCase, directory: string): Promise<void> {
  const argv = golden.argv.map((word) => word.replaceAll('@DIR@', directory));
  const ours = await runIn(directory, argv, golden.stdin);
  const difference = differences[golden.slug];
  await t.test(golden.slug, { skip: isOutOfScope(golden) ?? difference }, () => {
    const [actual, expected] = comparable(ours, golden, directory);
    assert.deepEqual(actual, expected);
  });
}

test('cscli answers as recorded without a configuration', skipWithout('golden'), async (t) => {
  for (const golden of cases('help')) await check(t, golden, '/nonexistent-directory');
});

test('cscli answers as recorded on hub items', skipWithout('golden'), async (t) => {
  const instance = makeInstance(sharedPath('hub'), { port: 8094 });
  try {
    await instance.run(['-c', instance.configFile, 'collections', 'install', 'crowdsecurity/sshd', 'crowdsecurity/nginx']);
    for (const golden of cases('hub')) {
      prepareHub(instance, golden.note ?? '');
      await check(t, golden, instance.directory);
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
