// A Local API in this process for the recorded cases: on the instance's database, with the shipped profiles, and the
// state that the cases start from.

import bcrypt from 'bcryptjs';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../lapi/store/store.js';
import type { CounterSample } from '../../ts/metrics/counters.js';
import { metricNames } from '../../ts/metrics/names.js';
import { expose } from '../../ts/metrics/registry.js';
import { serveMetrics } from '../../ts/metrics/server.js';
import type { Alert } from '../../ts/model/alert.js';
import { startInstance } from '../lapi/instance.js';
import type { GoldenCase } from './golden-cases.js';
import type { Instance } from './instance.js';

export interface LocalApi {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the instance's database on a port, and its metrics on another. */
export async function serve(instance: Instance, port: number, metricsPort?: number,
  engine: readonly CounterSample[] = []): Promise<LocalApi> {
  const store = await openStore({ type: 'sqlite', path: databaseOf(instance), useWal: true, bulkSize: 1000 });
  const server = await startInstance({ store, nowMs: Date.now() });
  const timer = setInterval(() => { server.clock.ms = Date.now(); }, 50);
  await server.app.listen({ port, host: '127.0.0.1' });
  const metrics = metricsPort === undefined ? undefined
    : await serveMetrics('127.0.0.1', metricsPort, async () =>
      expose([...(await server.metrics.snapshot(store)).filter(({ name }) => Object.hasOwn(metricNames, name)), ...engine], 'full'));
  return { url: `http://127.0.0.1:${port}`, close: async () => {
    clearInterval(timer);
    metrics?.closeAllConnections();
    metrics?.close();
    await server.close();
  } };
}

/** The counters of an engine that had read what the recorded one had. */
export function recordedCounters(recorded: readonly GoldenCase[], directory: string): CounterSample[] {
  const shown = answerOf(recorded, 'metrics show acquisition parsers -o json').replaceAll('@DIR@', directory);
  const { acquisition, parsers } = JSON.parse(shown) as Record<string, Record<string, Record<string, number>>>;
  const columns: Readonly<Record<string, string>> = { reads: 'cs_parser_hits_total', parsed: 'cs_parser_hits_ok_total',
    unparsed: 'cs_parser_hits_ko_total', pour: 'cs_bucket_poured_total' };
  const nodeColumns: Readonly<Record<string, string>> = { hits: 'cs_node_hits_total', parsed: 'cs_node_hits_ok_total',
    unparsed: 'cs_node_hits_ko_total' };
  const path = (log: string): string => `${directory}/log/live-${log}.log`;
  return [
    ...Object.entries(acquisition).flatMap(([source, counts]) => Object.entries(counts).map(([column, value]) =>
      ({ name: columns[column], labels: { source: source.slice('file:'.length), type: 'file' }, value }))),
    ...Object.entries(parsers).flatMap(([name, counts]) => Object.entries(counts).map(([column, value]) =>
      ({ name: nodeColumns[column], labels: { name, source: path(name.includes('ssh') ? 'ssh' : 'nginx'), type: 'file' }, value }))),
    { name: 'cs_node_wl_hits_total', value: 8, labels: { name: 'crowdsecurity/public-dns-allowlist', reason: 'public DNS server' } },
  ];
}

function answerOf(recorded: readonly GoldenCase[], words: string): string {
  return recorded.find(({ argv }) => argv.slice(2).join(' ') === words)?.stdout ?? '';
}

/** The machine that the cases log in as. */
export async function addMachine(instance: Instance, port: number): Promise<void> {
  const file = join(instance.directory, 'etc/local_api_credentials.yaml');
  await instance.run(['-c', instance.configFile, 'machines', 'add', 'testm', '-p', 'pass', '--force', '-f', file]);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^url: .*$/m, `url: http://127.0.0.1:${port}`));
  // Every command logs in; a cheaper hash of the same password saves most of the time these tests take.
  const store = await openStore({ type: 'sqlite', path: databaseOf(instance), useWal: true, bulkSize: 1000 });
  await store.machines.add({ name: 'testm', passwordHash: bcrypt.hashSync('pass', 4), ipAddress: '', isValidated: true }, true);
  await store.close();
}

/**
 * Brings an instance to the state of the "populated" cases: the four alerts of the engine as recorded, their times
 * moved to now, then what the recording did by hand.
 */
export async function populate(instance: Instance, api: LocalApi, fixtures: string,
  recorded: readonly GoldenCase[]): Promise<void> {
  const { directory, configFile } = instance;
  const run = (...argv: string[]) => instance.run(['-c', configFile, ...argv]);
  mkdirSync(join(directory, 'replay'), { recursive: true });
  for (const name of ['csv', 'json', 'txt']) {
    cpSync(fixtures, directory, { recursive: true, filter: (file) => file === fixtures || file.endsWith(`.${name}`) });
  }
  await run('simulation', 'enable', 'crowdsecurity/http-bad-user-agent');
  await postAlerts(api, directory, JSON.parse(answerOf(recorded, 'alerts list -o json')) as Alert[]);
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
  await reportAsMachine(api, directory, answerOf(recorded, 'machines inspect testm -o json'),
    answerOf(recorded, 'machines inspect testm -H'));
}

interface RecordedMachine {
  readonly metrics: {
    readonly acquisition: readonly { readonly source: string; readonly read: number; readonly parsed: number }[];
    readonly parsers: readonly { readonly source: string; readonly parser: string; readonly stage: string; readonly parsed: number }[];
  };
}

/** The usage metrics that the recorded machine must have sent, from what was shown of them. */
async function reportAsMachine(api: LocalApi, directory: string, inspected: string, hub: string): Promise<void> {
  const { metrics } = JSON.parse(inspected.replaceAll('@DIR@', directory)) as RecordedMachine;
  const labels = (source: string) => {
    const [, type, path, label] = /^(\w+):(.*) \((\w+)\)$/.exec(source) as unknown as [string, string, string, string];
    return { datasource_type: type, source: path, acquis_type: label };
  };
  const item = (name: string, value: number, extra: object) => ({ name, value, unit: 'line', labels: extra });
  const items = [...metrics.acquisition.flatMap(({ source, read, parsed }) =>
    [item('read', read, labels(source)), item('global_parsed', parsed, labels(source))]),
  ...metrics.parsers.map(({ source, parser, stage, parsed }) =>
    item('parsed', parsed, { ...labels(source), parser_name: parser, parser_stage: stage }))];
  const hubItems: Record<string, object[]> = {};
  let type = '';
  for (const line of hub.split('\n')) {
    const cells = line.split('|').slice(1, -1).map((cell) => cell.trim());
    if (cells.length === 1) type = cells[0];
    if (cells.length === 3 && cells[0] !== 'Name') (hubItems[type] ??= []).push({ name: cells[0], status: cells[1], version: cells[2] });
  }
  const body = { log_processors: [{ version: 'v1.7.9-linux', os: { name: 'debian', version: '12.11' }, feature_flags: [],
    utc_startup_timestamp: 1, hub_items: hubItems, datasources: { file: 2 },
    metrics: [{ items, meta: { utc_now_timestamp: 2, window_size_seconds: 1 } }] }] };
  const headers = { authorization: `Bearer ${await login(api)}`, 'user-agent': 'crowdsec/v1.7.9-linux' };
  const answer = await fetch(`${api.url}/v1/usage-metrics`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (answer.status !== 201) throw new Error(`posting usage metrics: ${answer.status} ${await answer.text()}`);
}

function databaseOf({ directory }: Instance): string {
  return join(directory, 'data/crowdsec.db');
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
