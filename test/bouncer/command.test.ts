// The command palisade-firewall-bouncer as a process: its flags, what it exits with, and what it leaves in the kernel. And the
// addresses of the host that are never banned, as the kernel of the namespace has them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseIp } from '../../ts/util/ip.js';
import { hostSources, lapiAddresses, neverRanges } from '../../bouncer/never-ban.js';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { projectRoot } from '../support/shared.js';
import { ipsetBackend, KernelEnforcer } from './kernel-enforcer.js';

const program = join(projectRoot, 'bin/palisade-firewall-bouncer');

inNetworkNamespace(import.meta.url, ['nft', 'ipset', 'iptables'], () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-command-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'bouncer.yaml');
  const command = (text: string, ...args: readonly string[]): { status: number | null; out: string } => {
    writeFileSync(file, text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
    return { status, out: stdout + stderr };
  };
  const usable = 'mode: nftables\napi_url: http://127.0.0.1:1/\napi_key: k\n';

  const calls: readonly (readonly [what: string, text: string, args: readonly string[], status: number, out: RegExp])[] = [
    ['-t says nothing of a configuration that can be used', usable, ['-c', file, '-t'], 0, /^$/],
    ['-t says what is wrong with one that cannot', usable.replace('nftables', 'pf'), ['-c', file, '-t'], 1, /pf/],
    ['-V tells name and version', usable, ['-V'], 0, /^palisade-firewall-bouncer v\d+\.\d+\.\d+/],
    ['without a configuration it says how it is used', usable, [], 1, /no configuration file \(-c\)\n\nUsage: /],
    ['an unknown flag is refused', usable, ['-c', file, '--flush'], 1, /--flush[^]*Usage: /],
    ['--why wants an address', usable, ['-c', file, '--why', 'example'], 1, /--why: example is no address/],
    ['--why needs the Local API', usable, ['-c', file, '--why', '192.0.2.1'], 1, /127\.0\.0\.1:1/],
  ];
  for (const [what, text, args, status, out] of calls) {
    test(what, () => {
      const done = command(text, ...args);
      assert.match(done.out, out);
      assert.equal(done.status, status);
    });
  }

  test('--cleanup removes what the bouncer made, and nothing else', async () => {
    run('nft', ['add', 'table', 'ip', 'mine']);
    run('ipset', ['create', 'mine', 'hash:ip']);
    for (const bench of [new KernelEnforcer(), new KernelEnforcer(ipsetBackend(true))]) {
      await bench.start();
      bench.add(1, '192.0.2.1');
      bench.add(2, '2001:db8::/48');
      await bench.settle();
      await bench.enforcer.close();
    }
    assert.match(run('nft', ['list', 'ruleset']), /crowdsec-blacklists-cscli/);
    assert.deepEqual(command(usable, '-c', file, '--cleanup'), { status: 0, out: '' });
    assert.doesNotMatch(run('nft', ['list', 'tables']), /crowdsec/);
    assert.match(run('iptables', ['-S']), /CROWDSEC_CHAIN/);
    const iptables = `${usable.replace('nftables', 'iptables')}blacklists_ipv4: bl\nblacklists_ipv6: bl6\niptables_chains: [INPUT, FORWARD]\n`;
    assert.deepEqual(command(iptables, '-c', file, '--cleanup'), { status: 0, out: '' });
    assert.doesNotMatch(run('iptables', ['-S']) + run('ip6tables', ['-S']), /CROWDSEC/);
    assert.equal(run('ipset', ['list', '-name']), 'mine\n');
    assert.match(run('nft', ['list', 'tables']), /table ip mine/);
  });

  test('own addresses, gateways and the Local API are never banned', async () => {
    run('ip', ['link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'other']);
    run('ip', ['link', 'set', 'other', 'up']);
    run('ip', ['link', 'set', 'near', 'up']);
    run('ip', ['addr', 'add', '10.9.0.1/24', 'dev', 'near']);
    run('ip', ['addr', 'add', 'fd09::1/64', 'dev', 'near', 'nodad']);
    run('ip', ['route', 'add', 'default', 'via', '10.9.0.254']);
    run('ip', ['-6', 'route', 'add', 'default', 'via', 'fd09::fe']);
    assert.deepEqual(await lapiAddresses('http://10.7.0.1:8080/'), ['10.7.0.1']);
    assert.deepEqual(await lapiAddresses('https://[fd07::1]:8080/'), ['fd07::1']);
    assert.ok((await lapiAddresses('http://localhost:8080/')).includes('127.0.0.1'));
    assert.deepEqual(await lapiAddresses('/run/palisade.sock'), []);
    const never = neverRanges(['10.7.0.1', 'fd07::1'], hostSources, [4, 6]);
    const isSpared = (text: string): boolean => {
      const address = parseIp(text)!;
      const number = address.toBigInt();
      return never.get(address.version)!.some(({ first, last }) => first <= number && number <= last);
    };
    const spared = ['127.0.0.1', '127.255.0.1', '::1', '10.9.0.1', 'fd09::1', '10.9.0.254', 'fd09::fe', '10.7.0.1', 'fd07::1'];
    assert.deepEqual(spared.filter((address) => !isSpared(address)), []);
    assert.deepEqual(['10.9.0.2', '10.9.0.253', 'fd09::2', '10.7.0.2', '128.0.0.1', '::2'].filter(isSpared), []);
  });
});
