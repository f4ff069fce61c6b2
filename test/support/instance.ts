// A throw-away instance for end-to-end tests: its own folder, configuration, database, hub and free ports; and the
// project's commands run on it as a user would run them.

import Database from 'better-sqlite3';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyEmbeddedHub } from '../../ts/hub/embedded.js';
import { executePlan } from '../../ts/hub/execute.js';
import { loadHub } from '../../ts/hub/hub.js';
import { Plan, planInstall } from '../../ts/hub/plan.js';
import { freePort } from './free-port.js';
import { projectRoot, sharedPath } from './shared.js';

export interface InstanceOptions {
  /** `embedded`, or `shared` for a copy of the reference hub. */
  readonly hub: 'embedded' | 'shared';
  readonly collections?: readonly string[];
  /** Rule files of the test's own: path below the configuration directory (scenarios/x.yaml) and text. */
  readonly rules?: Readonly<Record<string, string>>;
  readonly acquisition?: string;
  readonly workers?: number;
}

/** One alert as the database has it, times in whole seconds UTC. */
export interface StoredAlert {
  readonly scenario: string;
  readonly value: string;
  readonly start_at: string;
  readonly stop_at: string;
  readonly events_count: number;
}

export interface CommandResult {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class TestInstance {
  readonly dir: string;
  readonly config: string;
  readonly apiPort: number;
  readonly metricsPort: number;

  private constructor(dir: string, apiPort: number, metricsPort: number) {
    this.dir = dir;
    this.config = join(dir, 'etc/config.yaml');
    this.apiPort = apiPort;
    this.metricsPort = metricsPort;
  }

  static async create(options: InstanceOptions): Promise<TestInstance> {
    const dir = mkdtempSync(join(tmpdir(), 'palisade-'));
    const instance = new TestInstance(dir, await freePort(), await freePort());
    instance.#prepare(options);
    return instance;
  }

  /** Runs `palisade -c CONFIG …` to its end. */
  palisade(args: readonly string[], environment: Record<string, string> = {}): Promise<CommandResult> {
    return run('palisade', ['-c', this.config, ...args], environment);
  }

  /** Runs `cscli -c CONFIG …` to its end. */
  cscli(args: readonly string[], environment: Record<string, string> = {}): Promise<CommandResult> {
    return run('cscli', ['-c', this.config, ...args], environment);
  }

  /** Starts the daemon and waits until its metrics endpoint answers. */
  async daemon(args: readonly string[] = [], environment: Record<string, string> = {}): Promise<RunningDaemon> {
    const child = spawn(process.execPath, [join(projectRoot, 'bin/palisade'), '-c', this.config, ...args],
      { env: { ...process.env, TZ: 'UTC', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    const daemon = new RunningDaemon(child);
    await daemon.until(() => fetch(`http://127.0.0.1:${this.metricsPort}/metrics`).then((answer) => answer.ok, () => false));
    return daemon;
  }

  /** All alerts in the database, by id. */
  alerts(): StoredAlert[] {
    const path = join(this.dir, 'data/crowdsec.db');
    if (!existsSync(path)) return [];
    const database = new Database(path, { readonly: true });
    try {
      const rows = database.prepare('SELECT scenario, source_value AS value, started_at, stopped_at, events_count FROM alerts ORDER BY id')
        .all() as { scenario: string; value: string; started_at: string; stopped_at: string; events_count: number }[];
      return rows.map(({ started_at, stopped_at, ...row }) => ({ ...row, start_at: wholeSeconds(started_at), stop_at: wholeSeconds(stopped_at) }));
    } finally {
      database.close();
    }
  }

  /** Values with an active or past ban. */
  bannedValues(): Set<string> {
    const database = new Database(join(this.dir, 'data/crowdsec.db'), { readonly: true });
    try {
      return new Set((database.prepare("SELECT DISTINCT value FROM decisions WHERE type = 'ban'").all() as { value: string }[])
        .map(({ value }) => value));
    } finally {
      database.close();
    }
  }

  /** Forgets all alerts and decisions, for another replay. */
  clearAlerts(): void {
    const database = new Database(join(this.dir, 'data/crowdsec.db'));
    for (const table of ['decisions', 'events', 'meta', 'alerts']) database.exec(`DELETE FROM ${table}`);
    database.close();
  }

  /** Writes `workers` into palisade.yaml. */
  setWorkers(count: number): void {
    writeFileSync(join(this.dir, 'etc/palisade.yaml'), `workers: ${count}\n`);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #prepare(options: InstanceOptions): void {
    const etc = join(this.dir, 'etc');
    mkdirSync(join(etc, 'acquis.d'), { recursive: true });
    mkdirSync(join(this.dir, 'data'), { recursive: true });
    const paths = { configDir: etc, hubDir: join(this.dir, 'hub'), indexPath: join(this.dir, 'hub/.index.json') };
    if (options.hub === 'embedded') copyEmbeddedHub(paths);
    else copySharedHub(paths.hubDir, join(this.dir, 'data'));
    const quiet = { info() {}, warn() {}, error() {} };
    const hub = loadHub(paths, quiet);
    const plan = new Plan(hub, quiet, false);
    planInstall(plan, (options.collections ?? []).map((name) => {
      const item = hub.get('collections', name);
      if (item === undefined) throw new Error(`no collection ${name}`);
      return item;
    }), false);
    executePlan(hub, plan.actions, { dataDir: join(this.dir, 'data'), force: false, log: quiet, tell() {} });
    for (const [path, text] of Object.entries(options.rules ?? {})) {
      mkdirSync(join(etc, path, '..'), { recursive: true });
      writeFileSync(join(etc, path), text);
    }
    writeFileSync(join(etc, 'acquis.yaml'), options.acquisition ?? '');
    writeFileSync(join(etc, 'profiles.yaml'), profiles);
    writeFileSync(join(etc, 'simulation.yaml'), 'simulation: false\n');
    writeFileSync(join(etc, 'credentials.yaml'), `url: http://127.0.0.1:${this.apiPort}\n`);
    writeFileSync(this.config, configuration(this.dir, this.apiPort, this.metricsPort));
    if (options.workers !== undefined) this.setWorkers(options.workers);
    const added = spawnSync(process.execPath, [join(projectRoot, 'bin/cscli'), '-c', this.config, 'machines', 'add', 'testm', '-p', 'pass',
      '--force', '-f', join(etc, 'credentials.yaml'), '-u', `http://127.0.0.1:${this.apiPort}`], { encoding: 'utf8' });
    if (added.status !== 0) throw new Error(`machines add failed: ${added.stderr}`);
  }
}

/** A daemon under test; `stop` ends it as an init system would. */
export class RunningDaemon {
  readonly child: ChildProcess;
  output = '';
  readonly #exit: Promise<number | null>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (data: Buffer) => { this.output += data.toString(); });
    child.stderr?.on('data', (data: Buffer) => { this.output += data.toString(); });
    this.#exit = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  }

  /** Resolves once the condition holds; throws with the daemon's output when it ended or two minutes have passed. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 120_000;
    while (!(await condition())) {
      if (this.child.exitCode !== null) throw new Error(`the daemon ended with ${this.child.exitCode}:\n${this.output}`);
      if (Date.now() > deadline) throw new Error(`waited in vain, the daemon said:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Sends SIGTERM and returns the exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.#exit;
  }
}

function run(program: string, args: readonly string[], environment: Record<string, string>): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(projectRoot, 'bin', program), ...args],
      { env: { ...process.env, TZ: 'UTC', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => { stdout += data.toString(); });
    child.stderr.on('data', (data: Buffer) => { stderr += data.toString(); });
    child.on('error', reject);
    child.on('close', (exit) => resolve({ exit, stdout, stderr }));
  });
}

function copySharedHub(hubDir: string, dataDir: string): void {
  const shared = sharedPath('hub');
  if (shared === null) throw new Error('the reference hub is not here');
  for (const name of ['parsers', 'scenarios', 'postoverflows', 'collections', 'contexts', '.index.json']) {
    cpSync(join(shared, name), join(hubDir, name), { recursive: true });
  }
  for (const name of readdirSync(join(shared, 'data'))) writeFileSync(join(dataDir, name), readFileSync(join(shared, 'data', name)));
}

function wholeSeconds(text: string): string {
  return `${new Date(text.includes('T') ? text : `${text.replace(' ', 'T').replace(/ ?\+00:00$/, '')}Z`).toISOString().slice(0, 19)}Z`;
}

function configuration(dir: string, apiPort: number, metricsPort: number): string {
  return `common: {log_media: stdout, log_level: info}
config_paths:
  config_dir: ${dir}/etc
  data_dir: ${dir}/data
  simulation_path: ${dir}/etc/simulation.yaml
  hub_dir: ${dir}/hub
  index_path: ${dir}/hub/.index.json
crowdsec_service:
  acquisition_path: ${dir}/etc/acquis.yaml
  acquisition_dir: ${dir}/etc/acquis.d
db_config: {type: sqlite, db_path: ${dir}/data/crowdsec.db, use_wal: true, flush: {max_items: 100000, max_age: 3650d}}
api:
  client: {credentials_path: ${dir}/etc/credentials.yaml}
  server: {listen_uri: '127.0.0.1:${apiPort}', profiles_path: ${dir}/etc/profiles.yaml}
prometheus: {enabled: true, level: full, listen_addr: 127.0.0.1, listen_port: ${metricsPort}}
`;
}

const profiles = `name: default_ip_remediation
filters: ['Alert.Remediation == true && Alert.GetScope() == "Ip"']
decisions: [{type: ban, duration: 4h}]
on_success: break
`;
