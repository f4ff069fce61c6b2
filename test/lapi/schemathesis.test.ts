// The whole API against its own OpenAPI document, by schemathesis (PyPI): made-up requests, valid and not, get no 5xx and
// only answers that the document describes. It needs Python's venv and a package index; what is missing is named.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { GoTime } from '../../ts/util/go-time.js';
import { listen } from '../../lapi/listen.js';
import { addBouncer, alertBody, logIn, startInstance } from './instance.js';
import { onEachDatabase } from './store/databases.js';
import { testSeed } from '../support/random.js';

const version = '4.32.5';
const installMsMax = 180_000;

const folder = mkdtempSync(join(tmpdir(), 'palisade-schemathesis-'));
after(() => rmSync(folder, { recursive: true }));

/** What is missing, once it was tried. */
let missing: string | undefined;

onEachDatabase('schemathesis', (database) => {
  test('finds no 5xx and no answer that the OpenAPI document does not describe', async (context) => {
    missing ??= install() ?? '';
    if (missing !== '') {
      context.skip(missing);
      return;
    }
    const instance = await startInstance({ database, nowMs: Date.now() });
    const listening = await listen(instance.app, { listenUri: '127.0.0.1:0', listenSocket: '', tls: null });
    const token = await logIn(instance);
    const key = await addBouncer(instance);
    await instance.store.allowlists.add('mine', 'what is mine');
    const list = (await instance.store.allowlists.get('mine', false))!;
    await instance.store.allowlists.addItems(list.id, [{ value: '198.51.100.0/24', comment: '', expiresAt: GoTime.zero }]);
    await instance.app.inject({ method: 'POST', url: '/v1/alerts', headers: { authorization: `Bearer ${token}` },
      payload: JSON.stringify([alertBody()]) });
    const seed = testSeed();
    const call = (...options: readonly string[]) => run(['run', `http://127.0.0.1:${listening.port}/v1/openapi.json`, '--seed', String(seed),
      '--checks', 'not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance',
      '--phases', 'coverage,fuzzing', '--max-examples', '5', '--workers', '1', '--no-color', '--generation-database', 'none',
      '--request-timeout', '30', '--suppress-health-check', 'all', '-H', 'User-Agent: schemathesis/v1', ...options]);
    const { code, output } = await call('-H', `Authorization: Bearer ${token}`, '-H', `X-Api-Key: ${key}`,
      '--exclude-path', '/v1/decisions/changes', '--exclude-path', '/v1/watchers/self');
    // One never ends for who is let in, the other takes away the machine that asks: each as a caller for whom it ends.
    const rest = await call('-H', `Authorization: Bearer ${await logIn(instance, 'leaves')}`,
      '--include-path', '/v1/decisions/changes', '--include-path', '/v1/watchers/self');
    await listening.close();
    await instance.store.close();
    for (const one of [{ code, output }, rest]) assert.equal(one.code, 0, `seed ${seed}\n${one.output}`);
    // What it says it tried: a run that skipped everything has found nothing.
    const [, generated] = /^ *(\d+) generated/m.exec(output) ?? [];
    assert.ok(Number(generated) > 500, output);
    context.diagnostic(`${generated} requests`);
  });
});

/** Installs the program and returns null, or what is missing. */
function install(): string | null {
  try {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'pipe' });
  } catch {
    return 'the package python3-venv is not installed';
  }
  try {
    execFileSync(join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${version}`],
      { stdio: 'pipe', timeout: installMsMax });
  } catch (error) {
    return `schemathesis ${version} cannot be installed from the package index: ${(error as Error).message.split('\n')[0]}`;
  }
  return null;
}

function run(options: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(folder, 'bin/st'), options, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString(); });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
