// palisade.yaml's blocklists and never_ban with the real commands: a daemon, cscli, a reload.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestInstance, type RunningDaemon } from '../support/instance.js';

describe('a daemon with blocklists and addresses never to ban', () => {
  let instance: TestInstance;
  let daemon: RunningDaemon;
  const settings = (text: string): void => writeFileSync(join(instance.dir, 'etc/palisade.yaml'), text);
  before(async () => {
    instance = await TestInstance.create({ hub: 'embedded' });
    writeFileSync(join(instance.dir, 'list.txt'), '20.0.0.1\n20.0.1.0/24\n');
    settings(`blocklists:\n  mine: {file: ${instance.dir}/list.txt}\nnever_ban: {addresses: [20.0.1.128/25]}\n`);
    daemon = await instance.daemon(['-no-cs']);
  });
  after(async () => {
    await daemon?.stop();
    instance.remove();
  });

  test('gets the list, and cuts out whom never to ban', async () => {
    await daemon.until(() => daemon.output.includes('blocklist mine: 2 entries (+2/-0, 0 renewed)'));
    const { stdout } = await instance.cscli(['blocklists', 'check', '20.0.1.5', '20.0.1.200', '-o', 'raw']);
    assert.match(stdout, /^address,.*\n20\.0\.1\.5,lists:mine,mine,ban,Range:20\.0\.1\.0\/25,\d+h\d+m\d+s\n$/);
  });

  test('tells cscli why an address is not banned, and counts it', async () => {
    for (const [value, reason] of [['127.0.0.1', 'it is loopback'], ['20.0.1.129', 'it is named by never_ban in palisade.yaml']]) {
      const { exit, stderr } = await instance.cscli(['decisions', 'add', '--ip', value]);
      assert.equal(exit, 1);
      assert.ok(stderr.includes(`${value} is never banned: ${reason}`), stderr);
    }
    const metrics = await (await fetch(`http://127.0.0.1:${instance.metricsPort}/metrics`)).text();
    assert.match(metrics, /palisade_decisions_spared_total\{reason="loopback"\} 1/);
  });

  test('refuses wrong settings with their place and stays as it was', async () => {
    settings('blocklists:\n  mine: {url: "http://lists.example/"}\n');
    daemon.child.kill('SIGHUP');
    await daemon.until(() => daemon.output.includes('the old one stays'));
    assert.match(daemon.output, /palisade\.yaml:2:15: blocklist mine: .*allow_http: true/);
  });

  test('ends a list that is no longer configured', async () => {
    settings('never_ban: {own_addresses: false}\n');
    daemon.child.kill('SIGHUP');
    await daemon.until(() => daemon.output.includes('blocklist mine is no longer configured: its decisions have ended'));
    const { stdout } = await instance.cscli(['blocklists', 'check', '20.0.1.5']);
    assert.equal(stdout, '20.0.1.5 is on no blocklist and not banned\n');
  });
});
