// A daemon that follows logs while their writer goes on: rotated, truncated, recreated files, a stop and a start, a
// reload. A rule that alerts on every line shows which lines were read and how often: each exactly once.

import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, mkdirSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestInstance, type RunningDaemon } from '../support/instance.js';

const everyLine = `type: trigger
name: test/every-line
description: alerts on each line
filter: evt.Line.Raw contains 'number='
scope: {type: line, expression: evt.Line.Raw}
`;
/** A parser that lets every line through, whatever it says. */
const anything = (stage: string): string => `name: test/${stage}
description: lets lines through
filter: evt.Line.Raw contains 'number='
onsuccess: next_stage
statics: [{meta: seen, value: "yes"}]
`;

describe('a daemon that follows files', () => {
  let instance: TestInstance;
  let logs: string;
  let daemon: RunningDaemon;
  const written: string[] = [];

  before(async () => {
    instance = await TestInstance.create({ hub: 'embedded', collections: ['palisade/linux'], workers: 2,
      rules: { 'scenarios/every-line.yaml': everyLine, 'parsers/s00-raw/anything.yaml': anything('s00'),
        'parsers/s01-parse/anything.yaml': anything('s01'), 'parsers/s02-enrich/anything.yaml': anything('s02') } });
    logs = join(instance.dir, 'logs');
    mkdirSync(logs);
    writeFileSync(join(logs, 'auth.log'), '');
    writeFileSync(join(instance.dir, 'etc/acquis.yaml'), acquisition(join(logs, 'auth.log'), join(logs, 'app-*.log')));
    daemon = await instance.daemon();
  });
  after(async () => {
    await daemon.stop();
    instance.remove();
  });

  /** Appends numbered lines to a log. */
  function write(name: string, count: number): void {
    const lines = Array.from({ length: count }, () => {
      const line = `Feb  1 12:00:00 host app[1]: ${name} number=${written.length}`;
      written.push(line);
      return line;
    });
    appendFileSync(join(logs, name), `${lines.join('\n')}\n`);
  }

  /** Waits until as many lines led to an alert as were written, then compares them. */
  async function eachReadOnce(): Promise<void> {
    await daemon.until(() => alertedLines(instance).length >= written.length);
    assert.deepEqual(alertedLines(instance).sort(), [...written].sort());
  }

  test('appended lines are read once, and counted', async () => {
    write('auth.log', 50);
    await eachReadOnce();
    assert.equal(await hits(instance, join(logs, 'auth.log')), 50);
  });

  test('a line that is written in pieces is one line', async () => {
    const line = `Feb  1 12:00:00 host app[1]: auth.log number=${written.length} in pieces`;
    appendFileSync(join(logs, 'auth.log'), line.slice(0, 20));
    write('app-early.log', 1);
    await eachReadOnce();
    appendFileSync(join(logs, 'auth.log'), `${line.slice(20)}\n`);
    written.push(line);
    await eachReadOnce();
  });

  test('a log that is renamed and created anew goes on without a gap', async () => {
    for (let turn = 1; turn <= 4; turn++) {
      write('auth.log', 20);
      renameSync(join(logs, 'auth.log'), join(logs, `auth.log.${turn}`));
      write('auth.log', 20);
    }
    await eachReadOnce();
  });

  test('a writer that still holds the renamed file is heard', async () => {
    write('auth.log', 5);
    renameSync(join(logs, 'auth.log'), join(logs, 'auth.log.held'));
    write('auth.log.held', 5);
    write('auth.log', 5);
    await eachReadOnce();
  });

  test('a log that is copied and truncated goes on without a gap', async () => {
    for (let turn = 1; turn <= 3; turn++) {
      write('auth.log', 30);
      await eachReadOnce();
      copyFileSync(join(logs, 'auth.log'), join(logs, `auth.log.copy${turn}`));
      truncateSync(join(logs, 'auth.log'));
      write('auth.log', 10);
    }
    await eachReadOnce();
  });

  test('a log that is deleted and comes back is read from its beginning', async () => {
    write('auth.log', 10);
    await eachReadOnce();
    unlinkSync(join(logs, 'auth.log'));
    write('auth.log', 10);
    await eachReadOnce();
  });

  test('files that a pattern matches later are read from their beginning', async () => {
    for (const name of ['app-1.log', 'app-2.log', 'app-3.log']) write(name, 15);
    await eachReadOnce();
    renameSync(join(logs, 'app-1.log'), join(logs, 'old-1.log'));
    write('app-1.log', 15);
    await eachReadOnce();
  });

  test('an attack that a rotation cuts in two leads to the ban', async () => {
    const guess = 'Feb  1 12:00:00 host sshd[42]: Failed password for root from 203.0.113.77 port 4022 ssh2\n';
    appendFileSync(join(logs, 'auth.log'), guess.repeat(3));
    renameSync(join(logs, 'auth.log'), join(logs, 'auth.log.attack'));
    appendFileSync(join(logs, 'auth.log'), guess.repeat(5));
    await daemon.until(() => instance.bannedValues().has('203.0.113.77'));
  });

  test('after SIGTERM and a new start reading goes on where it stopped, through a rotation meanwhile', async () => {
    write('auth.log', 40);
    assert.equal(await daemon.stop(), 0, daemon.output);
    write('auth.log', 25);
    renameSync(join(logs, 'auth.log'), join(logs, 'auth.log.while-down'));
    write('auth.log', 25);
    write('app-new.log', 5);
    daemon = await instance.daemon();
    await eachReadOnce();
    write('auth.log', 10);
    await eachReadOnce();
  });

  test('SIGHUP loads new rules and loses no line', async () => {
    writeFileSync(join(instance.dir, 'etc/scenarios/new.yaml'),
      "type: trigger\nname: test/new\ndescription: new\nfilter: evt.Line.Raw contains 'number='\nscope: {type: new, expression: evt.Line.Raw}\n");
    daemon.child.kill('SIGHUP');
    await daemon.until(() => {
      if (written.length < 1500) write('auth.log', 3);
      return daemon.output.includes('Reload is finished');
    });
    write('auth.log', 3);
    await eachReadOnce();
    const last = written.at(-1) as string;
    await daemon.until(() => instance.alerts().some(({ scenario, value }) => scenario === 'test/new' && value === last));
  });

  for (const [name, file, text, message] of [
    ['a broken acquisition file', 'etc/acquis.yaml', 'filename: [\n', /etc\/acquis\.yaml:\d+:\d+: /],
    ['a scenario that does not compile', 'etc/scenarios/bad.yaml',
      'type: trigger\nname: test/bad\ndescription: bad\nfilter: evt.Nowhere == 1\n', /etc\/scenarios\/bad\.yaml:4:\d+: /],
    ['a profile with an unknown key', 'etc/profiles.yaml', 'name: x\nfilter: [true]\n', /etc\/profiles\.yaml:2:1: /],
  ] as const) {
    test(`SIGHUP with ${name} names its place and leaves the old configuration running`, async () => {
      const path = join(instance.dir, file);
      copyFileSync(existing(path), `${path}.good`);
      writeFileSync(path, text);
      const before = daemon.output.length;
      daemon.child.kill('SIGHUP');
      await daemon.until(() => daemon.output.slice(before).includes('the old one stays'));
      assert.match(daemon.output.slice(before), message);
      if (file === 'etc/scenarios/bad.yaml') unlinkSync(path);
      else renameSync(`${path}.good`, path);
      write('auth.log', 5);
      await eachReadOnce();
    });
  }

  test('SIGHUP with a port that somebody else has brings the old configuration back', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as { port: number };
    writeFileSync(`${instance.config}.local`, `api: {server: {listen_uri: '127.0.0.1:${port}'}}\n`);
    daemon.child.kill('SIGHUP');
    await daemon.until(() => daemon.output.includes('the old one is started again'));
    unlinkSync(`${instance.config}.local`);
    holder.close();
    write('auth.log', 5);
    await eachReadOnce();
  });
});

/** The path itself, made first when it is not there. */
function existing(path: string): string {
  appendFileSync(path, '');
  return path;
}

function acquisition(file: string, pattern: string): string {
  return `source: file\nfilename: ${file}\nlabels: {type: syslog}\n---\nsource: file\nfilenames: ['${pattern}']\nlabels: {type: syslog}\n`;
}

/** The lines that led to an alert. */
function alertedLines(instance: TestInstance): string[] {
  return instance.alerts().filter(({ scenario }) => scenario === 'test/every-line').map(({ value }) => value);
}

/** What cs_filesource_hits_total says of a file. */
async function hits(instance: TestInstance, path: string): Promise<number> {
  const text = await fetch(`http://127.0.0.1:${instance.metricsPort}/metrics`).then((answer) => answer.text());
  const line = text.split('\n').find((each) => each.startsWith('cs_filesource_hits_total') && each.includes(`source="${path}"`));
  return Number(line?.split(' ').at(-1));
}
