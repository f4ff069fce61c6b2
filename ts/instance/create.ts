// Creates an instance: configuration, data folder, credentials, the embedded hub with the collections this host needs.
// Everything is in CrowdSec's own formats, so crowdsec could be started on it. Never touches an instance that exists.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PalisadeError } from '../errors.js';
import { copyEmbeddedHub } from '../hub/embedded.js';
import { executePlan } from '../hub/execute.js';
import { loadHub } from '../hub/hub.js';
import { Plan, planInstall } from '../hub/plan.js';
import type { HostLog } from './host-logs.js';

/** Where an instance lives. */
export interface InstancePaths {
  readonly home: string;
  readonly config: string;
  readonly etc: string;
  readonly data: string;
}

/** The paths of the instance in a folder. */
export function instancePaths(home: string): InstancePaths {
  return { home, config: join(home, 'etc/config.yaml'), etc: join(home, 'etc'), data: join(home, 'data') };
}

/** Whether the folder holds an instance. */
export function instanceExists(paths: InstancePaths): boolean {
  return existsSync(paths.config);
}

/** Creates the instance. Ports are the usual ones, or the next free ones when something listens there already. */
export async function createInstance(paths: InstancePaths, logs: readonly HostLog[]): Promise<void> {
  mkdirSync(join(paths.etc, 'acquis.d'), { recursive: true, mode: 0o750 });
  mkdirSync(paths.data, { recursive: true, mode: 0o750 });
  const apiPort = await freePort(8080);
  const metricsPort = await freePort(6060);
  writeFileSync(join(paths.etc, 'profiles.yaml'), profiles);
  writeFileSync(join(paths.etc, 'simulation.yaml'), 'simulation: false\n');
  writeFileSync(join(paths.etc, 'acquis.yaml'), acquisition(logs));
  writeFileSync(join(paths.etc, 'palisade.yaml'), ownSettings);
  installCollections(paths, logs);
  writeFileSync(join(paths.etc, 'local_api_credentials.yaml'), `url: http://127.0.0.1:${apiPort}\n`, { mode: 0o600 });
  // Last: an instance exists once its config.yaml does.
  writeFileSync(paths.config, configuration(paths, apiPort, metricsPort));
  addMachine(paths, apiPort);
}

/** Enables the collections that read the given logs; `palisade/linux` always. */
function installCollections(paths: InstancePaths, logs: readonly HostLog[]): void {
  const hubPaths = { configDir: paths.etc, hubDir: join(paths.home, 'hub'), indexPath: join(paths.home, 'hub/.index.json') };
  const quiet = { info() {}, warn() {}, error() {} };
  if (!existsSync(hubPaths.indexPath)) copyEmbeddedHub(hubPaths);
  const hub = loadHub(hubPaths, quiet);
  const names = new Set(['palisade/linux', 'palisade/nginx', 'palisade/apache2', ...logs.map(({ collection }) => collection)]);
  const items = [...names].map((name) => {
    const item = hub.get('collections', name);
    if (item === undefined) throw new PalisadeError('E_HUB', `the embedded hub has no collection ${name}`);
    return item;
  });
  const plan = new Plan(hub, quiet, false);
  planInstall(plan, items, false);
  executePlan(hub, plan.actions, { dataDir: paths.data, force: false, log: quiet, tell() {} });
}

/** The engine logs in to the Local API with a name and password of its own, as any other machine does. */
function addMachine(paths: InstancePaths, apiPort: number): void {
  const cscli = fileURLToPath(new URL('../../../bin/cscli', import.meta.url));
  const password = randomBytes(24).toString('base64url');
  const result = spawnSync(process.execPath, [cscli, '-c', paths.config, 'machines', 'add', 'localhost', '--password', password,
    '--force', '-f', join(paths.etc, 'local_api_credentials.yaml'), '-u', `http://127.0.0.1:${apiPort}`], { encoding: 'utf8' });
  if (result.status !== 0) throw new PalisadeError('E_STORE', `cannot add the machine to the database: ${result.stderr}`);
}

/** The wanted port on 127.0.0.1 or the first free one of the hundred above it. */
async function freePort(wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + 100; port++) {
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new PalisadeError('E_CONFIG', `no free port between ${wanted} and ${wanted + 99}`);
}

function acquisition(logs: readonly HostLog[]): string {
  const documents = logs.map(({ pattern, type }) => `source: file\nfilenames:\n  - ${pattern}\nlabels:\n  type: ${type}\n`);
  return `# What to read. One document a group of files; the label \`type\` names the kind of log.\n${documents.join('---\n')}`;
}

function configuration({ home, etc, data }: InstancePaths, apiPort: number, metricsPort: number): string {
  return `# Palisade reads CrowdSec's config.yaml. Palisade's own settings go into palisade.yaml beside this file.
common:
  log_media: stdout
  log_level: info
config_paths:
  config_dir: ${etc}
  data_dir: ${data}
  simulation_path: ${etc}/simulation.yaml
  hub_dir: ${home}/hub
  index_path: ${home}/hub/.index.json
crowdsec_service:
  acquisition_path: ${etc}/acquis.yaml
  acquisition_dir: ${etc}/acquis.d
cscli:
  output: human
db_config:
  type: sqlite
  db_path: ${data}/crowdsec.db
  use_wal: true
  flush:
    max_items: 5000
    max_age: 7d
api:
  client:
    credentials_path: ${etc}/local_api_credentials.yaml
  server:
    listen_uri: 127.0.0.1:${apiPort}
    profiles_path: ${etc}/profiles.yaml
    trusted_ips:
      - 127.0.0.1
      - ::1
prometheus:
  enabled: true
  level: full
  listen_addr: 127.0.0.1
  listen_port: ${metricsPort}
`;
}

const ownSettings = `# Palisade's own settings; CrowdSec does not read this file.
# Blocklists, growing bans and addresses never to ban: docs/blocklists.md.
`;

const profiles = `# What follows from an alert. The first profile whose filter is true decides.
name: default_ip_remediation
filters:
  - Alert.Remediation == true && Alert.GetScope() == "Ip"
decisions:
  - type: ban
    duration: 4h
on_success: break
---
name: default_range_remediation
filters:
  - Alert.Remediation == true && Alert.GetScope() == "Range"
decisions:
  - type: ban
    duration: 4h
on_success: break
`;
