// Published client libraries at our Local API, as their users run them: CrowdSec's for Node (npm) and for Python (PyPI),
// asking for single addresses and following the stream. They are installed into var/packages, pinned, nowhere else.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { runIn } from '../cli/instance.js';
import { TestInstance, type RunningDaemon } from '../support/instance.js';
import { projectRoot } from '../support/shared.js';

interface Library {
  readonly name: string;
  /** Installs it into the folder. */
  readonly install: (folder: string) => void;
  /** Starts a program that reads commands and prints one line of JSON for each: `live IP`, `refresh`, `cached IP`. */
  readonly command: (folder: string) => readonly string[];
  readonly program: string;
  /** Whether it reports what it did: `report`. */
  readonly reports: boolean;
  /** What it says of an address that is not banned. */
  readonly clean: string | null;
}

const libraries: readonly Library[] = [{
  name: '@crowdsec/nodejs-bouncer@0.2.0',
  install: (folder) => {
    writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', '@crowdsec/nodejs-bouncer@0.2.0'],
      { cwd: folder, stdio: 'pipe' });
  },
  command: (folder) => [process.execPath, join(folder, 'program.mjs')],
  reports: true,
  clean: 'bypass',
  program: `import { createInterface } from 'node:readline';
import { CrowdSecBouncer } from '@crowdsec/nodejs-bouncer';
const [url, bouncerApiToken] = process.argv.slice(2);
const live = new CrowdSecBouncer({ url, bouncerApiToken });
const stream = new CrowdSecBouncer({ url, bouncerApiToken, streamMode: true });
let isFirstFetch = true;
for await (const line of createInterface({ input: process.stdin })) {
  const [verb, ip] = line.split(' ');
  let answer;
  if (verb === 'live') {
    const found = await live.getIpRemediation(ip);
    await live.getResponse({ ip, ...found });
    answer = found.remediation;
  }
  else if (verb === 'cached') answer = (await stream.getIpRemediation(ip)).remediation;
  else if (verb === 'report') { await live.pushUsageMetrics('nodejs'); answer = 'reported'; }
  else { await stream.refreshDecisions({ isFirstFetch }); isFirstFetch = false; answer = 'refreshed'; }
  console.log('answer ' + JSON.stringify(answer));
}
`,
}, {
  name: 'pycrowdsec==0.0.5',
  install: (folder) => {
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', folder, 'pycrowdsec==0.0.5',
      'requests==2.32.3'], { stdio: 'pipe' });
  },
  command: (folder) => ['env', `PYTHONPATH=${folder}`, 'python3', join(folder, 'program.py')],
  reports: false,
  clean: null,
  program: `import json, sys
from pycrowdsec.client import QueryClient, StreamClient
url, key = sys.argv[1:3]
live = QueryClient(api_key=key, lapi_url=url + "/")
stream = StreamClient(api_key=key, lapi_url=url + "/", scopes=("ip", "range"))
first = "true"
for line in sys.stdin:
    verb, _, ip = line.strip().partition(" ")
    if verb == "live":
        answer = live.get_action_for(ip) if live.get_decisions_for(ip) else None
    elif verb == "cached":
        answer = stream.get_action_for(ip)
    else:
        stream.cycle(first)
        first = "false"
        answer = "refreshed"
    print("answer " + json.dumps(answer), flush=True)
`,
}];

describe('a published client library at our Local API', () => {
  let instance: TestInstance;
  let daemon: RunningDaemon;

  before(async () => {
    instance = await TestInstance.create({ hub: 'embedded' });
    daemon = await instance.daemon(['-no-cs']);
  });
  after(async () => {
    await daemon?.stop();
    instance?.remove();
  });

  const cscli = async (...args: readonly string[]): Promise<string> => {
    const { exit, stdout, stderr } = await runIn(instance.dir, ['-c', instance.config, ...args]);
    assert.equal(exit, 0, stdout + stderr);
    return stdout.trim();
  };

  for (const library of libraries) {
    const folder = installed(library);
    const skip = folder === null ? `needs ${library.name}, which cannot be installed` : false;
    test(`${library.name}, live and by stream`, { skip }, async () => {
      await cscli('decisions', 'delete', '--all');
      const name = library.name.replace(/\W+/g, '-').replace(/^-/, '');
      const key = await cscli('bouncers', 'add', name, '-o', 'raw');
      const client = new Client([...library.command(folder!), `http://127.0.0.1:${instance.apiPort}`, key]);
      try {
        await cscli('decisions', 'add', '--ip', '198.18.0.1');
        await cscli('decisions', 'add', '--range', '198.51.100.0/24', '--type', 'captcha');
        await cscli('decisions', 'add', '--ip', '2001:db8::1');
        for (const [ip, wanted] of [['198.18.0.1', 'ban'], ['198.51.100.77', 'captcha'], ['2001:db8::1', 'ban'],
          ['198.18.0.2', library.clean]]) {
          assert.equal(await client.ask(`live ${ip}`), wanted, `live ${ip}`);
        }
        if (library.reports) {
          await client.ask('report');
          assert.match(await cscli('metrics', 'show', 'bouncers', '-o', 'json'), /"processed"/);
        }
        await client.ask('refresh');
        assert.equal(await client.ask('cached 198.18.0.1'), 'ban');
        assert.equal(await client.ask('cached 198.51.100.77'), 'captcha');
        assert.equal(await client.ask('cached 198.18.0.2'), library.clean);
        await cscli('decisions', 'delete', '--ip', '198.18.0.1');
        await cscli('decisions', 'add', '--ip', '198.18.0.2');
        await client.ask('refresh');
        assert.equal(await client.ask('cached 198.18.0.1'), library.clean);
        assert.equal(await client.ask('cached 198.18.0.2'), 'ban');
        const known = JSON.parse(await cscli('bouncers', 'list', '-o', 'json')) as { name: string; last_pull: string | null }[];
        assert.ok(known.find((each) => each.name === name)?.last_pull);
      } finally {
        await client.close();
      }
    });
  }
});

/** A program that answers line by line. */
class Client {
  readonly #child;
  readonly #answers: Interface;
  readonly #waiting: ((line: string) => void)[] = [];
  readonly #ended: Promise<void>;
  #errors = '';

  constructor(command: readonly string[]) {
    this.#child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr.on('data', (data: Buffer) => { this.#errors += data.toString(); });
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#answers = createInterface({ input: this.#child.stdout });
    // What the library logs is not an answer.
    this.#answers.on('line', (line) => { if (line.startsWith('answer ')) this.#waiting.shift()?.(line.slice(7)); });
  }

  async ask(line: string): Promise<unknown> {
    const answer = new Promise<string>((resolve) => { this.#waiting.push(resolve); });
    this.#child.stdin.write(`${line}\n`);
    const ended = this.#ended.then(() => { throw new Error(`the client ended\n${this.#errors}`); });
    return JSON.parse(await Promise.race([answer, ended]));
  }

  async close(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
  }
}

/** The folder with the library and its program, made once; null when the registry cannot be reached. */
function installed({ name, install, program, command }: Library): string | null {
  const parent = join(projectRoot, 'var/packages');
  const folder = join(parent, name.replace(/[^\w.=@-]/g, '_'));
  try {
    if (!existsSync(folder)) {
      mkdirSync(parent, { recursive: true });
      const work = mkdtempSync(join(parent, '.new-'));
      try {
        install(work);
        renameSync(work, folder);
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
    }
    writeFileSync(command(folder).at(-1)!, program);
    return folder;
  } catch {
    return null;
  }
}
