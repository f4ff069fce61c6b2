// A whole bouncer beside a real Local API, on the kernel of a network namespace of its own, with packets from another.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NftablesBackend } from '../../bouncer/backends/nftables.js';
import { readConfig } from '../../bouncer/config.js';
import { startBouncer, type RunningBouncer } from '../../bouncer/run.js';
import { explainAddress } from '../../bouncer/why.js';
import { listen } from '../../lapi/listen.js';
import { silentLog } from '../../ts/config/log.js';
import { parseIp } from '../../ts/util/ip.js';
import { addBouncer, alertBody, logIn, startInstance, type Instance } from '../lapi/instance.js';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { FarHost } from './far-host.js';
import { waitFor } from './wait-for.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-bouncer-'));
after(() => rmSync(folder, { recursive: true }));

function nft(set: string): string {
  return run('nft', ['list', 'set', 'ip', 'crowdsec', `crowdsec-blacklists-${set}`]);
}

/** Writes a configuration; returns what a bouncer and a question need. */
function configured(url: string, key: string, more = '') {
  const file = join(folder, 'bouncer.yaml');
  writeFileSync(file, `mode: nftables\napi_url: ${url}\napi_key: ${key}\nupdate_frequency: 20ms\n${more}`);
  const config = readConfig(file);
  const backend = (): NftablesBackend => new NftablesBackend({ families: config.nftables, hooks: config.hooks,
    deny: { isReject: config.isReject, logPrefix: config.logPrefix } });
  return { config, backend, start: (): Promise<RunningBouncer> => startBouncer(config, backend(), silentLog) };
}

async function ban(instance: Instance, token: string, value: string, duration = '1h'): Promise<void> {
  const scope = value.includes('/') ? 'Range' : 'Ip';
  const response = await instance.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization: `Bearer ${token}` },
    payload: JSON.stringify([alertBody({ source: { scope, value }, start_at: new Date().toISOString(),
      stop_at: new Date().toISOString(), decisions: [{ duration, origin: 'cscli', scenario: 's',
      scope, type: 'ban', value }] }, value.split('/')[0])]) });
  assert.equal(response.statusCode, 201, response.body);
}

inNetworkNamespace(import.meta.url, ['nft'], () => {
  test('decisions of the Local API reach the packets of another host, and leave with them', async () => {
    const instance = await startInstance({ nowMs: Date.now() });
    const timer = setInterval(() => { instance.clock.ms = Date.now(); }, 5);
    const listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: '', tls: null });
    const token = await logIn(instance);
    const setup = configured(`http://127.0.0.1:${listening.port}/`, await addBouncer(instance),
      'prometheus:\n  enabled: true\n  listen_port: 0\n');
    const peer = await FarHost.start('near', ['10.9.0.1/24'], ['10.9.0.2/24']);
    const server = createSocket('udp4');
    let received = 0;
    server.on('message', () => received++);
    await new Promise<void>((resolve) => server.bind(0, '10.9.0.1', resolve));
    const send = (source: string): Promise<void> => peer.ask('send', source, '10.9.0.1', server.address().port, 'x');
    const bouncer = await setup.start();
    try {
      await bouncer.ready;
      await send('10.9.0.2');
      await waitFor('the first packet arrives', () => received === 1);
      await ban(instance, token, '10.9.0.2');
      await waitFor('the ban is in the kernel', () => run('nft', ['list', 'ruleset']).includes('10.9.0.2'));
      await send('10.9.0.2');
      await waitFor('the packet is dropped', async () => {
        const text = await (await fetch(`http://127.0.0.1:${bouncer.metricsPort}/metrics`)).text();
        return /fw_bouncer_dropped_packets\{origin="cscli",ip_type="ipv4"\} [1-9]/.test(text)
          && /fw_bouncer_banned_ips\{origin="cscli",ip_type="ipv4"\} 1\n/.test(text);
      });
      assert.equal(received, 1);
      assert.match(await explainAddress(setup.config, parseIp('10.9.0.2')!, setup.backend()),
        /decision \d+: ban of Ip 10\.9\.0\.2 by cscli .*\nthe kernel holds it as address of cscli, since 20.*Z, until 20/);
      assert.match(await explainAddress(setup.config, parseIp('10.9.0.1')!, setup.backend()),
        /10\.9\.0\.1 is never banned .*\nthe Local API has no decision .*\nthe kernel does not ban it/);
      await instance.app.inject({ method: 'DELETE', url: '/v1/decisions?value=10.9.0.2', headers: { authorization: `Bearer ${token}` } });
      await waitFor('the ban leaves', () => !nft('cscli').includes('10.9.0.2'));
      await send('10.9.0.2');
      await waitFor('packets arrive again', () => received === 2);
      // A range with the own address in it: the neighbour is banned, the host itself is not.
      await ban(instance, token, '10.9.0.0/24');
      await waitFor('the range is in the kernel', () => run('nft', ['list', 'table', 'ip', 'crowdsec']).includes('10.9.0.0/24'));
      await send('10.9.0.2');
      assert.match(await explainAddress(setup.config, parseIp('10.9.0.77')!, setup.backend()),
        /decision \d+: ban of Range 10\.9\.0\.0\/24 by cscli .*\nthe kernel holds it as range of cscli, since 20.*Z, until 20/);
      const own = createSocket('udp4').bind(0, '10.9.0.1');
      await new Promise((resolve) => own.once('listening', resolve));
      own.send('x', server.address().port, '10.9.0.1');
      await waitFor('the own packet arrives', () => received === 3);
      own.close();
    } finally {
      await bouncer.stop();
      clearInterval(timer);
      server.close();
      peer.stop();
      await listening.close();
      await instance.store.close();
    }
    assert.match(run('nft', ['list', 'table', 'ip', 'crowdsec']), /10\.9\.0\.0\/24/, 'bans stay after the stop');
    run('nft', ['flush', 'ruleset']);
  });
});
