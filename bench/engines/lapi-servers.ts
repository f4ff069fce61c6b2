// Debian's crowdsec and this project as servers of the Local API: an instance below a folder, its commands, start and end.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { unpackCrowdsec } from './crowdsec.js';

/** A server that has not been started. */
export interface LapiServer {
  readonly name: string;
  readonly url: string;
  /** Runs its cscli. Throws with the output when it fails. */
  cscli(...args: readonly string[]): void;
  start(): Promise<RunningServer>;
}

/** A server that answers. */
export interface RunningServer {
  /** Highest resident memory so far, bytes. */
  peakBytes(): number;
  /** Processor time so far, of all its threads. */
  cpuSeconds(): number;
  /** The same to the microsecond, of the threads that it has now. */
  cpuMs(): number;
  stop(): Promise<void>;
}

const bin = fileURLToPath(new URL('../../../bin/', import.meta.url));
const startMsMax = 180_000;
const commandMsMax = 120_000;

/** Debian's server, or null when apt has no crowdsec package. */
export function crowdsecServer(packageFolder: string, folder: string, port: number): LapiServer | null {
  const root = unpackCrowdsec(packageFolder);
  if (root === null) return null;
  const etc = createInstance(folder, port, join(root, 'usr/share/crowdsec/hub'));
  for (const name of ['profiles.yaml', 'simulation.yaml']) copyFileSync(join(root, 'etc/crowdsec', name), join(etc, name));
  return server('crowdsec (Debian)', [join(root, 'usr/bin/crowdsec')], [join(root, 'usr/bin/cscli')], etc, port);
}

/** Our server; on another database than a file of its own, what db_config says of it. */
export function palisadeServer(folder: string, port: number, database?: string): LapiServer {
  const etc = createInstance(folder, port, join(folder, 'hub'), database);
  writeFileSync(join(etc, 'profiles.yaml'), `name: default_ip_remediation
filters: ['Alert.Remediation == true && Alert.GetScope() == "Ip"']
decisions: [{type: ban, duration: 4h}]
on_success: break
`);
  return server('palisade', [process.execPath, join(bin, 'palisade')], [process.execPath, join(bin, 'cscli')], etc, port);
}

function createInstance(folder: string, port: number, hub: string, database?: string): string {
  rmSync(folder, { recursive: true, force: true });
  const etc = join(folder, 'etc');
  const data = join(folder, 'data');
  for (const path of [etc, data]) mkdirSync(path, { recursive: true });
  writeFileSync(join(etc, 'simulation.yaml'), 'simulation: false\n');
  writeFileSync(join(etc, 'credentials.yaml'), `url: http://127.0.0.1:${port}\n`);
  writeFileSync(join(etc, 'config.yaml'), `common: {daemonize: false, log_media: stdout, log_level: info}
config_paths: {config_dir: ${etc}, data_dir: ${data}, simulation_path: ${etc}/simulation.yaml, hub_dir: ${hub}, index_path: ${hub}/.index.json}
cscli: {output: human}
db_config: {${database ?? `type: sqlite, db_path: ${data}/crowdsec.db, use_wal: true`}, flush: {max_items: 500000, max_age: 7d}}
api:
  client: {credentials_path: ${etc}/credentials.yaml}
  server: {listen_uri: '127.0.0.1:${port}', profiles_path: ${etc}/profiles.yaml}
prometheus: {enabled: false}
`);
  return etc;
}

/** Processor time that commands took which this process has waited for. */
export function commandCpuSeconds(): number {
  return cpuSecondsOf('/proc/self/stat', 13);
}

/** Nothing when the thread has ended meanwhile. */
function threadCpuMs(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}

/** Two fields of proc(5), user and system, in hundredths of a second; counted after the name, which may hold spaces. */
function cpuSecondsOf(file: string, field: number): number {
  const fields = readFileSync(file, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[field]) + Number(fields[field + 1])) / 100;
}

function server(name: string, daemon: readonly string[], cscli: readonly string[], etc: string, port: number): LapiServer {
  const config = ['-c', join(etc, 'config.yaml')];
  const url = `http://127.0.0.1:${port}`;
  return {
    name, url,
    cscli: (...args) => {
      execFileSync(cscli[0], [...cscli.slice(1), ...config, ...args], { stdio: 'pipe', maxBuffer: 2 ** 26, timeout: commandMsMax });
    },
    start: async () => {
      // A file, not a pipe: nobody reads a pipe while this process waits for a command.
      const logFile = join(etc, 'server.log');
      const log = openSync(logFile, 'w');
      const child = spawn(daemon[0], [...daemon.slice(1), ...config, '-no-cs'], { stdio: ['ignore', log, log] });
      closeSync(log);
      await answering(child, url, () => readFileSync(logFile, 'utf8').slice(-4000));
      return {
        cpuSeconds: () => cpuSecondsOf(`/proc/${child.pid}/stat`, 11),
        cpuMs: () => readdirSync(`/proc/${child.pid}/task`).reduce((ms, task) => ms + threadCpuMs(`/proc/${child.pid}/task/${task}/schedstat`), 0),
        peakBytes: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) * 1024,
        stop: () => new Promise((resolve) => {
          const kill = setTimeout(() => child.kill('SIGKILL'), startMsMax);
          const ended = (): void => {
            clearTimeout(kill);
            resolve();
          };
          if (child.exitCode !== null) ended();
          else child.once('exit', ended).kill('SIGTERM');
        }),
      };
    },
  };
}

async function answering(child: ChildProcess, url: string, output: () => string): Promise<void> {
  for (const deadline = Date.now() + startMsMax; Date.now() < deadline;) {
    if (child.exitCode !== null) break;
    // The health route may be missing in old versions; any answer will do.
    if (await fetch(`${url}/health`).then(() => true, () => false)) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`${child.spawnargs[0]} does not answer\n${output()}`);
}
