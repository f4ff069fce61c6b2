// The configuration files that CrowdSec ships, as they are: Palisade starts on them. Only the directories are others,
// because a test may not write to /etc and /var.

import assert from 'node:assert/strict';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { unpackCrowdsec } from '../../bench/engines/crowdsec.js';
import { TestInstance, type RunningDaemon } from '../support/instance.js';
import { projectRoot } from '../support/shared.js';

const debian = unpackCrowdsec(join(projectRoot, 'var/bench/crowdsec'));

describe('the files of Debian\'s crowdsec', { skip: debian === null ? 'needs the package crowdsec from apt' : false }, () => {
  let instance: TestInstance;
  let daemon: RunningDaemon;

  before(async () => {
    instance = await TestInstance.create({ hub: 'embedded', collections: ['palisade/linux'] });
    const etc = join(instance.dir, 'etc');
    mkdirSync(join(instance.dir, 'log'));
    writeFileSync(join(instance.dir, 'log/auth.log'), '');
    for (const name of ['config.yaml', 'profiles.yaml', 'simulation.yaml', 'acquis.yaml']) {
      const text = readFileSync(join(debian!, 'etc/crowdsec', name), 'utf8');
      writeFileSync(join(etc, name), text.replaceAll('/etc/crowdsec/', `${etc}/`).replaceAll('/var/log/', `${instance.dir}/log/`)
        .replaceAll('/var/lib/crowdsec/data/', `${instance.dir}/data/`).replaceAll('/var/lib/crowdsec/hub/', `${instance.dir}/hub/`));
    }
    writeFileSync(join(etc, 'online_api_credentials.yaml'), 'url: https://api.example.org/\nlogin: x\npassword: y\n');
    cpSync(join(etc, 'credentials.yaml'), join(etc, 'local_api_credentials.yaml'));
    // What an administrator changes goes into the override, as with crowdsec itself.
    writeFileSync(`${instance.config}.local`, `api: {server: {listen_uri: '127.0.0.1:${instance.apiPort}'}}\nprometheus: {listen_port: ${instance.metricsPort}}\n`);
    daemon = await instance.daemon();
  });
  after(() => instance.remove());

  test('start, and say in one warning each what is not built', async () => {
    const log = readFileSync(join(instance.dir, 'log/crowdsec.log'), 'utf8');
    assert.equal(log.match(/online_client/g)?.length, 1, log);
    assert.doesNotMatch(log, /level=(error|fatal)/);
  });

  test('note requests in a file of their own, which only its owner reads', async () => {
    await instance.cscli(['alerts', 'list']);
    const file = join(instance.dir, 'log/crowdsec_api.log');
    await daemon.until(() => existsSync(file) && readFileSync(file, 'utf8').includes('"GET /v1/alerts'));
    assert.match(readFileSync(file, 'utf8'), /level=info msg="127\.0\.0\.1 - \[.*GMT\] \\"GET \/v1\/alerts\?.* HTTP\/1\.1 200 .*ms .*" module=lapi$/m);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.doesNotMatch(readFileSync(join(instance.dir, 'log/crowdsec.log'), 'utf8'), /\/v1\/alerts/);
  });

  test('decide as they say: an attacker is banned for four hours', async () => {
    appendFileSync(join(instance.dir, 'log/auth.log'),
      'Feb  1 12:00:00 host sshd[42]: Failed password for root from 203.0.113.77 port 4022 ssh2\n'.repeat(8));
    await daemon.until(() => instance.bannedValues().has('203.0.113.77'));
    const decisions = (await instance.cscli(['decisions', 'list', '-o', 'raw'])).stdout;
    assert.match(decisions, /Ip:203\.0\.113\.77,palisade\/ssh-bf,ban,.*,(?:4h0m0s|3h59m\d+s)/);
  });

  test('and stop on SIGTERM with exit 0', async () => {
    assert.equal(await daemon.stop(), 0, daemon.output);
  });
});
