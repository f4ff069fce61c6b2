// Debian's crowdsec as a peer: its package unpacked below var/bench, an instance with the items that the package enables
// by default, one replay a run. Nothing is installed on the host and nothing leaves the machine.

import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackage } from '../../test/support/debian-package.js';
import { measure } from '../measured-process.js';
import type { Replay, ReplayEngine } from '../replay-engine.js';
import { linkItems } from './hub-links.js';

/** The peer below `folder`, unpacking the package there first. Null when apt has no crowdsec package. */
export function crowdsecEngine(folder: string, apiPort: number): ReplayEngine | null {
  const root = unpackCrowdsec(folder);
  if (root === null) return null;
  const version = /\ncrowdsec \(([^)]+)\)/.exec(`\n${execFileSync('zcat', [join(root, 'usr/share/doc/crowdsec/changelog.Debian.gz')],
    { encoding: 'utf8' })}`)?.[1] ?? 'unknown';
  return {
    name: `crowdsec ${version} (Debian)`,
    hub: { dir: join(root, 'usr/share/crowdsec/hub'), data: join(root, 'usr/share/crowdsec/data'), items: enabledItems(join(folder, 'control')) },
    replay: (log, type) => replay(root, join(folder, 'instance'), enabledItems(join(folder, 'control')), apiPort, log, type),
  };
}

/** The package's files below `folder`, downloaded and unpacked once. Null when apt has no crowdsec package. */
export function unpackCrowdsec(folder: string): string | null {
  return debianPackage('crowdsec', folder)?.root ?? null;
}

/** The items that the package's postinst enables, as paths in its hub. */
export function enabledItems(control: string): string[] {
  const script = readFileSync(join(control, 'postinst'), 'utf8');
  return [...script.matchAll(/^((?:collections|parsers|postoverflows|scenarios)\/\S+\.yaml)$/gm)].map(([, path]) => path);
}

async function replay(root: string, instance: string, items: readonly string[], port: number, log: string,
  type: string): Promise<Replay> {
  createCrowdsecInstance(root, instance, items, port);
  const config = join(instance, 'etc/config.yaml');
  execFileSync(join(root, 'usr/bin/cscli'), ['-c', config, 'machines', 'add', 'bench', '-p', 'bench', '--force'], { stdio: 'pipe' });
  const cost = await measure([join(root, 'usr/bin/crowdsec'), '-c', config, '-dsn', `file://${log}`, '-type', type], {}, 1_200_000);
  if (cost.exit !== 0) throw new Error(`crowdsec exited ${cost.exit}\n${cost.stderr}`);
  const database = new Database(join(instance, 'data/crowdsec.db'), { readonly: true });
  const alerts = database.prepare('SELECT scenario, source_value AS source FROM alerts').all() as Replay['alerts'];
  database.close();
  return { cost, alerts };
}

/** Makes an instance with the package's data, patterns and profiles and the given items, without acquisition. */
export function createCrowdsecInstance(root: string, instance: string, items: readonly string[], port: number): void {
  rmSync(instance, { recursive: true, force: true });
  const etc = join(instance, 'etc');
  const data = join(instance, 'data');
  const hub = join(root, 'usr/share/crowdsec/hub');
  mkdirSync(etc, { recursive: true });
  cpSync(join(root, 'usr/share/crowdsec/data'), data, { recursive: true });
  // The scenario asks for this name; the package ships the list under another and CrowdSec then logs an error a line.
  copyFileSync(join(data, 'path_traversal.txt'), join(data, 'http_path_traversal.txt'));
  cpSync(join(root, 'etc/crowdsec/patterns'), join(etc, 'patterns'), { recursive: true });
  for (const name of ['profiles.yaml', 'simulation.yaml']) copyFileSync(join(root, 'etc/crowdsec', name), join(etc, name));
  linkItems(hub, items, etc);
  writeFileSync(join(etc, 'acquis.yaml'), '');
  writeFileSync(join(etc, 'credentials.yaml'), `url: http://127.0.0.1:${port}\n`);
  writeFileSync(join(etc, 'config.yaml'), `common: {daemonize: false, log_media: stdout, log_level: info}
config_paths: {config_dir: ${etc}, data_dir: ${data}, simulation_path: ${etc}/simulation.yaml, hub_dir: ${hub}, index_path: ${hub}/.index.json}
crowdsec_service: {acquisition_path: ${etc}/acquis.yaml, parser_routines: 1}
cscli: {output: human}
db_config: {type: sqlite, db_path: ${data}/crowdsec.db, use_wal: true, flush: {max_items: 500000, max_age: 7d}}
api:
  client: {credentials_path: ${etc}/credentials.yaml}
  server: {listen_uri: '127.0.0.1:${port}', profiles_path: ${etc}/profiles.yaml}
prometheus: {enabled: false}
`);
}
