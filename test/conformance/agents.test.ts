// Agents of one side at the Local API of the other: an attack in a log that is being written leads to a ban, whoever
// reads the log and whoever decides.

import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { skipWithoutPackage } from '../support/debian-package.js';
import { TestInstance, type CommandResult, type RunningDaemon } from '../support/instance.js';
import { freePort } from '../support/free-port.js';
import { DebianCrowdsec } from './debian-crowdsec.js';

interface ShownAlert {
  readonly scenario: string;
  readonly machine_id: string;
  readonly events_count: number;
  readonly events: readonly object[];
  readonly source: { readonly value: string };
  readonly decisions: readonly { readonly origin: string; readonly type: string; readonly value: string }[];
}

const attacker = '203.0.113.77';
const attack = Array.from({ length: 8 }, (_, second) =>
  `Nov 23 05:00:0${second} host sshd[42]: Failed password for root from ${attacker} port 4022 ssh2\n`).join('');

const nothing = 'Nov 23 05:00:00 host cron[1]: nothing\n';

describe('an agent at the Local API of the other side', skipWithoutPackage('crowdsec'), () => {
  const running: RunningDaemon[] = [];
  const made: { remove(): void }[] = [];
  let ours: TestInstance;
  let theirs: DebianCrowdsec;

  before(async () => {
    ours = await TestInstance.create({ hub: 'embedded', collections: ['palisade/linux'] });
    made.push(ours);
  });
  after(async () => {
    for (const daemon of running) await daemon.stop();
    for (const each of made) each.remove();
  });

  const start = (daemon: RunningDaemon): RunningDaemon => {
    running.push(daemon);
    return daemon;
  };

  test("Debian's agent registers, waits to be let in, and gets its bans from us", async () => {
    const server = start(await ours.daemon(['-no-cs']));
    theirs = new DebianCrowdsec(ours.apiPort);
    made.push(theirs);
    ok(await theirs.cscli('lapi', 'register', '--machine', 'debian', '-u', theirs.url, '-f', theirs.etc('credentials.yaml')));
    const early = await theirs.cscli('lapi', 'status');
    assert.equal(early.exit, 1);
    assert.match(early.stderr, /machine debian not validated/);
    ok(await ours.cscli(['machines', 'validate', 'debian']));
    ok(await theirs.cscli('lapi', 'status'));
    const log = join(theirs.folder, 'auth.log');
    writeFileSync(log, nothing);
    theirs.follow(log);
    const agent = start(theirs.start('-no-api'));
    await agent.until(() => standsAtEnd(agent.child.pid!, log));
    appendFileSync(log, attack);
    // What was written before it began to watch the file it finds with the next line only.
    await agent.until(() => {
      appendFileSync(log, nothing);
      return ours.bannedValues().has(attacker);
    });
    const alert = await theOnlyAlert(ours);
    assert.equal(alert.machine_id, 'debian');
    assert.equal(alert.scenario, 'crowdsecurity/ssh-bf');
    assert.equal(alert.events.length, alert.events_count);
    const { version, scenarios } = JSON.parse((await ours.cscli(['machines', 'inspect', 'debian', '-o', 'json'])).stdout) as
      { version: string; scenarios?: string };
    assert.match(version, /^v1\.4\.6/);
    assert.ok(scenarios === undefined || scenarios.includes('crowdsecurity/ssh-bf'));
    // It ends by the signal itself: only as a service does it handle one.
    await agent.stop();
    assert.equal(await server.stop(), 0, server.output);
  });

  test("our agent gets its bans from Debian's Local API, and sends what waited while that was away", async () => {
    const port = await freePort();
    theirs = new DebianCrowdsec(port);
    made.push(theirs);
    ok(await theirs.cscli('machines', 'add', 'admin', '-p', 'pass', '--force'));
    const api = start(theirs.start('-no-cs'));
    await api.until(() => fetch(theirs.url).then(() => true, () => false));
    ok(await ours.cscli(['lapi', 'register', '--machine', 'palisade', '-u', theirs.url, '-f', join(ours.dir, 'etc/credentials.yaml')]));
    assert.notEqual((await ours.cscli(['lapi', 'status'])).exit, 0);
    ok(await theirs.cscli('machines', 'validate', 'palisade'));
    ok(await ours.cscli(['lapi', 'status']));
    const log = join(ours.dir, 'auth.log');
    writeFileSync(log, '');
    writeFileSync(join(ours.dir, 'etc/acquis.yaml'), `source: file\nfilename: ${log}\nlabels: {type: syslog}\n`);
    const agent = start(await ours.daemon(['-no-api']));
    await attacked(agent, log, async () => (await alertsOf(theirs)).length > 0);
    const [alert] = await alertsOf(theirs);
    assert.equal(alert.machine_id, 'palisade');
    assert.equal(alert.source.value, attacker);
    assert.equal(alert.events.length, alert.events_count);
    assert.deepEqual(alert.decisions.map(({ origin, type, value }) => [origin, type, value]), [['crowdsec', 'ban', attacker]]);

    await api.stop();
    appendFileSync(log, attack.replaceAll(attacker, '203.0.113.78'));
    await agent.until(() => agent.output.includes('Ip 203.0.113.78 performed'));
    const again = start(theirs.start('-no-cs'));
    await again.until(() => fetch(theirs.url).then(() => true, () => false));
    await agent.until(async () => (await alertsOf(theirs)).some(({ source }) => source.value === '203.0.113.78'));
    assert.equal(await agent.stop(), 0, agent.output);
    assert.equal(readFileSync(log, 'utf8').split('\n').length - 1, 16);
  });
});

/** Whether a process has opened a file and gone to its end: it follows what comes from now on. */
function standsAtEnd(pid: number, path: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === path
        && readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8').startsWith(`pos:\t${statSync(path).size}\n`);
    } catch {
      // It was closed meanwhile.
      return false;
    }
  });
}

/** Writes the attack and waits until it has led to what the condition looks for. */
async function attacked(agent: RunningDaemon, log: string, isBanned: () => boolean | Promise<boolean>): Promise<void> {
  appendFileSync(log, attack);
  await agent.until(isBanned);
}

async function theOnlyAlert(server: TestInstance): Promise<ShownAlert> {
  const alerts = JSON.parse(ok(await server.cscli(['alerts', 'list', '-o', 'json'])).stdout) as ShownAlert[];
  assert.equal(alerts.length, 1);
  return alerts[0];
}

async function alertsOf(server: DebianCrowdsec): Promise<ShownAlert[]> {
  // Where there is none it prints nothing, or null.
  return (JSON.parse(ok(await server.cscli('alerts', 'list', '-o', 'json')).stdout || 'null') ?? []) as ShownAlert[];
}

function ok(result: CommandResult): CommandResult {
  assert.equal(result.exit, 0, result.stdout + result.stderr);
  return result;
}
