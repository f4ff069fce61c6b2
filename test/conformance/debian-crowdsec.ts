// Debian's crowdsec as a peer in tests: an instance of its own in a temporary folder, its agent, its Local API and its
// cscli as their users run them. Only what the package carries: nothing is registered anywhere, nothing leaves the host.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCrowdsecInstance, enabledItems } from '../../bench/engines/crowdsec.js';
import { debianPackage } from '../support/debian-package.js';
import { RunningDaemon, type CommandResult } from '../support/instance.js';

/** One instance of the peer. */
export class DebianCrowdsec {
  readonly folder = mkdtempSync(join(tmpdir(), 'palisade-debian-'));
  readonly url: string;
  readonly #root: string;

  /** `port`: of the Local API that its agent and its cscli talk to, its own or another. */
  constructor(port: number) {
    const { root, control } = debianPackage('crowdsec')!;
    this.#root = root;
    this.url = `http://127.0.0.1:${port}/`;
    createCrowdsecInstance(root, join(this.folder, 'instance'), enabledItems(control), port);
  }

  /** Path of a file of its configuration. */
  etc(name: string): string {
    return join(this.folder, 'instance/etc', name);
  }

  /** Has its agent follow a log of syslog lines. */
  follow(log: string): void {
    writeFileSync(this.etc('acquis.yaml'), `source: file\nfilenames: ['${log}']\nlabels: {type: syslog}\n`);
  }

  /** Runs its cscli to the end. */
  cscli(...args: readonly string[]): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const child = spawn(join(this.#root, 'usr/bin/cscli'), ['-c', this.etc('config.yaml'), ...args],
        { env: { ...process.env, TZ: 'UTC' }, stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (data: Buffer) => { stdout += data.toString(); });
      child.stderr.on('data', (data: Buffer) => { stderr += data.toString(); });
      child.on('error', reject);
      child.on('close', (exit) => resolve({ exit, stdout, stderr }));
    });
  }

  /** Starts its daemon: `-no-api` leaves the agent, `-no-cs` the Local API. */
  start(only: '-no-api' | '-no-cs'): RunningDaemon {
    return new RunningDaemon(spawn(join(this.#root, 'usr/bin/crowdsec'), ['-c', this.etc('config.yaml'), only],
      { env: { ...process.env, TZ: 'UTC' }, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Lets it reach a Local API as a machine. */
  useCredentials(login: string, password: string): void {
    writeFileSync(this.etc('credentials.yaml'), `url: ${this.url}\nlogin: ${login}\npassword: ${password}\n`);
  }

  /** What it wrote after registering itself. */
  readCredentials(): string {
    return readFileSync(this.etc('credentials.yaml'), 'utf8');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
