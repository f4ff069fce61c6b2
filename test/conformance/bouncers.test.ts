// Firewall bouncers of one side at the Local API of the other, in a network namespace: what is banned by a command is in
// the kernel, what is let go is not, and the Local API knows who asked.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runIn } from '../cli/instance.js';
import { debianPackage, skipWithoutPackage } from '../support/debian-package.js';
import { RunningDaemon, TestInstance, type CommandResult } from '../support/instance.js';
import { freePort } from '../support/free-port.js';
import { inNetworkNamespace, run } from '../support/network-namespace.js';
import { projectRoot } from '../support/shared.js';
import { DebianCrowdsec } from './debian-crowdsec.js';

/** A server with its cscli. */
interface Server {
  readonly name: string;
  readonly url: string;
  readonly daemon: RunningDaemon;
  cscli(...args: readonly string[]): Promise<CommandResult>;
}

const packages = ['crowdsec', 'crowdsec-firewall-bouncer'];
const missing = packages.map((name) => skipWithoutPackage(name).skip).find((skip) => skip !== false) ?? false;

if (missing !== false) test('firewall bouncers at the Local API of the other side', { skip: missing }, () => {});
else inNetworkNamespace(import.meta.url, ['nft'], () => describe('a firewall bouncer at the Local API of the other side', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-bouncers-'));
  const made: { remove(): void }[] = [{ remove: () => rmSync(folder, { recursive: true }) }];
  const running: RunningDaemon[] = [];
  let ours: Server;
  let theirs: Server;

  before(async () => {
    const instance = await TestInstance.create({ hub: 'embedded' });
    made.push(instance);
    running.push(await instance.daemon(['-no-cs']));
    ours = { name: 'our Local API', url: `http://127.0.0.1:${instance.apiPort}/`, daemon: running[0],
      cscli: (...args) => runIn(instance.dir, ['-c', instance.config, ...args]) };
    const debian = new DebianCrowdsec(await freePort());
    made.push(debian);
    const added = await debian.cscli('machines', 'add', 'testm', '-p', 'pass', '--force');
    assert.equal(added.exit, 0, added.stderr);
    running.push(debian.start('-no-cs'));
    await running[1].until(() => fetch(debian.url).then(() => true, () => false));
    theirs = { name: "Debian's Local API", url: debian.url, daemon: running[1], cscli: (...args) => debian.cscli(...args) };
  });
  after(async () => {
    for (const daemon of running) await daemon.stop();
    for (const each of made) each.remove();
  });

  const debianBouncer = (): string[] => [join(debianPackage('crowdsec-firewall-bouncer')!.root, 'usr/bin/crowdsec-firewall-bouncer')];
  const ourBouncer = (): string[] => [process.execPath, join(projectRoot, 'bin/palisade-firewall-bouncer')];

  for (const [name, program, server, type] of [
    ["Debian's bouncer at our Local API", debianBouncer, () => ours, /^crowdsec-firewall-bouncer$/],
    ["our bouncer at Debian's Local API", ourBouncer, () => theirs, /firewall-bouncer/],
  ] as const) {
    test(name, async () => {
      const { url, cscli } = server();
      run('nft', ['flush', 'ruleset']);
      await ok(cscli('decisions', 'delete', '--all'));
      await ok(cscli('decisions', 'add', '--ip', '198.18.0.1'));
      const key = (await ok(cscli('bouncers', 'add', name.replace(/\W+/g, '-'), '-o', 'raw'))).stdout.trim();
      const bouncer = startBouncer(program(), folder, url, key);
      running.push(bouncer);
      await bouncer.until(() => sameValues(['198.18.0.1']));
      await ok(cscli('decisions', 'add', '--ip', '198.18.0.2', '--duration', '5m'));
      await ok(cscli('decisions', 'add', '--ip', '2001:db8::2'));
      await bouncer.until(() => sameValues(['198.18.0.1', '198.18.0.2', '2001:db8::2']));
      await ok(cscli('decisions', 'delete', '--ip', '198.18.0.1'));
      await bouncer.until(() => sameValues(['198.18.0.2', '2001:db8::2']));
      await ok(cscli('decisions', 'delete', '--all'));
      await bouncer.until(() => sameValues([]));
      const known = JSON.parse((await ok(cscli('bouncers', 'list', '-o', 'json'))).stdout) as
        { name: string; type: string; version: string; last_pull: string }[];
      const found = known.find((each) => each.name === name.replace(/\W+/g, '-'));
      assert.match(found?.type ?? '', type);
      assert.ok(Date.parse(found?.last_pull ?? '') > 0);
      await bouncer.stop();
    });
  }
}));

function startBouncer(program: readonly string[], folder: string, url: string, key: string): RunningDaemon {
  const configuration = join(folder, 'bouncer.yaml');
  writeFileSync(configuration, `mode: nftables
pid_dir: ${folder}
update_frequency: 1s
daemonize: false
log_mode: stdout
log_level: info
api_url: ${url}
api_key: ${key}
deny_action: DROP
nftables:
  ipv4: {enabled: true, set-only: false, table: crowdsec, chain: crowdsec-chain}
  ipv6: {enabled: true, set-only: false, table: crowdsec6, chain: crowdsec6-chain}
`);
  return new RunningDaemon(spawn(program[0], [...program.slice(1), '-c', configuration], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Whether the sets of bans in the kernel hold these values and no others. */
function sameValues(wanted: readonly string[]): boolean {
  const { nftables } = JSON.parse(run('nft', ['-j', 'list', 'ruleset'])) as
    { nftables: { set?: { name: string; elem?: (string | { elem: { val: string } })[] } }[] };
  const found = nftables.flatMap(({ set }) => set === undefined || !set.name.startsWith('crowdsec') || set.name.endsWith('.never') ? []
    : (set.elem ?? []).map((each) => typeof each === 'string' ? each : each.elem.val));
  return JSON.stringify(found.sort()) === JSON.stringify([...wanted].sort());
}

async function ok(command: Promise<CommandResult>): Promise<CommandResult> {
  const result = await command;
  assert.equal(result.exit, 0, result.stdout + result.stderr);
  return result;
}
