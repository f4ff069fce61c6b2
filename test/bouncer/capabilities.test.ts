// The bouncer with no more rights than the systemd unit gives it: as root with the capabilities of the unit's bounding set
// alone, in mode iptables those of the drop-in beside it too.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { projectRoot } from '../support/shared.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-capabilities-'));
after(() => rmSync(folder, { recursive: true }));

/** Capabilities that a unit or drop-in allows, as setpriv names them. */
function allowed(file: string): string[] {
  const [, names] = /^CapabilityBoundingSet=(.*)$/m.exec(readFileSync(join(projectRoot, 'bouncer', file), 'utf8'))!;
  return names.split(' ').map((name) => name.replace('CAP_', '').toLowerCase());
}

const unit = allowed('palisade-firewall-bouncer.service');
const modes: readonly (readonly [mode: string, capabilities: readonly string[]])[] = [
  ['nftables', unit],
  ['ipset', unit],
  ['iptables', [...unit, ...allowed('palisade-firewall-bouncer.iptables.conf')]],
];

inNetworkNamespace(import.meta.url, ['nft', 'ipset', 'iptables', 'setpriv'], () => {
  for (const [mode, capabilities] of modes) {
    test(`mode ${mode} needs ${capabilities.join(' and ')}`, async () => {
      const server = createServer((request, response) => (request.url!.startsWith('/v1/decisions/stream')
        ? response.end(JSON.stringify({ deleted: [], new: [{ id: 1, duration: '4h', origin: 'cscli', scenario: 's', scope: 'Ip', type: 'ban', value: '192.0.2.1' }] }))
        : response.writeHead(404).end()));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const file = join(folder, `${mode}.yaml`);
      writeFileSync(file, `mode: ${mode}\napi_url: http://127.0.0.1:${(server.address() as AddressInfo).port}/\napi_key: k\nlog_mode: stdout\n`);
      const set = capabilities.map((name) => `,+${name}`).join('');
      const child = spawn('setpriv', ['--bounding-set', `-all${set}`, '--inh-caps', `-all${set}`, process.execPath,
        join(projectRoot, 'bin/palisade-firewall-bouncer'), '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
      try {
        let text = '';
        child.stderr.on('data', (data: Buffer) => { text += String(data); });
        const ended = once(child.stderr, 'end').then(() => false);
        while (!text.includes('decisions in force')) {
          if (!await Promise.race([once(child.stderr, 'data').then(() => true), ended])) break;
        }
        assert.match(text, /1 decisions in force/);
        assert.doesNotMatch(text, /level=(warning|error)/);
        assert.match(mode === 'nftables' ? run('nft', ['list', 'ruleset']) : run('ipset', ['save']), /192\.0\.2\.1/);
      } finally {
        child.kill();
        server.close();
        server.closeAllConnections();
      }
      await once(child, 'exit');
      run('nft', ['flush', 'ruleset']);
      run('ipset', ['destroy']);
    });
  }
});
