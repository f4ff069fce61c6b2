// acquis.yaml and acquisition_dir: what is understood, and how mistakes are told.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { loadAcquisition, parseAcquisition } from '../../ts/acquisition/load.js';
import { PalisadeError } from '../../ts/errors.js';

const dir = mkdtempSync(join(tmpdir(), 'palisade-acquis-'));
after(() => rmSync(dir, { recursive: true, force: true }));

function parse(text: string): { sources: ReturnType<typeof parseAcquisition>; warnings: string[] } {
  const warnings: string[] = [];
  return { sources: parseAcquisition('acquis.yaml', text, warnings), warnings };
}

test('the file that CrowdSec has shipped for years is understood', () => {
  const { sources, warnings } = parse(`#Generated acquisition file
filenames:
  - /var/log/nginx/*.log
  - ./tests/nginx/nginx.log
#this is not a syslog log, indicate which kind of logs it is
labels:
  type: nginx
---
filenames:
 - /var/log/auth.log
 - /var/log/syslog
labels:
  type: syslog
---
filename: /var/log/apache2/*.log
labels:
  type: apache2
`);
  assert.deepEqual(sources.map((spec) => spec.module === 'file' && [spec.file.patterns, spec.labels, spec.mode]), [
    [['/var/log/nginx/*.log', './tests/nginx/nginx.log'], { type: 'nginx' }, 'tail'],
    [['/var/log/auth.log', '/var/log/syslog'], { type: 'syslog' }, 'tail'],
    [['/var/log/apache2/*.log'], { type: 'apache2' }, 'tail'],
  ]);
  assert.deepEqual(warnings, [0, 1, 2].map((index) =>
    `acquis.yaml (position ${index}): datasource type missing, detected 'source=file'`));
});

test('every key of a file source arrives', () => {
  const { sources: [spec], warnings } = parse(`source: file
mode: cat
filename: /b
filenames: [/a]
exclude_regexps: ['\\.gz$']
force_inotify: true
poll_without_inotify: false
discovery_poll_enable: true
discovery_poll_interval: 1m30s
max_buffer_size: 100000
labels: {type: syslog, other: 1}
name: mine
unique_id: u1
log_level: debug
use_time_machine: yes
transform: evt.Line.Raw + "x"
`);
  assert.deepEqual({ ...spec, place: null, transform: spec.transform?.text }, {
    module: 'file', mode: 'cat', labels: { type: 'syslog', other: '1' }, name: 'mine', uniqueId: 'u1', logLevel: 'debug',
    useTimeMachine: true, transform: 'evt.Line.Raw + "x"', place: null,
    file: { patterns: ['/a', '/b'], excludeRegexps: ['\\.gz$'], poll: false, discoveryIntervalMs: 90_000, pollIntervalMs: 250, lingerMs: 30_000 },
  });
  assert.deepEqual(warnings, []);
});

test('empty documents are skipped and positions count them', () => {
  const { sources } = parse('# nothing\n---\n{}\n---\nfilename: /a\nlabels: {type: x}\n---\n');
  assert.equal(sources.length, 1);
  assert.throws(() => parse('---\n---\nsource: nonsense\n'), /\(position 1\) - unknown data source nonsense/);
});

test('a source wins over what its keys would imply', () => {
  assert.throws(() => parse('source: journalctl\nfilename: /a\nlabels: {type: x}\n'), /unknown key "filename"/);
});

test('mistakes are told with file, line, column, and what is wrong', () => {
  const cases: readonly (readonly [text: string, message: RegExp])[] = [
    ['labels: {type: x}\n', /^acquis\.yaml:1:1: missing 'source' field/],
    ['source:\nfilename: /a\nlabels: {type: x}\n', /missing 'source' field/],
    ['filename: /a\n', /^acquis\.yaml:1:1: missing labels/],
    ['filename: /a\nlabels: {}\n', /^acquis\.yaml:2:9: missing labels/],
    ['source: file\nlabels: {type: x}\n', /datasource of type file: no filename or filenames configuration provided/],
    ['source: file\nfilenames: []\nlabels: {type: x}\n', /no filename or filenames configuration provided/],
    ['filename: /a\nlabels: {type: x}\nmeh: 1\n', /^acquis\.yaml:3:1: unknown key "meh"/],
    ['filename: /a\nfilenam: /b\nlabels: {type: x}\n', /did you mean "filename"\?\n  2 \| filenam: \/b\n    \| \^/],
    ['filename: /a\nfilename: /b\nlabels: {type: x}\n', /^acquis\.yaml:2:1: /],
    ['filename: "/a/[x"\nlabels: {type: x}\n', /glob failure: syntax error in pattern/],
    ['filename: /a\nexclude_regexps: ["(", a]\nlabels: {type: x}\n', /^acquis\.yaml:2:20: could not compile regexp \(/],
    ['filename: /a\ndiscovery_poll_interval: soon\nlabels: {type: x}\n', /^acquis\.yaml:2:26: "discovery_poll_interval": time: invalid duration/],
    ['filename: /a\nmode: server\nlabels: {type: x}\n', /^acquis\.yaml:2:7: unsupported mode server for file source/],
    ['filename: /a\nmode: dog\nlabels: {type: x}\n', /"mode" must be one of tail, cat/],
    ['source: syslog\nmode: cat\nlabels: {type: x}\n', /unsupported mode cat for syslog source/],
    ['source: syslog\nlisten_addr: localhost\nlabels: {type: x}\n', /invalid listen IP localhost/],
    ['source: syslog\nlisten_port: 70000\nlabels: {type: x}\n', /invalid port 70000/],
    ['source: syslog\nmax_message_len: 0\nlabels: {type: x}\n', /max_message_len must be positive/],
    ['filename: /a\nlabels: nginx\n', /^acquis\.yaml:2:9: "labels" must be a mapping/],
    ['source: docker\n', /in file acquis\.yaml \(position 0\) - data source docker is not built in this version of crowdsec/],
    ['source: kafka\nlabels: {type: x}\n', /data source kafka is not built/],
    ['source: nope\n', /unknown data source nope/],
    ['- a\n', /must be a mapping/],
    ['filename: [\n', /^acquis\.yaml:/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parse(text), (error) => error instanceof PalisadeError && message.test(error.message), text);
  }
});

test('files of the folder follow acquis.yaml, .yaml before .yml, and variables are expanded', () => {
  const folder = join(dir, 'acquis.d');
  mkdirSync(folder);
  writeFileSync(join(dir, 'acquis.yaml'), 'filename: $LOGS/${KIND}.log\nlabels: {type: $UNDEFINED}\n');
  writeFileSync(join(folder, 'z.yaml'), 'filename: /z\nlabels: {type: x}\n');
  writeFileSync(join(folder, 'a.yml'), 'filename: /a\nlabels: {type: x}\n');
  writeFileSync(join(folder, 'b.txt'), 'not: read\n');
  const { sources, warnings } = loadAcquisition({ acquisitionPath: join(dir, 'acquis.yaml'), acquisitionDir: folder },
    { LOGS: '/var/log', KIND: 'auth' });
  assert.deepEqual(sources.map((spec) => spec.module === 'file' && spec.file.patterns[0]), ['/var/log/auth.log', '/z', '/a']);
  assert.deepEqual(sources[0].labels, { type: '$UNDEFINED' });
  assert.equal(warnings.length, 3);
});

test('missing files are none; nothing configured is a warning; an unreadable one is an error', () => {
  assert.deepEqual(loadAcquisition({ acquisitionPath: join(dir, 'no.yaml'), acquisitionDir: join(dir, 'no.d') }), { sources: [], warnings: [] });
  assert.deepEqual(loadAcquisition({ acquisitionPath: '', acquisitionDir: '' }),
    { sources: [], warnings: ['no acquisition_path or acquisition_dir specified'] });
  assert.throws(() => loadAcquisition({ acquisitionPath: dir, acquisitionDir: '' }), { code: 'E_FILE' });
});

test('a journal is read where journalctl exists, and left out with a warning where it does not', () => {
  const text = 'journalctl_filter: [_SYSTEMD_UNIT=ssh.service]\nlabels: {type: syslog}\n';
  const path = process.env['PATH'];
  try {
    process.env['PATH'] = dir;
    const without = parse(text);
    assert.deepEqual([without.sources, without.warnings.length, /left out: journalctl is not on PATH/.test(without.warnings[1])], [[], 2, true]);
    writeFileSync(join(dir, 'journalctl'), '#!/bin/sh\n');
    chmodSync(join(dir, 'journalctl'), 0o755);
    process.env['PATH'] = ['/nonexistent', dir].join(delimiter);
    const [spec] = parse(text).sources;
    assert.deepEqual(spec.module === 'journalctl' && spec.journalctl.filters, ['_SYSTEMD_UNIT=ssh.service']);
  } finally {
    process.env['PATH'] = path;
  }
});
