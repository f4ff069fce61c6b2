// `npm start` as a newcomer meets it: with logs, with none, the demonstration, a second start.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { attackSample } from '../../ts/instance/attack-sample.js';
import { RunningDaemon } from '../support/instance.js';
import { projectRoot } from '../support/shared.js';

const starter = `import { start } from ${JSON.stringify(new URL('../../ts/start.js', import.meta.url).href)}; await start(process.argv.slice(2));`;

let dir: string;
const started: RunningDaemon[] = [];
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'palisade-start-'));
  writeFileSync(join(dir, 'start.mjs'), starter);
});
after(() => {
  // What a failed test left running.
  for (const { child } of started) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

/**
 * The program behind `npm start`, without the set-up that comes before it: a test must not rebuild what runs it.
 */
function start(home: string, logs: string, args: readonly string[] = []): RunningDaemon {
  const running = new RunningDaemon(spawn(process.execPath, [join(dir, 'start.mjs'), ...args], {
    cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TZ: 'UTC', NO_COLOR: '1', PALISADE_HOME: join(dir, home), PALISADE_LOGS: join(dir, logs) } }));
  started.push(running);
  return running;
}

/** Ends it as Ctrl-C does. */
async function interrupt(running: RunningDaemon): Promise<number | null> {
  running.child.kill('SIGINT');
  return new Promise((resolve) => {
    if (running.child.exitCode !== null) resolve(running.child.exitCode);
    else running.child.once('exit', resolve);
  });
}

describe('on a host with logs', () => {
  before(() => {
    mkdirSync(join(dir, 'logs/nginx'), { recursive: true });
    const [ssh, web] = attackSample(Date.now() - 3_600_000);
    writeFileSync(join(dir, 'logs/auth.log'), `${ssh.lines.join('\n')}\n`);
    writeFileSync(join(dir, 'logs/nginx/access.log'), `${web.lines.join('\n')}\n`);
  });

  test('the first start shows who would have been banned, watches, and tells of a new attack', async () => {
    const running = start('with-logs', 'logs');
    await running.until(() => running.output.includes('stop: Ctrl-C'));
    assert.match(running.output, /creating an instance in /);
    assert.match(running.output, /the last 24 hours: \d+ lines of 2 files\nwould have been banned \(nothing is stored\):\n +source +events +banned for\n/);
    for (const address of ['203.0.113.7', '198.51.100.23', '198.51.100.66']) assert.ok(running.output.includes(`  ${address} `), running.output);
    assert.doesNotMatch(running.output, /192\.0\.2\.(80|99|44)/);
    assert.match(running.output, /watching\n.*auth\.log \(syslog\)\n.*access\.log \(nginx\)/);
    assert.match(running.output, /nothing is blocked until a bouncer runs/);
    const before = running.output.length;
    appendFileSync(join(dir, 'logs/auth.log'), 'Feb  1 12:00:00 host sshd[42]: Failed password for root from 203.0.113.99 port 4022 ssh2\n'.repeat(8));
    await running.until(() => /203\.0\.113\.99 .*ban for (4h|3h59m)/.test(running.output.slice(before)));
    const inspected = spawnSync(process.execPath, [join(projectRoot, 'bin/cscli'), '-c', join(dir, 'with-logs/etc/config.yaml'),
      'alerts', 'inspect', '-d', '1'], { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });
    assert.match(inspected.stdout, /palisade_file[^]*auth\.log[^]*palisade_nodes[^]*palisade\/sshd-logs/, inspected.stderr);
    assert.equal(await interrupt(running), 0, running.output);
  });

  test('a second start creates and replays nothing, and goes on where the first stopped', async () => {
    const config = join(dir, 'with-logs/etc/config.yaml');
    const made = statSync(config).mtimeMs;
    appendFileSync(join(dir, 'logs/auth.log'), 'Feb  1 12:00:00 host sshd[42]: Failed password for root from 203.0.113.98 port 4022 ssh2\n'.repeat(8));
    const running = start('with-logs', 'logs');
    await running.until(() => /203\.0\.113\.98 .*ban for (4h|3h59m)/.test(running.output));
    await running.until(() => running.output.includes('stop: Ctrl-C'));
    assert.doesNotMatch(running.output, /creating|building|last 24 hours|203\.0\.113\.7 /);
    assert.equal(statSync(config).mtimeMs, made);
    const another = start('with-logs', 'logs');
    assert.equal(await new Promise((resolve) => another.child.once('close', resolve)), 1);
    assert.match(another.output, /address already in use\nis another instance running\? else .*listen_uri/);
    assert.equal(await interrupt(running), 0, running.output);
  });
});

for (const [title, home, args, logs] of [
  ['on a host with nothing to watch', 'nothing', [], 'no-logs'],
  ['with --demo', 'demonstration', ['--demo'], 'logs'],
] as const) {
  test(`${title} an attack sample is shown, its attackers banned, the others not`, async () => {
    const running = start(home, logs, args);
    await running.until(() => running.output.includes('stop: Ctrl-C'));
    assert.match(running.output, /an attack sample, made up for this demonstration/);
    const table = running.output.slice(running.output.lastIndexOf('banned for'));
    for (const address of ['203.0.113.7', '198.51.100.23', '198.51.100.66', '203.0.113.120', '198.51.100.200', '192.0.2.166']) {
      assert.ok(table.includes(`  ${address} `), running.output);
    }
    assert.doesNotMatch(table, /192\.0\.2\.(80|99|44)\b/);
    if (home === 'nothing') assert.match(running.output, /there is no log here that the embedded rules know[^]*filenames:\n +- \/path\/to\/access\.log/);
    assert.equal(await interrupt(running), 0, running.output);
  });
}

test('an argument that is not known is refused with the usage, exit 2', async () => {
  const running = start('refused', 'no-logs', ['--what']);
  const exit = await new Promise((resolve) => running.child.once('exit', resolve));
  assert.equal(exit, 2, running.output);
  assert.match(running.output, /unknown argument --what\nusage: npm start \[-- --demo\]/);
});
