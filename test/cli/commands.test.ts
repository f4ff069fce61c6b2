// The commands against a Local API in this process and the embedded hub: needs none of the reference material.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { alertBody } from '../lapi/instance.js';
import type { Answer } from './golden-cases.js';
import { makeInstance, type Instance } from './instance.js';
import { addMachine, serve, type LocalApi } from './local-api.js';
import { freePort } from '../support/free-port.js';

let instance: Instance;
let api: LocalApi;
const run = (...argv: string[]): Promise<Answer> => instance.run(['-c', instance.configFile, ...argv]);

before(async () => {
  const port = await freePort();
  instance = makeInstance(null, { port });
  await addMachine(instance, port);
  api = await serve(instance, port);
});
after(async () => {
  await api.close();
  instance.remove();
});

async function post(alert: object): Promise<void> {
  const login = await fetch(`${api.url}/v1/watchers/login`, { method: 'POST', headers: { 'user-agent': 'crowdsec/v1' },
    body: JSON.stringify({ machine_id: 'testm', password: 'pass' }) });
  const { token } = await login.json() as { token: string };
  const answer = await fetch(`${api.url}/v1/alerts`, { method: 'POST', headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify([alert]) });
  assert.equal(answer.status, 201, await answer.text());
}

test('a decision is added, listed in every format, and ended', async () => {
  assert.deepEqual(await run('decisions', 'add', '--ip', '192.0.2.1', '--reason', 'testing'),
    { stdout: '', stderr: 'level=info msg="Decision successfully added"\n', exit: 0 });
  assert.match((await run('decisions', 'list')).stdout, /\| Ip:192\.0\.2\.1 \| testing \| ban {4}\|/);
  const [header, row] = (await run('decisions', 'list', '-o', 'raw')).stdout.split('\n');
  assert.equal(header, 'id,source,ip,reason,action,country,as,events_count,expiration,simulated,alert_id');
  assert.match(row, /^\d+,cscli,Ip:192\.0\.2\.1,testing,ban,,,1,(?:4h0m0s|3h59m\d+s),false,\d+$/);
  const [{ decisions }] = JSON.parse((await run('decisions', 'list', '-o', 'json')).stdout) as { decisions: { value: string }[] }[];
  assert.equal(decisions[0].value, '192.0.2.1');
  assert.equal((await run('decisions', 'delete', '--ip', '192.0.2.1')).stderr, 'level=info msg="1 decision(s) deleted"\n');
  assert.deepEqual(await run('decisions', 'list'), { stdout: 'No active decisions\n', stderr: '', exit: 0 });
});

test('what an attacker wrote into an alert cannot reach the terminal', async () => {
  const evil = 'x\x1b[2J\x1b]0;owned\x07\u202ey';
  const now = new Date().toISOString().replace(/\.\d+/, '');
  await post(alertBody({ scenario: `evil/${evil}`, start_at: now, stop_at: now, meta: [{ key: 'uri', value: JSON.stringify([evil]) }],
    events: [{ timestamp: now, meta: [{ key: 'target_user', value: evil }] }] }, '192.0.2.66'));
  const [, row] = (await run('alerts', 'list', '--ip', '192.0.2.66', '-o', 'raw')).stdout.split('\n');
  const id = row.split(',')[0];
  for (const argv of [['alerts', 'list'], ['alerts', 'list', '-o', 'raw'], ['alerts', 'list', '-o', 'json'], ['alerts', 'inspect', '-d', id],
    ['alerts', 'inspect', id, '-o', 'json'], ['alerts', 'inspect', id, '-o', 'raw'], ['decisions', 'list'],
    ['decisions', 'list', '-o', 'json'], ['decisions', 'list', '-o', 'raw']]) {
    const { stdout, exit } = await run(...argv);
    assert.equal(exit, 0);
    assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/, argv.join(' '));
    assert.ok(stdout.includes('owned'), argv.join(' '));
  }
});

test('an older decision on the same address is counted instead of shown', async () => {
  for (let i = 0; i < 3; i++) await run('decisions', 'add', '--ip', '192.0.2.2');
  const { stdout } = await run('decisions', 'list', '--ip', '192.0.2.2');
  assert.equal(stdout.split('\n').filter((line) => line.includes('Ip:192.0.2.2')).length, 1);
  assert.match(stdout, /\n2 duplicated entries skipped\n$/);
});

test('decisions are imported from all formats, in batches, without allowlisted values', async () => {
  await run('allowlists', 'create', 'office', '-d', 'ours');
  await run('allowlists', 'add', 'office', '198.51.100.1', '-d', 'the boss');
  writeFileSync(join(instance.directory, 'list.csv'), 'value,duration,reason\n198.51.100.1,1h,x\n198.51.100.2,,"quoted, reason"\n');
  writeFileSync(join(instance.directory, 'list.json'), '[{"value":"198.51.100.0/28","scope":"range"},{"value":"ME","scope":"username"}]');
  assert.deepEqual(await run('decisions', 'import', '-i', 'list.csv'), { exit: 0, stderr: '',
    stdout: 'Parsing csv\nValue 198.51.100.1 is allowlisted by [198.51.100.1 from office (the boss)]\nImported 1 decisions' });
  assert.match((await run('decisions', 'list', '--ip', '198.51.100.2', '-o', 'raw')).stdout, /,"quoted, reason",ban,/);
  assert.match((await run('decisions', 'import', '-i', 'list.json')).stdout, /Imported \d decisions$/);
  const piped = await instance.run(['-c', instance.configFile, 'decisions', 'import', '-i', '-', '--format', 'values', '--batch', '2'],
    '203.0.113.1\n203.0.113.2\n203.0.113.3\n');
  assert.equal(piped.stdout, 'Parsing values\nbatch size: 2\nImported 3 decisions');
});

test('without a Local API the reason is told and the exit code is 1', async () => {
  const other = makeInstance(null, { port: 1 });
  try {
    writeFileSync(join(other.directory, 'etc/local_api_credentials.yaml'), 'url: http://127.0.0.1:1/\nlogin: a\npassword: b\n');
    const { stderr, exit } = await other.run(['-c', other.configFile, 'alerts', 'list']);
    assert.equal(exit, 1);
    assert.match(stderr, /^Error: cscli alerts list: unable to list alerts: .*connect: connection refused\n$/);
  } finally {
    other.remove();
  }
});

test('a wrong password is the reason of the failure', async () => {
  const file = join(instance.directory, 'etc/local_api_credentials.yaml');
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, good.replace(/password: .*/, 'password: wrong'));
  const answer = await run('lapi', 'status');
  writeFileSync(file, good);
  assert.equal(answer.exit, 1);
  assert.match(answer.stderr, /failed to authenticate to Local API \(LAPI\): API error: incorrect Username or Password/);
  assert.match((await run('lapi', 'status')).stdout, /You can successfully interact with Local API \(LAPI\)\n$/);
});

test('machines and bouncers are edited in the database', async () => {
  assert.match((await run('machines', 'add', 'web1', '--auto', '-f', 'web1.yaml')).stderr, /Machine 'web1' successfully added/);
  assert.match(readFileSync(join(instance.directory, 'web1.yaml'), 'utf8'), /^url: .*\nlogin: web1\npassword: \w{64}\n$/);
  const key = (await run('bouncers', 'add', 'fw', '-o', 'raw')).stdout;
  const answer = await fetch(`${api.url}/v1/decisions`, { headers: { 'x-api-key': key } });
  assert.equal(answer.status, 200);
  await answer.text();
  assert.match((await run('bouncers', 'list', '-o', 'raw')).stdout, /\nfw,127\.0\.0\.1,validated,/);
  assert.equal((await run('bouncers', 'delete', 'fw')).stderr, 'level=info msg="bouncer \'fw\' deleted successfully"\n');
  assert.equal((await run('machines', 'delete', 'web1')).stderr, 'level=info msg="machine \'web1\' deleted successfully"\n');
});

test('the embedded hub is installed, listed, explained and removed', async () => {
  assert.equal((await run('hub', 'update')).exit, 0);
  const second = await run('hub', 'update');
  assert.match(second.stderr, /is there already; updating it over the network is not built yet/);
  assert.match((await run('collections', 'install', 'palisade/linux', 'palisade/sshd')).stdout, /enabling collections:palisade\/sshd/);
  assert.match((await run('hub', 'list')).stdout, /palisade\/sshd/);
  const explained = await run('explain', '--type', 'syslog', '--log',
    'Dec 10 06:55:46 host sshd[24200]: Failed password for root from 192.0.2.9 port 38926 ssh2');
  assert.match(explained.stdout, /parser success 🟢\n\t├ Scenarios\n\t\t[├└] 🟢 palisade\//);
  const failures = await run('explain', '--type', 'syslog', '--failures', '--log', 'nothing of interest');
  assert.match(failures.stdout, /parser failure 🔴\n\n$/);
  assert.match((await run('collections', 'remove', 'palisade/sshd', '--force')).stdout, /disabling collections:palisade\/sshd/);
});

test('simulation is switched for one scenario and for all', async () => {
  await run('hub', 'update');
  const name = 'palisade/ssh-bf';
  assert.equal((await run('simulation', 'enable', name)).exit, 0);
  assert.equal((await run('simulation', 'status')).stdout, `global simulation: disabled\n\nScenarios in simulation mode:\n  - ${name}\n`);
  await run('simulation', 'disable', name);
  await run('simulation', 'enable', '-g');
  assert.equal((await run('simulation', 'status')).stdout, 'global simulation: enabled\n');
});
