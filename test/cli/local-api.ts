// A Local API in this process for the recorded cases: on the instance's database, with the shipped profiles, and the
// state that the cases start from.

import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openStore } from '../../lapi/store/store.js';
import type { Alert } from '../../ts/model/alert.js';
import { startInstance } from '../lapi/instance.js';
import type { GoldenCase } from './golden-cases.js';
import type { Instance } from './instance.js';

export interface LocalApi {
  readonly url: string;
  close(): Promise<void>;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Serves the instance's database on a port. */
export async function serve(instance: Instance, port: number): Promise<LocalApi> {
  const path = join(instance.directory, 'data/crowdsec.db');
  const store = await openStore({ type: 'sqlite', path, useWal: true, bulkSize: 1000 });
  const server = await startInstance({ store, nowMs: Date.now() });
  const timer = setInterval(() => { server.clock.ms = Date.now(); }, 50);
  await server.app.listen({ port, host: '127.0.0.1' });
  return { url: `http://127.0.0.1:${port}`, close: async () => {
    clearInterval(timer);
    await server.close();
  } };
}

/** The machine that the cases log in as. */
export async function addMachine(instance: Instance, port: number): Promise<void> {
  const file = join(instance.directory, 'etc/local_api_credentials.yaml');
  await instance.run(['-c', instance.configFile, 'machines', 'add', 'testm', '-p', 'pass', '--force', '-f', file]);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^url: .*$/m, `url: http://127.0.0.1:${port}`));
}

/**
 * Brings an instance to the state of the "populated" cases: the four alerts of the engine as recorded, their times
 * moved to now, then what the recording did by hand.
 */
export async function populate(instance: Instance, api: LocalApi, fixtures: string, recorded: GoldenCase): Promise<void> {
  const { directory, configFile } = instance;
  const run = (...argv: string[]) => instance.run(['-c', configFile, ...argv]);
  mkdirSync(join(directory, 'replay'), { recursive: true });
  for (const name of ['csv', 'json', 'txt']) {
    cpSync(fixtures, directory, { recursive: true, filter: (file) => file === fixtures || file.endsWith(`.${name}`) });
  }
  await run('simulation', 'enable', 'crowdsecurity/http-bad-user-agent');
  await postAlerts(api, directory, JSON.parse(recorded.stdout as string) as Alert[]);
  await run('machines', 'add', 'agent2', '-p', 'pass2', '-f', join(directory, 'agent2.yaml'));
  await run('bouncers', 'add', 'testb', '-k', 'goldenbouncerkey0123456789abcdef');
  await run('decisions', 'add', '--ip', '192.0.2.10');
  await run('decisions', 'add', '--ip', '192.0.2.11', '--duration', '24h', '--type', 'captcha', '--reason', 'manual captcha');
  await run('decisions', 'add', '--range', '198.51.100.0/24', '--duration', '48h', '--reason', 'bad range');
  await run('decisions', 'add', '--scope', 'country', '--value', 'RU', '--duration', '12h');
  await run('decisions', 'add', '--scope', 'AS', '--value', '64496', '--duration', '12h', '--type', 'throttle');
  await run('decisions', 'add', '--ip', '2001:db8::42', '--duration', '1h');
  await run('decisions', 'add', '--scope', 'username', '--value', 'foobar', '--duration', '2h');
  await run('decisions', 'import', '-i', 'decisions.csv');
  await run('decisions', 'import', '-i', 'decisions.json');
  await run('allowlists', 'create', 'mylist', '-d', 'my allowlist');
  await run('allowlists', 'add', 'mylist', '203.0.113.7', '203.0.113.64/26', '-d', 'office');
  await run('allowlists', 'add', 'mylist', '2001:db8:a::1', '-e', '7d');
  await pullAsBouncer(api, directory);
}

async function postAlerts(api: LocalApi, directory: string, recorded: readonly Alert[]): Promise<void> {
  const engine = recorded.filter(({ id }) => id !== undefined && id <= 4).sort((a, b) => (a.id ?? 0) - (b.id ?? 0));
  const shiftMs = Date.now() - Date.parse(engine[0].created_at ?? '');
  const text = JSON.stringify(engine).replaceAll('@DIR@', directory)
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, (time) => `${new Date(Date.parse(time) + shiftMs).toISOString().slice(0, 19)}Z`)
    .replace(/(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) \+0000 UTC/g, (_, day: string, clock: string) =>
      `${new Date(Date.parse(`${day}T${clock}Z`) + shiftMs).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`);
  const token = await login(api);
  for (const alert of JSON.parse(text) as Alert[]) {
    const body = JSON.stringify([{ ...alert, id: undefined, decisions: null }]);
    const answer = await fetch(`${api.url}/v1/alerts`, { method: 'POST', body, headers: { authorization: `Bearer ${token}` } });
    if (answer.status !== 201) throw new Error(`posting an alert: ${answer.status} ${await answer.text()}`);
  }
}

async function login(api: LocalApi): Promise<string> {
  const answer = await fetch(`${api.url}/v1/watchers/login`, { method: 'POST',
    headers: { 'user-agent': 'crowdsec/v1.7.9-linux' }, body: JSON.stringify({ machine_id: 'testm', password: 'pass' }) });
  return (await answer.json() as { token: string }).token;
}

async function pullAsBouncer(api: LocalApi, directory: string): Promise<void> {
  const headers = { 'x-api-key': 'goldenbouncerkey0123456789abcdef', 'user-agent': 'crowdsec-golden-bouncer/v0.1' };
  for (const path of ['decisions/stream?startup=true', 'decisions/stream', 'decisions?ip=192.0.2.10', 'decisions?ip=1.1.1.1']) {
    await (await fetch(`${api.url}/v1/${path}`, { headers })).text();
  }
  const body = readFileSync(join(directory, 'usage-metrics-rc.json'), 'utf8');
  await (await fetch(`${api.url}/v1/usage-metrics`, { method: 'POST', headers, body })).text();
}
