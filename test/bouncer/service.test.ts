// The bouncer as a service of systemd: its unit is one that systemd takes and keeps on a short lead, and it tells when it is
// ready, on a socket of the test's own.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { projectRoot } from '../support/shared.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-service-'));
after(() => rmSync(folder, { recursive: true }));
const program = join(projectRoot, 'bin/palisade-firewall-bouncer');
const unitName = 'palisade-firewall-bouncer.service';

function needs(tool: string): { skip: string | false } {
  return { skip: spawnSync(tool, ['--version']).error === undefined ? false : `needs ${tool} of Debian's package systemd` };
}

/** The unit, with the program where it is here; for mode iptables with its drop-in. */
function unit(isForIptables = false): string {
  const place = mkdtempSync(join(folder, 'unit-'));
  const path = join(place, unitName);
  if (isForIptables) {
    mkdirSync(`${path}.d`);
    copyFileSync(join(projectRoot, 'bouncer/palisade-firewall-bouncer.iptables.conf'), join(`${path}.d`, 'iptables.conf'));
  }
  writeFileSync(path, readFileSync(join(projectRoot, 'bouncer', unitName), 'utf8').replaceAll('/usr/bin/palisade-firewall-bouncer', program));
  return path;
}

test('systemd finds nothing wrong with the unit', needs('systemd-analyze'), () => {
  for (const isForIptables of [false, true]) {
    const child = spawnSync('systemd-analyze', ['verify', '--man=no', unit(isForIptables)], { encoding: 'utf8' });
    assert.deepEqual([child.status, child.stderr], [0, '']);
  }
});

test('systemd calls the unit well protected', needs('systemd-analyze'), () => {
  // 0 is the best; a service without any protection has 9.6.
  const child = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=30', unit()], { encoding: 'utf8' });
  assert.equal(child.status, 0, child.stdout.split('\n').slice(-3).join('\n') + child.stderr);
});

test('it tells systemd when it is ready', needs('systemd-notify'), async () => {
  const socket = join(folder, 'notify.sock');
  // Node knows no unix datagrams; Python, which the native build needs anyway, does.
  const listener = spawn('python3', ['-c', `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True: print(s.recv(4096).decode(), flush=True)`, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  let heard = '';
  listener.stdout.on('data', (data: Buffer) => { heard += String(data); });
  await once(listener.stdout, 'data');
  const config = join(folder, 'bouncer.yaml');
  writeFileSync(config, 'mode: nftables\napi_url: http://127.0.0.1:9/\napi_key: k\n');
  const bouncer = spawn(process.execPath, [program, '-c', config, '--dry-run'],
    { stdio: ['ignore', 'ignore', 'ignore'], env: { ...process.env, NOTIFY_SOCKET: socket } });
  try {
    while (!heard.includes('READY=1')) await once(listener.stdout, 'data', { signal: AbortSignal.timeout(120_000) });
  } finally {
    bouncer.kill();
    listener.kill();
  }
  await once(bouncer, 'exit');
});
