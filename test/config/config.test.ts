import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isSimulated, loadConfig, loadCredentials } from '../../ts/config/config.js';
import { expandEnvironment } from '../../ts/config/expansion.js';

const folder = mkdtempSync(join(tmpdir(), 'palisade-config-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const minimal = `config_paths:\n  config_dir: ${folder}\n  data_dir: ${folder}/data\n`;

test('defaults fill what the file leaves out', () => {
  const config = loadConfig(file('minimal.yaml', minimal));
  assert.equal(config.paths.hubDir, join(folder, 'hub'));
  assert.equal(config.paths.index, join(folder, 'hub', '.index.json'));
  assert.equal(config.engine, null);
  assert.equal(config.server, null);
  assert.deepEqual(config.prometheus, { enabled: false, level: 'full', listenAddr: '127.0.0.1', listenPort: 6060 });
});

test('the .local file merges mappings and replaces scalars and lists', () => {
  const path = file('base.yaml', `${minimal}api:\n  server:\n    listen_uri: 127.0.0.1:1\n    trusted_ips: [10.0.0.1]\n    profiles_path: p\n`);
  file('base.yaml.local', 'api:\n  server:\n    listen_uri: 127.0.0.1:2\n    trusted_ips: [10.0.0.2]\n');
  const server = loadConfig(path).server;
  assert.deepEqual([server?.listenUri, server?.profilesPath, server?.trustedIps], ['127.0.0.1:2', 'p', ['10.0.0.2']]);
});

test('palisade.yaml beside the file sets workers and limits, and unknown limits are refused', () => {
  const path = file('with-settings.yaml', `${minimal}crowdsec_service:\n  parser_routines: 1\n`);
  file('palisade.yaml', 'workers: 3\nlimits:\n  outboxAlertsMax: 7\n');
  const config = loadConfig(path);
  assert.deepEqual([config.engine?.workers, config.limits.outboxAlertsMax], [3, 7]);
  file('palisade.yaml', 'limits: {speed: 1}\n');
  assert.throws(() => loadConfig(path), /unknown limit "speed"/);
  rmSync(join(folder, 'palisade.yaml'));
});

const faults: [string, string, RegExp][] = [
  ['an unknown key', `${minimal}prometheus:\n  foo: 1\n`, /:5:3: unknown key "prometheus\.foo"/],
  ['no paths', 'common: {}\n', /no configuration paths provided/],
  ['no data directory', 'config_paths: {config_dir: /x}\n', /please provide a data directory/],
  ['an unknown word', `${minimal}common:\n  log_level: loud\n`, /common\.log_level is "loud"/],
  ['two documents', `${minimal}---\n${minimal}`, /only one YAML document/],
];
for (const [index, [what, text, message]] of faults.entries()) {
  test(`${what} is refused`, () => assert.throws(() => loadConfig(file(`fault${index}.yaml`, text)), message));
}

test('a missing file is named', () => {
  assert.throws(() => loadConfig(join(folder, 'none.yaml')), /open .*none\.yaml: no such file or directory/);
});

test('only variables that are set expand, inside substituted text too', () => {
  const environment = { A: 'one', B: '$A-two', LOOP: 'x$LOOP' };
  assert.equal(expandEnvironment('$A ${B} $NONE $5 a$', environment), 'one one-two $NONE $5 a$');
  assert.match(expandEnvironment('$LOOP', environment), /^x+\$LOOP$/);
});

test('credentials get a trailing slash, socket paths do not', () => {
  assert.equal(loadCredentials(file('c1.yaml', 'url: http://127.0.0.1:8080\nlogin: a\npassword: b$c\n')).url, 'http://127.0.0.1:8080/');
  assert.equal(loadCredentials(file('c2.yaml', 'url: /run/s.sock\n')).url, '/run/s.sock');
  assert.throws(() => loadCredentials(file('c3.yaml', 'login: x\n')), /no credentials or URL found/);
});

test('a listed scenario gets the opposite of the global simulation switch', () => {
  for (const [global, listed, simulated] of [[false, false, false], [false, true, true], [true, false, true], [true, true, false]]) {
    assert.equal(isSimulated({ global, exclusions: listed ? ['a/b'] : [] }, 'a/b'), simulated);
  }
});
