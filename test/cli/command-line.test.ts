import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeInstance, runIn } from './instance.js';

/** Runs without any configuration file. */
const run = (...argv: string[]) => runIn('/', ['-c', '/nonexistent/config.yaml', ...argv]);

test('what is wrong with flags is said before the configuration is read', async () => {
  for (const [argv, message] of [
    [['decisions', 'add', '--nope'], 'cscli decisions add: unknown flag: --nope'],
    [['decisions', 'add', '--nope=1'], 'cscli decisions add: unknown flag: --nope'],
    [['decisions', 'add', '-x'], "cscli decisions add: unknown shorthand flag: 'x' in -x"],
    [['decision', 'remove', '--ip'], 'cscli decisions delete: flag needs an argument: --ip'],
    [['decisions', 'add', '-i'], "cscli decisions add: flag needs an argument: 'i' in -i"],
    [['alerts', 'list', '--limit', 'x'], 'cscli alerts list: invalid argument "x" for "-l, --limit" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    [['alerts', 'list', '--since', '1 day'], 'cscli alerts list: invalid argument "1 day" for "--since" flag: invalid day value in duration "1 day"'],
    [['machines', 'add', 'm', '-p', 'x'.repeat(73)], `cscli machines add: invalid argument "${'x'.repeat(73)}" for "-p, --password" flag: password too long (max 72 characters)`],
  ] as const) {
    assert.deepEqual(await run(...argv), { stdout: '', stderr: `Error: ${message}\n`, exit: 1 });
  }
});

test('a missing configuration is an error of every command that needs one', async () => {
  for (const argv of [['decisions', 'list'], ['hub'], ['nope'], ['version']]) {
    assert.equal((await run(...argv)).stderr, 'Error: while reading yaml file: open /nonexistent/config.yaml: no such file or directory\n');
  }
  assert.equal((await runIn('/', ['version'])).exit, 0);
});

test('a faulty configuration is shown with its place', async () => {
  const instance = makeInstance(null, { port: 1 });
  try {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(instance.configFile, 'common:\n  log_medium: stdout\n');
    const { stderr, exit } = await instance.run(['-c', instance.configFile, 'alerts', 'list']);
    assert.equal(exit, 1);
    assert.match(stderr, /^Error: .*config\.yaml:2:3: unknown key "common\.log_medium".*\n.*log_medium: stdout\n.*\^\n$/);
  } finally {
    instance.remove();
  }
});

test('flags are taken in all the forms of pflag', async () => {
  const instance = makeInstance(null, { port: 1 });
  const config = instance.configFile;
  try {
    for (const argv of [
      ['-c', config, '-o', 'raw', 'bouncers', 'list'], ['bouncers', 'list', '-oraw', '-c', config],
      ['-c', config, 'bouncers', 'list', '-o=raw'], [`--config=${config}`, 'bouncers', '--output=raw', 'list'],
      ['-c', config, '--debug=false', '-o', 'raw', 'bouncers', 'list'],
    ]) {
      assert.deepEqual(await instance.run(argv), { exit: 0, stderr: '',
        stdout: 'name,ip,revoked,last_pull,type,version,auth_type\n' }, argv.join(' '));
    }
    const forced = await instance.run(['-c', config, 'bouncers', 'prune', '--force=true', '--duration=1d']);
    assert.deepEqual([forced.stdout, forced.exit], ['No bouncers to prune.\n', 0]);
  } finally {
    instance.remove();
  }
});

test('output formats and colours are checked', async () => {
  const instance = makeInstance(null, { port: 1 });
  try {
    for (const [flag, value, message] of [
      ['-o', 'xml', "output format 'xml' not supported: must be one of human, json, raw"],
      ['--color', 'maybe', "output color 'maybe' not supported: must be one of yes, no, auto"],
    ]) {
      const answer = await instance.run(['-c', instance.configFile, 'bouncers', 'list', flag, value]);
      assert.deepEqual(answer, { stdout: '', stderr: `Error: ${message}\n`, exit: 1 });
    }
  } finally {
    instance.remove();
  }
});

test('commands that are not built are errors that name them', async () => {
  const instance = makeInstance(null, { port: 1 });
  try {
    for (const argv of [['capi', 'status'], ['console', 'enroll', 'KEY', '--name', 'x'], ['notifications', 'list', '-o', 'json'],
      ['lapi', 'context', 'add', '--key', 'k']]) {
      const { stderr, exit } = await instance.run(['-c', instance.configFile, ...argv]);
      assert.equal(exit, 1);
      assert.match(stderr, new RegExp(`"cscli ${argv.filter((word) => !['-o', 'json'].includes(word)).join(' ')}" is not built yet`));
    }
  } finally {
    instance.remove();
  }
});

test('flags that exclude each other and missing ones are refused', async () => {
  const instance = makeInstance(null, { port: 1 });
  try {
    for (const [argv, message] of [
      [['hub', 'list', '--all', '--full'], 'cscli hub list: if any flags in the group [all full] are set none of the others can be; [all full] were all set'],
      [['decisions', 'import'], 'cscli decisions import: required flag(s) "input" not set'],
      [['allowlists', 'create', 'x'], 'cscli allowlists create: required flag(s) "description" not set'],
      [['hub', 'list', '--status', 'bogus'], 'cscli hub list: invalid status "bogus" (valid values: installed, not-installed, up-to-date, outdated, tainted, local)'],
    ] as const) {
      assert.deepEqual(await instance.run(['-c', instance.configFile, ...argv]), { stdout: '', stderr: `Error: ${message}\n`, exit: 1 });
    }
  } finally {
    instance.remove();
  }
});

test('completion offers subcommands, flags and values', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'palisade-complete-'));
  try {
    const complete = async (...words: string[]) => (await runIn(directory, ['__complete', ...words])).stdout;
    assert.equal(await complete('dec'), 'decisions\tShow, add and delete decisions\n:4\n');
    assert.match(await complete('decisions', ''), /^add\t.*\ndelete\t.*\nimport\t.*\nlist\t.*\n:4\n$/);
    assert.match(await complete('decisions', 'list', '--no'), /^--no-simu\t.*\n:4\n$/);
    assert.equal(await complete('decisions', 'import', '-i', ''), ':0\n');
    assert.equal(await complete('completion', ''), 'bash\nzsh\nfish\npowershell\n:4\n');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('help names the command however it is asked for', async () => {
  const asked = await Promise.all([runIn('/', ['help', 'machines', 'add']), runIn('/', ['machines', 'add', '-h']),
    runIn('/', ['machine', 'add', 'x', '--help'])]);
  for (const { stdout, exit } of asked) {
    assert.equal(exit, 0);
    assert.equal(stdout, asked[0].stdout);
    assert.match(stdout, /\nUsage:\n {2}cscli machines add \[flags\]\n/);
  }
});
