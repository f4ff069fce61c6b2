// This engine as the replay bench sees it: the built command, on an instance with the peer's rules and data.

import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure } from '../measured-process.js';
import type { Replay, ReplayEngine } from '../replay-engine.js';
import { linkItems } from './hub-links.js';

const bin = fileURLToPath(new URL('../../../bin/', import.meta.url));

/** Palisade with a hub's items, in an instance below `folder`. `workers` 0 leaves the number to the engine. */
export function palisadeEngine(folder: string, hub: ReplayEngine['hub'], apiPort: number, workers: number, cpus = ''): ReplayEngine {
  return {
    name: `palisade${workers === 0 ? '' : `, ${workers} workers`}`,
    hub,
    replay: (log, type) => replay(folder, hub, apiPort, workers, cpus, log, type),
  };
}

async function replay(folder: string, hub: ReplayEngine['hub'], port: number, workers: number, cpus: string, log: string,
  type: string): Promise<Replay> {
  createPalisadeInstance(folder, hub, port, workers);
  const config = join(folder, 'etc/config.yaml');
  const pin = cpus === '' ? [] : ['taskset', '-c', cpus];
  const cost = await measure([...pin, join(bin, 'palisade'), '-c', config, '-dsn', `file://${log}`, '-type', type],
    { PALISADE_NOW: '2026-11-23T00:00:00Z' }, 1_200_000);
  if (cost.exit !== 0) throw new Error(`palisade exited ${cost.exit}\n${cost.stderr}`);
  const database = new Database(join(folder, 'data/crowdsec.db'), { readonly: true });
  const alerts = database.prepare('SELECT scenario, source_value AS source FROM alerts').all() as Replay['alerts'];
  database.close();
  return { cost, alerts };
}

/** Makes an instance with a hub's items and data, without acquisition; a machine of it can log in. */
export function createPalisadeInstance(folder: string, hub: ReplayEngine['hub'], port: number, workers: number): void {
  rmSync(folder, { recursive: true, force: true });
  const etc = join(folder, 'etc');
  const data = join(folder, 'data');
  mkdirSync(etc, { recursive: true });
  cpSync(hub.data, data, { recursive: true });
  const traversal = join(data, 'path_traversal.txt');
  if (existsSync(traversal)) copyFileSync(traversal, join(data, 'http_path_traversal.txt'));
  linkItems(hub.dir, hub.items, etc);
  writeFileSync(join(etc, 'acquis.yaml'), '');
  writeFileSync(join(etc, 'profiles.yaml'), profiles);
  writeFileSync(join(etc, 'credentials.yaml'), `url: http://127.0.0.1:${port}\n`);
  if (workers > 0) writeFileSync(join(etc, 'palisade.yaml'), `workers: ${workers}\n`);
  writeFileSync(join(etc, 'config.yaml'), `common: {log_media: stdout, log_level: info}
config_paths: {config_dir: ${etc}, data_dir: ${data}, hub_dir: ${hub.dir}, index_path: ${hub.dir}/.index.json}
crowdsec_service: {acquisition_path: ${etc}/acquis.yaml}
db_config: {type: sqlite, db_path: ${data}/crowdsec.db, use_wal: true, flush: {max_items: 500000, max_age: 7d}}
api:
  client: {credentials_path: ${etc}/credentials.yaml}
  server: {listen_uri: '127.0.0.1:${port}', profiles_path: ${etc}/profiles.yaml}
prometheus: {enabled: false}
`);
  const added = spawnSync(process.execPath, [join(bin, 'cscli'), '-c', join(etc, 'config.yaml'), 'machines', 'add', 'bench', '-p', 'bench',
    '--force', '-f', join(etc, 'credentials.yaml'), '-u', `http://127.0.0.1:${port}`], { encoding: 'utf8' });
  if (added.status !== 0) throw new Error(`cscli machines add: ${added.stderr}`);
}

const profiles = `name: default_ip_remediation
filters: ['Alert.Remediation == true && Alert.GetScope() == "Ip"']
decisions: [{type: ban, duration: 4h}]
on_success: break
`;
