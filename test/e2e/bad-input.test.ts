// What a user can get wrong and what a host can do to us: a clear message with its place, the right exit code, and
// nothing lost.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer, type AddressInfo } from 'node:net';
import { RunningDaemon, TestInstance, type CommandResult } from '../support/instance.js';
import { projectRoot } from '../support/shared.js';

const isRoot = process.getuid?.() === 0;
const guesses = 'Feb  1 12:00:00 host sshd[42]: Failed password for root from 203.0.113.77 port 4022 ssh2\n'.repeat(8);

let instance: TestInstance;
let etc: string;
before(async () => {
  instance = await TestInstance.create({ hub: 'embedded', collections: ['palisade/linux'] });
  etc = join(instance.dir, 'etc');
});
after(() => instance.remove());

/** Runs with a file of the configuration replaced, then puts it back. */
async function withFile(file: string, text: string, args: readonly string[]): Promise<CommandResult> {
  const path = join(etc, file);
  const old = existsSync(path) ? readFileSync(path) : null;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  try {
    return await instance.palisade(args);
  } finally {
    if (old === null) rmSync(path);
    else writeFileSync(path, old);
  }
}

/** What a command said, a log line as its message. */
function said({ stdout, stderr }: CommandResult): string {
  return `${stdout}${stderr}`.replaceAll(/^time="[^"]*" level=\w+ msg="(.*)"$/gm, (_, text: string) => JSON.parse(`"${text}"`) as string)
    .replaceAll(instance.dir, '.');
}

describe('command lines', () => {
  const cases: [title: string, args: string[], exit: number, message: RegExp][] = [
    ['a flag that does not exist', ['-nope'], 2, /^flag provided but not defined: -nope\nUsage of palisade:/],
    ['an argument that is no flag', ['nope'], 1, /^argument provided but not defined: nope\n$/],
    ['a flag without its argument', ['-dsn'], 2, /^flag needs an argument: -dsn\n/],
    ['-dsn without -type', ['-dsn', 'file:///x'], 1, /^-dsn requires a -type argument\n$/],
    ['a label that is no pair', ['-dsn', 'file:///x', '-type', 'syslog', '-label', 'a'], 1, /bad format 'a' for label/],
    ['a source that is not known', ['-dsn', 'ftp://x', '-type', 'syslog'], 1, /no acquisition for protocol ftp:\/\/ - unknown data source ftp/],
    ['a transform that does not compile', ['-dsn', 'file:///etc/hostname', '-type', 'x', '-transform', 'evt.Nope'], 1,
      /-transform:1:5: type .* has no field Nope.*\n +1 \| evt\.Nope\n +\| +\^/],
  ];
  for (const [title, args, exit, message] of cases) {
    test(`${title}: exit ${exit}`, async () => {
      const result = await instance.palisade(args);
      assert.equal(result.exit, exit, said(result));
      assert.match(said(result), message);
    });
  }
});

describe('logs that are none', () => {
  before(() => {
    mkdirSync(join(instance.dir, 'folder'));
    writeFileSync(join(instance.dir, 'empty.log'), '');
    writeFileSync(join(instance.dir, 'good.log'), guesses);
    writeFileSync(join(instance.dir, 'binary.log'),
      Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0xff, 0xfe, 10, 0, 10]), Buffer.from(guesses)]));
  });
  const cases: [name: string, exit: number, message: RegExp][] = [
    ['nowhere.log', 1, /no matching files for pattern \.\/nowhere\.log/],
    ['folder', 1, /\.\/folder is a directory; name its files, e\.g\. file:\/\/\.\/folder\/\*\.log/],
    ['empty.log', 0, /\.\/empty\.log is empty/],
    ['binary.log', 0, /\.\/binary\.log looks like a binary file/],
  ];
  for (const [name, exit, message] of cases) {
    test(`-dsn with ${name}: exit ${exit}`, async () => {
      instance.clearAlerts();
      const result = await instance.palisade(['-dsn', `file://${instance.dir}/${name}`, '-type', 'syslog']);
      assert.equal(result.exit, exit, said(result));
      assert.match(said(result), message);
      if (name === 'binary.log') assert.ok(instance.alerts().length > 0, 'its lines are read all the same');
    });
  }

  test('in acquis.yaml the bad ones are named, the good one is read, and the exit code tells', async () => {
    instance.clearAlerts();
    const documents = ['folder', 'empty.log', 'good.log', 'nowhere.log']
      .map((name) => `source: file\nmode: cat\nfilename: ${instance.dir}/${name}\nlabels: {type: syslog}\n`);
    const result = await withFile('acquis.yaml', documents.join('---\n'), []);
    assert.equal(result.exit, 1, said(result));
    assert.match(said(result), /cannot read \.\/folder: is a directory/);
    assert.match(said(result), /\.\/empty\.log is empty/);
    assert.match(said(result), /no matching files for pattern \.\/nowhere\.log/);
    assert.match(said(result), /1 of 4 data sources could not be read to the end/);
    assert.ok(instance.bannedValues().has('203.0.113.77'));
  });

  test('a file that may not be read is named with the reason', { skip: whyNotAsNobody() }, () => {
    const path = join(instance.dir, 'secret.log');
    writeFileSync(path, guesses, { mode: 0o600 });
    for (const folder of ['', 'etc', 'data', 'hub']) chmodSync(join(instance.dir, folder), 0o777);
    const files = spawnSync('find', [instance.dir, '-type', 'f', '-not', '-name', 'secret.log'], { encoding: 'utf8' }).stdout.trim().split('\n');
    for (const file of files) chownSync(file, 65_534, 65_534);
    const result = spawnSync(process.execPath, [join(projectRoot, 'bin/palisade'), '-c', instance.config, '-dsn', `file://${path}`,
      '-type', 'syslog'], { encoding: 'utf8', uid: 65_534, gid: 65_534, cwd: '/' });
    assert.equal(result.status, 1, result.stderr);
    assert.match(result.stderr, /cannot read [^ ]*secret\.log: permission denied/i);
  });
});

/** Why a command cannot be run as the user nobody, or false. */
function whyNotAsNobody(): string | false {
  if (!isRoot) return 'needs root to become another user';
  const reads = spawnSync(process.execPath, [join(projectRoot, 'bin/cscli'), 'version'], { uid: 65_534, gid: 65_534, cwd: '/' });
  return reads.status === 0 ? false : 'the clone lies in a folder that other users may not enter';
}

describe('mistakes in files: exit 1 and the place', () => {
  const mistake = 'name: test/x\n  description: y\n';
  const cases: [file: string, text: string, message: RegExp][] = [
    ['config.yaml.local', 'prometheus: {enabeld: true}\n', /config\.yaml\.local:1:14: unknown key "prometheus\.enabeld", did you mean "enabled"\?\n.*enabeld.*\n +\| +\^/],
    ['config.yaml.local', 'common: {log_level: loud}\n', /config\.yaml: common\.log_level is "loud", must be one of trace, debug/],
    ['config.yaml.local', 'common: [\n', /config\.yaml\.local:\d:\d: /],
    ['acquis.yaml', mistake, /etc\/acquis\.yaml:1:\d+: .*\n +1 \| name: test\/x\n +\| +\^/],
    ['acquis.yaml', 'source: file\nfilenmae: /x\nlabels: {type: syslog}\n', /etc\/acquis\.yaml:2:1: unknown key "filenmae", did you mean "filename"\?/],
    ['acquis.yaml', 'source: file\nfilename: /x\n', /etc\/acquis\.yaml:1:1: missing labels/],
    ['acquis.yaml', 'source: file\nfilename: /x\nlabels: {type: x}\ntransform: evt.Nope\n', /etc\/acquis\.yaml:4:16: type .* has no field Nope/],
    ['acquis.d/more.yaml', 'source: flie\nlabels: {type: x}\n', /etc\/acquis\.d\/more\.yaml:1:9: .*unknown data source flie/],
    ['profiles.yaml', mistake, /etc\/profiles\.yaml:1:\d+: /],
    ['profiles.yaml', 'name: x\nfilters: [Alert.Nope == 1]\ndecisions: [{type: ban, duration: 4h}]\n', /etc\/profiles\.yaml:2:17: type models\.Alert has no field Nope\n.*\n +\| +\^/],
    ['profiles.yaml', 'name: x\nfilters: ["true"]\ndecisions: [{type: ban, duration: 4 hours}]\n', /etc\/profiles\.yaml:3:35: .*4 hours/],
    ['simulation.yaml', mistake, /etc\/simulation\.yaml:1:\d+: /],
    ['simulation.yaml', 'simulaton: true\n', /etc\/simulation\.yaml:1:1: unknown key "simulaton", did you mean "simulation"\?/],
    ['palisade.yaml', mistake, /etc\/palisade\.yaml:1:\d+: /],
    ['palisade.yaml', 'limits: {outboxAlerts: 3}\n', /etc\/palisade\.yaml.*unknown limit "outboxAlerts"/],
    ['credentials.yaml', mistake, /etc\/credentials\.yaml:1:\d+: /],
    ['credentials.yaml', 'login: x\npassword: y\n', /no credentials or URL found in api client configuration '\.\/etc\/credentials\.yaml'/],
    ['parsers/s00-raw/x.yaml', mistake, /parsers\/s00-raw\/x\.yaml:1:\d+: /],
    ['parsers/s00-raw/x.yaml', 'name: test/x\nfilter: "1 =="\nstatics: [{meta: a, value: b}]\n', /parsers\/s00-raw\/x\.yaml:2:\d+: .*\n.*\n +\| +\^/],
    ['parsers/s00-raw/x.yaml', "name: test/x\ngrok: {pattern: '%{NOSUCHNAME:a}', apply_on: Line.Raw}\n", /parsers\/s00-raw\/x\.yaml:2:\d+: .*NOSUCHNAME/],
    ['parsers/s00-raw/x.yaml', "name: test/x\ngrok: {pattern: '(%{WORD:a}', apply_on: Line.Raw}\n", /parsers\/s00-raw\/x\.yaml:2:\d+: /],
    ['postoverflows/s00-enrich/x.yaml', 'name: test/x\nonsucess: next_stage\n', /postoverflows\/s00-enrich\/x\.yaml:2:1: unknown key "onsucess", did you mean "onsuccess"\?/],
    ['scenarios/x.yaml', mistake, /scenarios\/x\.yaml:1:\d+: /],
    ['scenarios/x.yaml', 'type: leaky\nname: test/x\ndescription: x\nfilter: |\n  evt.Meta.service == "ssh" &&\n  evt.Meta.user + 1 > 2\ncapacity: 1\nleakspeed: 1s\n',
      /scenarios\/x\.yaml:6:\d+: invalid operation: \+ \(mismatched types string and int\)\n +6 \| +evt\.Meta\.user \+ 1 > 2\n +\| +\^/],
    ['scenarios/x.yaml', 'type: leaky\nname: test/x\ndescription: x\nfilter: "true"\ncapacity: 1\nleakspeed: 1 second\n', /scenarios\/x\.yaml:6:12: "1 second" is not a duration such as 30s or 1h30m/],
    ['contexts/x.yaml', mistake, /contexts\/x\.yaml:1:\d+: /],
    ['contexts/x.yaml', 'name: test/x\ncontext: {a: [evt.Nope]}\n', /contexts\/x\.yaml:2:\d+: .*Nope/],
    ['console/context.yaml', 'a: evt.Meta.x\n', /console\/context\.yaml:1:4: "a" must be a list/],
    ['collections/x.yaml', mistake, /collections\/x\.yaml:1:\d+: /],
  ];
  for (const [file, text, message] of cases) {
    test(`${file}: ${JSON.stringify(text.slice(0, 60))}`, async () => {
      const result = await withFile(file, text, ['-t']);
      assert.equal(result.exit, 1, said(result));
      assert.match(said(result), message);
    });
  }

  test('a collection that names a parser which is not there is said at its place, and the rest runs', async () => {
    const result = await withFile('collections/x.yaml', 'name: test/x\nparsers:\n  - nobody/nothing\n', ['-t']);
    assert.equal(result.exit, 0, said(result));
    assert.match(said(result), /collections\/x\.yaml:3:5: the collection test\/x names nobody\/nothing of parsers, which is not installed/);
    const installed = await instance.cscli(['parsers', 'install', 'nobody/nothing']);
    assert.notEqual(installed.exit, 0);
    assert.match(installed.stderr, /nobody\/nothing/);
  });
});

describe('ports and the Local API', () => {
  for (const [title, local] of [
    ['the Local API', (port: number) => `api: {server: {listen_uri: '127.0.0.1:${port}'}}\n`],
    ['the metrics', (port: number) => `prometheus: {listen_port: ${port}}\n`],
  ] as const) {
    test(`a port of ${title} that somebody else has is named, exit 1`, async () => {
      const holder = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => holder.once('listening', resolve));
      const { port } = holder.address() as AddressInfo;
      const result = await withFile('config.yaml.local', local(port), []);
      holder.close();
      assert.equal(result.exit, 1, said(result));
      assert.match(said(result), new RegExp(`127\\.0\\.0\\.1:${port}.*address already in use`));
    });
  }

  test('a wrong password ends the start with exit 1 and what to do', async () => {
    const credentials = readFileSync(join(etc, 'credentials.yaml'), 'utf8');
    const result = await withFile('credentials.yaml', credentials.replace(/password: .*/, 'password: wrong'), []);
    assert.equal(result.exit, 1, said(result));
    assert.match(said(result), /incorrect Username or Password/i);
    assert.match(said(result), /new ones: cscli -c \.\/etc\/config\.yaml machines add/);
  });

  test('an engine waits for a Local API that comes later, is logged in anew when its token dies, and loses nothing', async () => {
    const log = join(instance.dir, 'late.log');
    writeFileSync(log, '');
    writeFileSync(join(etc, 'acquis.yaml'), `source: file\nfilename: ${log}\nlabels: {type: syslog}\n`);
    const engineConfig = join(etc, 'engine.yaml');
    writeFileSync(engineConfig, readFileSync(instance.config, 'utf8').replace('prometheus: {enabled: true', 'prometheus: {enabled: false'));
    instance.clearAlerts();
    const engine = launch(['-c', engineConfig, '-no-api']);
    await engine.until(() => engine.output.includes('the Local API does not answer yet'));
    let api = await instance.daemon(['-no-cs'], { CS_LAPI_SECRET: 'a'.repeat(64) });
    await engine.until(() => engine.output.includes(`reading ${log}`));
    writeFileSync(log, guesses, { flag: 'a' });
    await engine.until(() => instance.bannedValues().has('203.0.113.77'));

    assert.equal(await api.stop(), 0);
    writeFileSync(log, guesses.replaceAll('203.0.113.77', '203.0.113.78'), { flag: 'a' });
    await engine.until(() => engine.output.includes('alerts wait'));
    api = await instance.daemon(['-no-cs'], { CS_LAPI_SECRET: 'b'.repeat(64) });
    await engine.until(() => instance.bannedValues().has('203.0.113.78'));
    assert.equal(await engine.stop(), 0);
    assert.equal(await api.stop(), 0);
    writeFileSync(join(etc, 'acquis.yaml'), '');
  });

  test('SIGTERM ends a start that waits for the Local API, exit 0', async () => {
    const engine = launch(['-c', join(etc, 'engine.yaml'), '-no-api']);
    await engine.until(() => engine.output.includes('the Local API does not answer yet'));
    assert.equal(await engine.stop(), 0, engine.output);
  });
});

describe('a full disk', { skip: canMount() ? false : 'needs root and a mount namespace of its own (unshare of util-linux)' }, () => {
  let daemon: RunningDaemon;
  let log: string;
  /** The data folder as the daemon's namespace has it. */
  let data: string;

  before(async () => {
    log = join(instance.dir, 'disk.log');
    writeFileSync(log, '');
    writeFileSync(join(etc, 'acquis.yaml'), `source: file\nfilename: ${log}\nlabels: {type: syslog}\n`);
    writeFileSync(join(etc, 'palisade.yaml'), 'limits: {outboxDrainMs: 500}\n');
    const folder = join(instance.dir, 'data');
    const script = 'cp -a "$1" "$1.kept" && mount -t tmpfs -o size=8m tmpfs "$1" && cp -a "$1.kept/." "$1/" && shift && exec "$@"';
    daemon = new RunningDaemon(spawn('unshare', ['-m', 'sh', '-c', script, 'sh', folder, process.execPath,
      join(projectRoot, 'bin/palisade'), '-c', instance.config], { stdio: ['ignore', 'pipe', 'pipe'] }));
    await daemon.until(() => daemon.output.includes(`reading ${log}`));
    data = `/proc/${daemon.child.pid}/root${folder}`;
  });
  after(async () => { if (daemon.child.exitCode === null) await daemon.stop(); });

  function fill(): void {
    spawnSync('dd', ['if=/dev/zero', `of=${data}/filler`, 'bs=4096'], { stdio: 'ignore' });
    spawnSync('sh', ['-c', `echo x >> '${data}/filler2'`], { stdio: 'ignore' });
  }

  async function bans(): Promise<string> {
    return (await instance.cscli(['decisions', 'list', '-o', 'json'])).stdout;
  }

  test('alerts wait while the database cannot grow, and arrive when there is room', async () => {
    fill();
    for (let host = 1; host <= 40; host++) writeFileSync(log, guesses.replaceAll('203.0.113.77', `198.51.100.${host}`), { flag: 'a' });
    await daemon.until(() => daemon.output.includes('alerts wait'));
    rmSync(`${data}/filler`);
    await daemon.until(async () => (await bans()).includes('198.51.100.40'));
    const text = await bans();
    for (let host = 1; host <= 40; host++) assert.ok(text.includes(`"198.51.100.${host}"`), `198.51.100.${host} is banned`);
  });

  test('a stop while it is full says how many alerts were not taken, exit 1', async () => {
    fill();
    for (let host = 1; host <= 60; host++) writeFileSync(log, guesses.replaceAll('203.0.113.77', `192.0.2.${host}`), { flag: 'a' });
    await daemon.until(() => daemon.output.split('alerts wait').length > 2);
    assert.equal(await daemon.stop(), 1, daemon.output);
    assert.match(daemon.output, /\d+ alerts were not taken by the Local API/);
  });
});

/** Starts the daemon without waiting for anything. */
function launch(args: readonly string[]): RunningDaemon {
  return new RunningDaemon(spawn(process.execPath, [join(projectRoot, 'bin/palisade'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

function canMount(): boolean {
  return isRoot && spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs -o size=64k tmpfs /mnt']).status === 0;
}
