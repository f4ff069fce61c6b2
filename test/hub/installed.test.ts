import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { HubPaths } from '../../ts/hub/item.js';
import { buildIndex } from '../../ts/hub/index.js';
import { installedItems } from '../../ts/hub/installed.js';

let root: string;
let paths: HubPaths;
let warnings: string[];
const log = { info() {}, error() {}, warn(text: string) { warnings.push(text); } };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'palisade-hub-'));
  paths = { configDir: join(root, 'etc'), hubDir: join(root, 'etc/hub'), indexPath: join(root, 'etc/hub/.index.json') };
  warnings = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

function link(path: string, target: string): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  symlinkSync(target, full);
  return full;
}

/** A hub of two parsers, one scenario and a collection, with its index written. */
function makeHub(): void {
  put('etc/hub/parsers/s01-parse/acme/web.yaml', 'name: acme/web\nfilter: "true"\n');
  put('etc/hub/parsers/s00-raw/acme/raw.yaml', 'name: acme/raw\nfilter: "true"\n');
  put('etc/hub/scenarios/acme/knock.yaml', 'name: acme/knock\ndescription: knocking\n');
  put('etc/hub/collections/acme/all.yaml', 'parsers:\n  - acme/web\nscenarios:\n  - acme/knock\n');
  writeFileSync(paths.indexPath, JSON.stringify(buildIndex(paths.hubDir)));
}

test('installed parsers come with stage, version and digest, stage by stage and file by file', () => {
  makeHub();
  link('etc/parsers/s01-parse/web.yaml', join(paths.hubDir, 'parsers/s01-parse/acme/web.yaml'));
  link('etc/parsers/s00-raw/raw.yaml', join(paths.hubDir, 'parsers/s00-raw/acme/raw.yaml'));
  put('etc/parsers/s01-parse/a-mine.yaml', 'filter: "true"\n');
  const { parsers, scenarios } = installedItems(paths, log);
  assert.deepEqual(parsers.map(({ stage, name, version, status }) => [stage, name, version, status]), [
    ['s00-raw', 'acme/raw', '0.1', 'up-to-date'],
    ['s01-parse', 'a-mine.yaml', '', 'local'],
    ['s01-parse', 'acme/web', '0.1', 'up-to-date'],
  ]);
  assert.equal(parsers[2].path, join(paths.configDir, 'parsers/s01-parse/web.yaml'));
  assert.equal(parsers[2].realPath, join(paths.hubDir, 'parsers/s01-parse/acme/web.yaml'));
  assert.equal(parsers[0].hash, createHash('sha256').update('name: acme/raw\nfilter: "true"\n').digest('hex'));
  assert.deepEqual([scenarios, warnings], [[], []]);
});

test('a hub file that was edited is tainted and has no version', () => {
  makeHub();
  link('etc/scenarios/knock.yaml', join(paths.hubDir, 'scenarios/acme/knock.yaml'));
  put('etc/hub/scenarios/acme/knock.yaml', 'name: acme/knock\n# edited\n');
  const [file] = installedItems(paths, log).scenarios;
  assert.deepEqual([file.name, file.version, file.status], ['acme/knock', '?', 'tainted']);
});

test('an older digest of the index is an outdated item of that version', () => {
  makeHub();
  const index = buildIndex(paths.hubDir);
  const entry = index.scenarios!['acme/knock'];
  index.scenarios!['acme/knock'] = { ...entry, version: '0.10',
    versions: { '0.9': entry.versions['0.1'], '0.10': { digest: 'f'.repeat(64) } } };
  writeFileSync(paths.indexPath, JSON.stringify(index));
  link('etc/scenarios/knock.yaml', join(paths.hubDir, 'scenarios/acme/knock.yaml'));
  const [file] = installedItems(paths, log).scenarios;
  assert.deepEqual([file.version, file.status], ['0.9', 'outdated']);
});

test('a local file declares its name, or has its path as name, and hides a hub item of that name', () => {
  makeHub();
  link('etc/scenarios/knock.yaml', join(paths.hubDir, 'scenarios/acme/knock.yaml'));
  put('etc/scenarios/own.yaml', 'name: acme/knock\n');
  put('etc/scenarios/team/door.yml', 'type: trigger\n');
  const { scenarios } = installedItems(paths, log);
  assert.deepEqual(scenarios.map(({ name, status }) => [name, status]),
    [['acme/knock', 'local'], ['team/door.yml', 'local']]);
  assert.deepEqual(warnings, [`multiple scenarios named acme/knock: ignoring ${join(paths.configDir, 'scenarios/knock.yaml')}`]);
});

test('hidden directories, other extensions, dangling links and parsers without a stage are not installed', () => {
  makeHub();
  put('etc/scenarios/.hidden/a.yaml', 'name: a\n');
  put('etc/scenarios/..data/b.yaml', 'name: b\n');
  put('etc/scenarios/notes.txt', 'hello');
  put('etc/scenarios/c.yaml.bak', 'name: c\n');
  put('etc/parsers/loose.yaml', 'name: loose\n');
  const dangling = link('etc/scenarios/gone.yaml', join(root, 'nowhere.yaml'));
  const circle = link('etc/scenarios/circle.yaml', join(root, 'etc/scenarios/circle.yaml'));
  const { scenarios, parsers } = installedItems(paths, log);
  assert.deepEqual([scenarios, parsers], [[], []]);
  assert.deepEqual(warnings, [
    `Ignoring file ${join(paths.configDir, 'parsers/loose.yaml')}: files of type parsers belong in a stage directory`,
    `Ignoring file ${circle}: too many levels of symbolic links`,
    `Ignoring file ${dangling}: lstat ${join(root, 'nowhere.yaml')}: no such file or directory`,
  ]);
});

test('a link to a link is followed to the hub', () => {
  makeHub();
  const middle = link('etc/middle.yaml', join(paths.hubDir, 'scenarios/acme/knock.yaml'));
  link('etc/scenarios/knock.yaml', middle);
  assert.deepEqual(installedItems(paths, log).scenarios.map(({ name }) => name), ['acme/knock']);
});

test('without an index the files of the hub directory are the index', () => {
  makeHub();
  rmSync(paths.indexPath);
  link('etc/scenarios/knock.yaml', join(paths.hubDir, 'scenarios/acme/knock.yaml'));
  const [file] = installedItems(paths, log).scenarios;
  assert.deepEqual([file.name, file.version, file.status], ['acme/knock', '0.1', 'up-to-date']);
});

test('a broken index is an error that says how to get another', () => {
  makeHub();
  writeFileSync(paths.indexPath, '{zz');
  assert.throws(() => installedItems(paths, log), { code: 'E_HUB', message: "invalid hub index: failed to parse index: "
    + "invalid character 'z' looking for beginning of object key string. Run 'sudo cscli hub update' to download the index again" });
});
