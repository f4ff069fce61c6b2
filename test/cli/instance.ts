// An instance as the recorded cases had it: a configuration directory with a copy of the shared hub, data files, and
// a way to run cscli in this process against it.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCli } from '../../cli/main.js';
import type { IndexFile } from '../../ts/hub/index.js';
import type { Answer } from './golden-cases.js';

export interface Instance {
  readonly directory: string;
  readonly configFile: string;
  run(argv: readonly string[], stdin?: string): Promise<Answer>;
  remove(): void;
}

const simulation = 'simulation: false\nexclusions: []\n';
const profiles = `name: default_ip_remediation
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

/** Ports of an instance. */
export interface InstancePorts {
  readonly port: number;
  readonly prometheusPort?: number;
  /** Where no metrics are served: not the usual 6060, where a daemon of this host may listen. */
  readonly closedPort?: number;
}

/** Makes an instance; its directory's path is 22 characters long, as the recorded one was. */
export function makeInstance(hub: string | null, options: InstancePorts): Instance {
  const directory = join(tmpdir(), `cscli-golden-${process.pid % 36}${Math.random().toString(36).slice(2)}`).slice(0, 22);
  for (const folder of ['etc/hub', 'etc/patterns', 'etc/notifications', 'etc/acquis.d', 'data', 'log', 'plugins']) {
    mkdirSync(join(directory, folder), { recursive: true });
  }
  const configFile = join(directory, 'etc/config.yaml');
  writeFileSync(configFile, configText(directory, options));
  writeFileSync(join(directory, 'etc/simulation.yaml'), simulation);
  writeFileSync(join(directory, 'etc/profiles.yaml'), profiles);
  writeFileSync(join(directory, 'etc/console.yaml'), 'share_manual_decisions: false\n');
  writeFileSync(join(directory, 'etc/acquis.yaml'), '');
  if (hub !== null) copyHub(hub, directory);
  return { directory, configFile, run: (argv, stdin) => runIn(directory, argv, stdin),
    remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Runs cscli in this process. */
export async function runIn(directory: string, argv: readonly string[], stdin = ''): Promise<Answer> {
  const out = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({ write: (text: string) => { out[name] += text; } });
  const exit = await runCli(argv, { stdout: sink('stdout'), stderr: sink('stderr'), env: {}, cwd: directory,
    isStdinTty: false, now: () => new Date(), readStdin: async () => stdin, readLine: async () => stdin.split('\n')[0] });
  return { ...out, exit };
}

/** Copies the hub; items that only the index carries are written out, as the recorded instance had all of them. */
function copyHub(hub: string, directory: string): void {
  const target = join(directory, 'etc/hub');
  const folders = ['parsers', 'scenarios', 'postoverflows', 'collections', 'contexts', '.index.json', 'data'];
  // Ten times as fast as cpSync on so many files.
  execFileSync('cp', ['-r', '--no-preserve=mode', ...folders.map((folder) => join(hub, folder)), target]);
  const index = JSON.parse(readFileSync(join(target, '.index.json'), 'utf8')) as IndexFile;
  for (const items of Object.values(index)) {
    for (const { path, content } of Object.values(items)) {
      const file = join(target, path);
      if (existsSync(file) || content === undefined) continue;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, Buffer.from(content, 'base64'));
    }
  }
}

function configText(directory: string, { port, prometheusPort, closedPort }: InstancePorts): string {
  return `common:
  log_media: stdout
  log_level: info
config_paths:
  config_dir: ${directory}/etc
  data_dir: ${directory}/data
  simulation_path: ${directory}/etc/simulation.yaml
  hub_dir: ${directory}/etc/hub
  index_path: ${directory}/etc/hub/.index.json
  notification_dir: ${directory}/etc/notifications
  plugin_dir: ${directory}/plugins
  pattern_dir: ${directory}/etc/patterns
crowdsec_service:
  acquisition_path: ${directory}/etc/acquis.yaml
  parser_routines: 1
plugin_config:
  user: nobody
  group: nogroup
cscli:
  hub_branch: master
  output: human
db_config:
  type: sqlite
  db_path: ${directory}/data/crowdsec.db
  use_wal: true
api:
  client:
    credentials_path: ${directory}/etc/local_api_credentials.yaml
  server:
    listen_uri: 127.0.0.1:${port}
    profiles_path: ${directory}/etc/profiles.yaml
    console_path: ${directory}/etc/console.yaml
prometheus:
${prometheusPort === undefined ? `  enabled: false${closedPort === undefined ? '' : `\n  listen_port: ${closedPort}`}` : `  enabled: true
  level: full
  listen_addr: 127.0.0.1
  listen_port: ${prometheusPort}`}
`;
}
