import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { copyEmbeddedHub, embeddedIndex } from '../../ts/hub/embedded.js';
import { executePlan } from '../../ts/hub/execute.js';
import { loadHub, type Hub } from '../../ts/hub/hub.js';
import { itemsOf } from '../../ts/hub/index.js';
import { installedItems } from '../../ts/hub/installed.js';
import { fullName, type HubPaths, type Item, type ItemType } from '../../ts/hub/item.js';
import { describePlan, Plan, planInstall, planRemoval } from '../../ts/hub/plan.js';
import { installedForest } from '../../ts/hub/tree.js';

let root: string;
let paths: HubPaths;
let heard: string[];
const log = { info: (text: string) => { heard.push(text); }, warn: (text: string) => { heard.push(text); },
  error: (text: string) => { heard.push(text); } };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'palisade-plan-'));
  paths = { configDir: join(root, 'etc'), hubDir: join(root, 'etc/hub'), indexPath: join(root, 'etc/hub/.index.json') };
  heard = [];
  put('source/parsers/s01-parse/acme/web.yaml', 'name: acme/web\n');
  put('source/scenarios/acme/knock.yaml', 'name: acme/knock\ndata:\n  - source_url: https://example.com/words.txt\n'
    + '    dest_file: words.txt\n  - dest_file: gone.txt\n');
  put('source/scenarios/acme/other.yaml', 'name: acme/other\n');
  put('source/collections/acme/inner.yaml', 'parsers:\n  - acme/web\nscenarios:\n  - acme/knock\n');
  put('source/collections/acme/outer.yaml', 'scenarios:\n  - acme/other\ncollections:\n  - acme/inner\n');
  put('source/collections/acme/twin.yaml', 'parsers:\n  - acme/web\n');
  put('source/data/words.txt', 'word\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** An instance whose hub directory has only the index, with the files in it. */
function indexOnly(): void {
  put('etc/hub/.index.json', JSON.stringify(embeddedIndex(join(root, 'source'))));
}

function item(hub: Hub, type: ItemType, name: string): Item {
  return hub.get(type, name) as Item;
}

function apply(plan: Plan): string[] {
  const lines: string[] = [];
  executePlan(plan.hub, plan.actions, { dataDir: join(root, 'data'), force: false, log, tell: (line) => lines.push(line) });
  return lines;
}

function install(type: ItemType, name: string): string[] {
  const hub = loadHub(paths, log);
  const plan = new Plan(hub, log, false);
  planInstall(plan, [item(hub, type, name)], false);
  return apply(plan);
}

function remove(type: ItemType, name: string, options: { force?: boolean; purge?: boolean } = {}): string[] {
  const hub = loadHub(paths, log);
  const plan = new Plan(hub, log, options.force ?? false);
  planRemoval(plan, [item(hub, type, name)], options.purge ?? false);
  return apply(plan);
}

test('installing a collection downloads and enables its members before itself', () => {
  indexOnly();
  assert.deepEqual(install('collections', 'acme/outer'), [
    'downloading scenarios:acme/other', 'downloading parsers:acme/web', 'downloading scenarios:acme/knock',
    'downloading collections:acme/inner', 'downloading collections:acme/outer', 'enabling scenarios:acme/other',
    'enabling parsers:acme/web', 'enabling scenarios:acme/knock', 'enabling collections:acme/inner',
    'enabling collections:acme/outer']);
  assert.equal(readlinkSync(join(paths.configDir, 'parsers/s01-parse/web.yaml')),
    join(paths.hubDir, 'parsers/s01-parse/acme/web.yaml'));
  const hub = loadHub(paths, log);
  assert.deepEqual(hub.warnings, []);
  assert.deepEqual(install('collections', 'acme/outer'), []);
});

test('the plan is shown grouped and sorted, or step by step', () => {
  indexOnly();
  const hub = loadHub(paths, log);
  const plan = new Plan(hub, log, false);
  planInstall(plan, [item(hub, 'collections', 'acme/inner')], false);
  assert.equal(describePlan(plan.actions, false), '📥 download\n collections: acme/inner (0.1)\n scenarios: acme/knock (0.1)\n'
    + ' parsers: acme/web (0.1)\n✅ enable\n collections: acme/inner\n scenarios: acme/knock\n parsers: acme/web\n');
  assert.equal(describePlan(plan.actions, true).split('\n')[0], '📥 download parsers:acme/web (0.1)');
});

test('data files come from the hub where it has them, and the missing ones are named', () => {
  copyEmbeddedHub(paths, join(root, 'source'));
  rmSync(join(paths.hubDir, 'scenarios/acme/knock.yaml'));
  install('scenarios', 'acme/knock');
  assert.equal(readFileSync(join(root, 'data/words.txt'), 'utf8'), 'word\n');
  assert.deepEqual(heard, [`scenarios:acme/knock needs ${join(root, 'data/gone.txt')}, which the hub does not have; `
    + 'downloads are not built']);
});

test('a data file that would lie outside the data directory is refused', () => {
  put('source/scenarios/acme/evil.yaml', 'name: acme/evil\ndata:\n  - dest_file: ../../evil\n');
  copyEmbeddedHub(paths, join(root, 'source'));
  assert.throws(() => install('scenarios', 'acme/evil'), { code: 'E_HUB', message: /would lie outside/ });
});

test('removing a collection leaves what another installed one needs', () => {
  copyEmbeddedHub(paths, join(root, 'source'));
  install('collections', 'acme/outer');
  install('collections', 'acme/twin');
  assert.deepEqual(remove('collections', 'acme/outer'), ['disabling scenarios:acme/other', 'disabling scenarios:acme/knock',
    'disabling collections:acme/inner', 'disabling collections:acme/outer']);
  assert.deepEqual(installedItems(paths).parsers.map(({ name }) => name), ['acme/web']);
});

test('purging deletes the hub files of what goes', () => {
  copyEmbeddedHub(paths, join(root, 'source'));
  install('scenarios', 'acme/other');
  assert.deepEqual(remove('scenarios', 'acme/other', { purge: true }), ['disabling scenarios:acme/other',
    'purging scenarios:acme/other']);
  assert.equal(existsSync(join(paths.hubDir, 'scenarios/acme/other.yaml')), false);
});

test('an edited item taints its collections, stays without force and is replaced with it', () => {
  indexOnly();
  install('collections', 'acme/outer');
  put('etc/hub/scenarios/acme/knock.yaml', 'name: acme/knock\n# edited\n');
  const hub = loadHub(paths, log);
  assert.deepEqual(hub.warnings, ['acme/inner is tainted by scenarios:acme/knock', 'acme/outer is tainted by collections:acme/inner']);
  assert.deepEqual(item(hub, 'collections', 'acme/outer').state.taintedBy, ['collections:acme/inner', 'scenarios:acme/knock']);
  assert.throws(() => remove('scenarios', 'acme/knock'), { message: "acme/knock is tainted, use '--force' to remove" });
  const forced = new Plan(hub, log, true);
  planInstall(forced, [item(hub, 'scenarios', 'acme/knock')], false);
  assert.deepEqual(apply(forced), ['downloading scenarios:acme/knock']);
  assert.deepEqual(loadHub(paths, log).warnings, []);
});

test('local items are neither downloaded nor removed', () => {
  indexOnly();
  put('etc/scenarios/mine.yaml', 'name: me/mine\n');
  assert.deepEqual([...install('scenarios', 'me/mine'), ...remove('scenarios', 'me/mine', { force: true })], []);
  assert.deepEqual(heard, ['scenarios:me/mine - not downloading local item',
    'scenarios:me/mine is a local item, please delete manually']);
});

test('a file of the user under the name of the link is never replaced or removed', () => {
  copyEmbeddedHub(paths, join(root, 'source'));
  put('etc/scenarios/other.yaml', 'name: somebody/else\n');
  install('scenarios', 'acme/other');
  assert.equal(readFileSync(join(paths.configDir, 'scenarios/other.yaml'), 'utf8'), 'name: somebody/else\n');
});

test('collections that need each other are an error', () => {
  put('source/collections/acme/inner.yaml', 'collections:\n  - acme/outer\n');
  indexOnly();
  assert.throws(() => loadHub(paths, log), { code: 'E_HUB', message: /circular dependency detected/ });
});

test('content of the index whose digest is wrong is not written', () => {
  const index = embeddedIndex(join(root, 'source'));
  index.scenarios!['acme/other'].content = Buffer.from('name: acme/evil\n').toString('base64');
  put('etc/hub/.index.json', JSON.stringify(index));
  assert.throws(() => install('scenarios', 'acme/other'), { code: 'E_HUB', message: /does not have the digest/ });
});

test('the forest holds each installed item once, below the collections that bring it', () => {
  copyEmbeddedHub(paths, join(root, 'source'));
  install('collections', 'acme/outer');
  install('collections', 'acme/twin');
  const forest = installedForest(loadHub(paths, log));
  assert.deepEqual(forest.map(({ item: top, children }) => [top.name, children.map((child) => child.item.name)]),
    [['acme/outer', ['acme/other', 'acme/inner']], ['acme/twin', []]]);
});

test('everything in the embedded hub installs, and every name its collections use is there', () => {
  copyEmbeddedHub(paths);
  const hub = loadHub(paths, log);
  const plan = new Plan(hub, log, false);
  const all = Object.values(hub.items).flatMap((ofType) => [...ofType.values()]);
  planInstall(plan, all, false);
  apply(plan);
  assert.deepEqual(heard, []);
  const again = loadHub(paths, log);
  assert.deepEqual(again.warnings, []);
  assert.deepEqual(all.filter((each) => again.get(each.type, each.name)?.state.isUpToDate !== true).map(fullName), []);
  assert.deepEqual([...itemsOf(embeddedIndex()).collections.keys()].length > 0, true);
});
