// Both command lines against both Local APIs: each command of a long session is run by one cscli against our server and
// against Debian's, and must print the same. So whoever works with either pair finds the other behaving alike.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runIn } from '../cli/instance.js';
import { skipWithoutPackage } from '../support/debian-package.js';
import { TestInstance, type RunningDaemon } from '../support/instance.js';
import { freePort } from '../support/free-port.js';
import { DebianCrowdsec } from './debian-crowdsec.js';

interface Printed {
  readonly exit: number | null;
  readonly stdout: string;
}

type CommandLine = (...args: readonly string[]) => Promise<Printed & { readonly stderr: string }>;

/** One user's session. `@DIR@` is a folder with the files to import. */
const session: readonly string[] = [
  'decisions list', 'decisions list -o json', 'alerts list',
  'decisions add --ip 198.18.0.1',
  'decisions add --ip 198.18.0.2 --duration 24h --type captcha --reason by-hand',
  'decisions add --range 198.51.100.0/24 --duration 30m',
  'decisions add --scope Country --value RU',
  'decisions add --ip 2001:db8::1 --reason six',
  'decisions import -i @DIR@/bans.csv',
  'decisions import -i @DIR@/bans.json',
  'decisions list -a', 'decisions list -a -o json', 'decisions list --ip 198.18.0.1 -o raw',
  'decisions list --range 198.51.100.0/25 -o raw', 'decisions list --range 198.51.0.0/16 --contained -o raw',
  'decisions list -a --type captcha -o raw', 'decisions list --origin cscli-import -o raw', 'decisions list --scope Country -o raw',
  'decisions list --scenario by-hand -o raw', 'decisions list -a --since 1h --until 0s -o raw',
  'decisions list --ip 2001:db8::1 -o raw',
  'alerts list -a -o raw', 'alerts list --ip 198.18.0.1 -o raw', 'alerts list -a --limit 2 -o raw', 'alerts list -a --type captcha -o raw',
  'alerts list --range 198.51.100.0/24 -o raw',
  'alerts list --until 1h -o raw', 'alerts inspect 1',
  'decisions delete --ip 198.18.0.1', 'decisions delete --ip 198.18.0.1', 'decisions delete --id 2', 'decisions list -a -o raw',
  'decisions delete --range 198.51.100.0/24', 'decisions list -a -o raw',
  'alerts delete --ip 198.18.0.2', 'alerts list -a -o raw', 'decisions delete --all', 'decisions list -o raw', 'alerts delete --all',
  'alerts list -o json',
];

describe('one session, two servers', skipWithoutPackage('crowdsec'), () => {
  let servers: { ours: TestInstance; theirs: DebianCrowdsec };
  const daemons: RunningDaemon[] = [];
  let clients: { ours: TestInstance; theirs: DebianCrowdsec };

  before(async () => {
    const port = await freePort();
    servers = { ours: await TestInstance.create({ hub: 'embedded' }), theirs: new DebianCrowdsec(port) };
    const added = await servers.theirs.cscli('machines', 'add', 'testm', '-p', 'pass', '--force');
    assert.equal(added.exit, 0, added.stderr);
    const theirs = servers.theirs.start('-no-cs');
    daemons.push(theirs);
    daemons.push(await servers.ours.daemon(['-no-cs']));
    await theirs.until(() => fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false));
    clients = { ours: await TestInstance.create({ hub: 'embedded' }), theirs: new DebianCrowdsec(servers.ours.apiPort) };
    writeFileSync(join(clients.ours.dir, 'etc/credentials.yaml'), `url: http://127.0.0.1:${port}/\nlogin: testm\npassword: pass\n`);
    clients.theirs.useCredentials('testm', 'pass');
    writeFileSync(join(clients.ours.dir, 'bans.csv'), 'duration,scope,value\n24h,Ip,203.0.113.1\n5m,Range,203.0.113.128/25\n');
    writeFileSync(join(clients.ours.dir, 'bans.json'),
      '[{"duration":"4h","scope":"Ip","value":"203.0.113.2","type":"captcha"},{"value":"2001:db8:5::/48","scope":"Range","reason":"why"}]');
  });
  after(async () => {
    for (const daemon of daemons) await daemon.stop();
    for (const each of [servers, clients]) {
      each?.ours.remove();
      each?.theirs.remove();
    }
  });

  const ours = (instance: TestInstance): CommandLine => (...args) => runIn(instance.dir, ['-c', instance.config, ...args]);
  const theirs = (instance: DebianCrowdsec): CommandLine => (...args) => instance.cscli(...args);

  for (const [name, pair] of [
    ["Debian's cscli", () => [theirs(clients.theirs), theirs(servers.theirs)]],
    ['our cscli', () => [ours(servers.ours), ours(clients.ours)]],
  ] as const) {
    test(`${name} prints the same, whoever answers`, async () => {
      const [withOurs, withTheirs] = pair();
      const status = await Promise.all([withOurs('lapi', 'status'), withTheirs('lapi', 'status')]);
      assert.deepEqual(status.map(({ exit }) => exit), [0, 0], status.map(({ stderr }) => stderr).join(''));
      // Ids go on where the session of the other client ended: both servers have seen the same.
      for (const line of session) {
        const args = line.replaceAll('@DIR@', clients.ours.dir).split(' ');
        const [found, wanted] = await Promise.all([withOurs(...args), withTheirs(...args)]);
        assert.deepEqual(comparable(found), comparable(wanted), `${line}\n${found.stderr}\n${wanted.stderr}`);
      }
    });
  }
});

/**
 * What was printed, without the times that pass between two runs, and widths of columns, which follow them; without
 * what the older server does not tell: kinds, uuids, whether a remedy was wanted.
 */
function comparable({ exit, stdout }: Printed): Printed {
  const text = stdout.replace(/-?(\d+h)?(\d+m)?\d+(\.\d+)?m?s/g, 'DURATION')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC|Z)?/g, 'TIME')
    .replace(/ +/g, ' ').replace(/--+/g, '--')
    .replace(/,\n "uuid": "[^"]*"/g, '').replace(/ "(kind": "cscli|remediation": true)"?,\n/g, '').replace(/TIME,cscli\n/g, 'TIME,\n')
    .replace(/(- (Kind|UUID) :) .*/g, '$1').replace(/(captcha|ban):1 (captcha|ban):1/g, 'ban:1 captcha:1');
  return { exit, stdout: text };
}
