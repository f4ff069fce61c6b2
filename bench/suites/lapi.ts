// The Local API beside Debian's: import, lookups, deltas, start-up streams, alerts. Both get the same decisions and
// requests, and their answers are compared before anything is timed.

import autocannon from 'autocannon';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bannedAddress, benchAlert, importFile, lapiCase, type LoadCase } from '../cases/lapi.js';
import { commandCpuSeconds, crowdsecServer, palisadeServer, type LapiServer, type RunningServer } from '../engines/lapi-servers.js';
import { runLapiScale } from './lapi-scale.js';

const bouncerKey = 'benchbouncerkey0123456789';
const agent = 'bench/v1.0';

/** What one server showed. Rates are per second, times in seconds. */
interface Figures {
  readonly importSeconds: number;
  /** Processor time of server and command, and of the server for one alert in milliseconds: other work does not change it much. */
  readonly importCpuSeconds: number;
  readonly alertCpuMs: number;
  readonly startupSeconds: number;
  readonly lookup: number;
  readonly delta: number;
  readonly alerts: number;
  readonly peakBytes: number;
}

interface Client {
  readonly url: string;
  readonly bouncer: Record<string, string>;
  readonly machine: Record<string, string>;
}

/** Runs the bench below `work` and tells a table row for each figure. Throws when the answers differ. */
export async function runLapi(work: string, tell: (line: string) => void): Promise<void> {
  const peer = crowdsecServer(join(work, 'crowdsec'), join(work, 'lapi-peer'), 18_482);
  if (peer === null) throw new Error('the peer is not to be had: apt-get cannot download the package crowdsec');
  const ours = palisadeServer(join(work, 'lapi-palisade'), 18_483);
  const file = join(work, 'import.csv');
  writeFileSync(file, importFile(lapiCase.decisionCount));
  const [theirs, own] = [await measureServer(peer, file, true), await measureServer(ours, file, false)];
  assert.deepEqual(own.answers, theirs.answers, 'the two servers answer differently');
  tell(`\n## Local API with ${lapiCase.decisionCount} decisions\n\n| | ${peer.name} | ${ours.name} | ratio | goal |\n|---|---|---|---|---|`);
  const rows: [string, number, number, number, string][] = [
    ['import, s', theirs.figures.importSeconds, own.figures.importSeconds, lapiCase.importRatioMin, 's'],
    ['import, processor s', theirs.figures.importCpuSeconds, own.figures.importCpuSeconds, lapiCase.importRatioMin, 's'],
    ['startup stream, s', theirs.figures.startupSeconds, own.figures.startupSeconds, lapiCase.startupRatioMin, 's'],
    [`${lapiCase.lookup.name}, /s`, theirs.figures.lookup, own.figures.lookup, lapiCase.lookup.ratioMin, ''],
    [`${lapiCase.delta.name}, /s`, theirs.figures.delta, own.figures.delta, lapiCase.delta.ratioMin, ''],
    [`${lapiCase.alerts.name}, /s`, theirs.figures.alerts, own.figures.alerts, lapiCase.alerts.ratioMin, ''],
    ['one alert, processor ms of the server', theirs.figures.alertCpuMs, own.figures.alertCpuMs, lapiCase.alerts.ratioMin, 's'],
  ];
  for (const [name, a, b, goal, unit] of rows) {
    const digits = unit === 's' ? 3 : 0;
    const ratio = unit === 's' ? a / b : b / a;
    tell(`| ${name} | ${a.toFixed(digits)} | ${b.toFixed(digits)} | ${ratio.toFixed(1)} | ${goal} |`);
  }
  const mega = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  tell(`| peak memory, MB | ${mega(theirs.figures.peakBytes)} | ${mega(own.figures.peakBytes)} | | |`);
  await runLapiScale(work, tell);
}

async function measureServer(server: LapiServer, file: string, mayRefuse: boolean): Promise<{ figures: Figures; answers: unknown }> {
  server.cscli('bouncers', 'add', 'bench', '-k', bouncerKey);
  server.cscli('machines', 'add', 'bench', '-p', 'bench', '--force', '-u', server.url);
  const running = await server.start();
  try {
    const cpuSeconds = (): number => running.cpuSeconds() + commandCpuSeconds();
    const importStart = performance.now();
    const cpuStart = cpuSeconds();
    server.cscli('decisions', 'import', '-i', file);
    const importSeconds = (performance.now() - importStart) / 1000;
    const importCpuSeconds = cpuSeconds() - cpuStart;
    const client = await connect(server);
    const answers = await answersOf(client);
    return { answers, figures: { importSeconds, importCpuSeconds, ...await load(client, running, mayRefuse), peakBytes: running.peakBytes() } };
  } finally {
    await stop(running);
  }
}

async function load(client: Client, running: RunningServer,
  mayRefuse: boolean): Promise<Omit<Figures, 'importSeconds' | 'importCpuSeconds' | 'peakBytes'>> {
  const startupSeconds = await startupTime(client);
  let index = 0;
  const lookup = await rate(lapiCase.lookup, client, client.bouncer, () => ({
    path: `/v1/decisions?ip=${bannedAddress(index++ * 37 % lapiCase.decisionCount)}` }), mayRefuse);
  const delta = await rate(lapiCase.delta, client, client.bouncer, () => ({ path: '/v1/decisions/stream' }),
    mayRefuse);
  const cpuStart = running.cpuSeconds();
  const sentBefore = index;
  const alerts = await rate(lapiCase.alerts, client, client.machine, () => ({ path: '/v1/alerts', method: 'POST',
    body: JSON.stringify([benchAlert(index++)]) }), mayRefuse);
  const alertCpuMs = (running.cpuSeconds() - cpuStart) * 1000 / (index - sentBefore);
  return { startupSeconds, lookup, delta, alerts, alertCpuMs };
}

/** The shortest of a few start-ups: the others waited for something else on this machine. */
async function startupTime(client: Client): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    await get(client, '/v1/decisions/stream?startup=true');
    times.push((performance.now() - start) / 1000);
  }
  return Math.min(...times);
}

async function rate(one: LoadCase, client: Client, headers: Record<string, string>,
  next: () => { path: string; method?: 'POST'; body?: string }, mayRefuse: boolean): Promise<number> {
  const run = (seconds: number) => autocannon({ url: client.url, connections: one.connections, duration: seconds, headers,
    requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }] });
  await run(1);
  const result = await run(lapiCase.loadSeconds);
  // The peer refuses some posts while its database is locked; they do not count. Ours may refuse none.
  if (result.errors > 0 || (mayRefuse ? result.non2xx > result['2xx'] : result.non2xx > 0)) {
    throw new Error(`${one.name}: ${result.non2xx} refusals, ${result.errors} errors`);
  }
  return result['2xx'] / result.duration;
}

async function connect({ url }: LapiServer): Promise<Client> {
  const response = await fetch(`${url}/v1/watchers/login`, { method: 'POST', headers: { 'user-agent': 'crowdsec/v1.0-bench',
    'content-type': 'application/json' }, body: JSON.stringify({ machine_id: 'bench', password: 'bench', scenarios: [] }) });
  const { token } = await response.json() as { token: string };
  return { url, bouncer: { 'x-api-key': bouncerKey, 'user-agent': agent },
    machine: { authorization: `Bearer ${token}`, 'user-agent': 'crowdsec/v1.0-bench', 'content-type': 'application/json' } };
}

/** What both servers must say alike: a banned address, a free one, the whole set, and a delta with nothing in it. */
async function answersOf(client: Client): Promise<unknown> {
  const facts = (rows: readonly Record<string, unknown>[] | null) => (rows ?? []).map(({ origin, scope, type, value }) =>
    `${String(origin).replace('cscli-import', 'cscli')} ${String(scope)} ${String(type)} ${String(value)}`).sort();
  const parse = async (path: string) => JSON.parse(await get(client, path)) as never;
  const { new: whole, deleted } = await parse('/v1/decisions/stream?startup=true') as Record<string, []>;
  assert.equal(whole.length, lapiCase.decisionCount);
  return { banned: facts(await parse(`/v1/decisions?ip=${bannedAddress(4711)}`)), free: facts(await parse('/v1/decisions?ip=9.9.9.9')),
    whole: facts(whole), deleted: deleted?.length ?? 0, delta: Object.values(await parse('/v1/decisions/stream'))
      .map((part) => (part as [] | null)?.length ?? 0) };
}

async function get({ url, bouncer }: Client, path: string): Promise<string> {
  const response = await fetch(url + path, { headers: bouncer });
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text.slice(0, 200)}`);
  return text;
}

async function stop(running: RunningServer): Promise<void> {
  await running.stop();
}
