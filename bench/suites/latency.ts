// From a line appended to a followed log to the POST of its alert, while other lines flow through: the engine alone, against a
// Local API that only takes note of when an alert came.

import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nginxLines } from '../../ts/instance/corpus.js';
import { referenceHub } from '../cases/reference-hub.js';
import { linkItems } from '../engines/hub-links.js';
import { quantile } from '../quantile.js';

const bin = fileURLToPath(new URL('../../../bin/palisade', import.meta.url));
const linesPerSecond = 20_000;
/** 40 lines at a time: a marked line behind 400 waited for those. */
const chunksPerSecond = 500;
const warmUpSeconds = 8;
const markers = 200;
const markersPerSecond = 20;
/** For alerts still on their way when the last line is written. */
const waitMs = 60_000;

/** Tells median and 99th percentile. `PALISADE_SHARED` has the rules. */
export async function runLatency(work: string, tell: (line: string) => void): Promise<void> {
  const hub = referenceHub('usual');
  if (hub === null) return tell('\nlatency: the reference hub is not here (PALISADE_SHARED)');
  const heardAt = new Map<string, number>();
  const server = await fakeApi((address) => { if (!heardAt.has(address)) heardAt.set(address, performance.now()); });
  const folder = join(work, 'latency');
  const log = createInstance(folder, hub, (server.address() as AddressInfo).port);
  const engine = spawn(bin, ['-c', join(folder, 'etc/config.yaml'), '-no-api'], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await says(engine, 'reading');
    const sentAt = await writeLines(log);
    const deadline = performance.now() + waitMs;
    while (heardAt.size < sentAt.size && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    const delays = [...sentAt].flatMap(([address, at]) => (heardAt.has(address) ? [heardAt.get(address)! - at] : []));
    const at = (share: number): string => (delays.length === 0 ? 'none' : quantile(delays, share).toFixed(1));
    tell(`\n## Latency: line appended to alert sent, ${linesPerSecond} lines a second besides\n\n| alerts | median ms | 99th percentile ms | missing |\n|---|---|---|---|`);
    tell(`| ${delays.length} | ${at(0.5)} | ${at(0.99)} | ${sentAt.size - delays.length} |`);
  } finally {
    engine.kill('SIGKILL');
    server.close();
    server.closeAllConnections();
  }
}

/** Appends background lines at an even pace and marked ones among them; returns when each marked one was appended. */
async function writeLines(log: string): Promise<Map<string, number>> {
  const corpus = nginxLines({ seed: 9, startSeconds: Math.floor(Date.now() / 1000), linesPerSecond, attackShare: 0, attackers: 1 });
  const sentAt = new Map<string, number>();
  const started = performance.now();
  for (let chunk = 0; sentAt.size < markers; chunk++) {
    const lines = Array.from({ length: linesPerSecond / chunksPerSecond }, () => corpus.next().value);
    appendFileSync(log, `${lines.join('\n')}\n`);
    if (chunk > warmUpSeconds * chunksPerSecond && chunk % (chunksPerSecond / markersPerSecond | 0) === 0) {
      const address = `203.0.${113 + (sentAt.size >> 8)}.${sentAt.size & 255}`;
      sentAt.set(address, performance.now());
      appendFileSync(log, `${lines[0].replace(/^\S+/, address).replace(/"(GET|POST) \S+/, '"GET /bench-marker')}\n`);
    }
    const due = started + ((chunk + 1) * 1000) / chunksPerSecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
  return sentAt;
}

/** Takes alerts and tells whom they are about. */
function fakeApi(onAlert: (address: string) => void): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const isLogin = request.url === '/v1/watchers/login';
    const alerts = request.url === '/v1/alerts' ? JSON.parse(Buffer.concat(chunks).toString()) as { source: { value: string } }[] : [];
    for (const { source } of alerts) onAlert(source.value);
    response.writeHead(alerts.length > 0 ? 201 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isLogin ? { code: 200, expire: new Date(Date.now() + 3_600_000).toISOString(), token: 't' } : alerts.map(() => '1')));
  }).listen(0, '127.0.0.1');
  return new Promise((resolve) => server.once('listening', () => resolve(server)));
}

/** An engine that follows one log, with a rule that answers a marked line at once. Returns the path of the log. */
function createInstance(folder: string, hub: { readonly dir: string; readonly data: string; readonly items: readonly string[] }, port: number): string {
  rmSync(folder, { recursive: true, force: true });
  const etc = join(folder, 'etc');
  const log = join(folder, 'access.log');
  mkdirSync(join(etc, 'scenarios'), { recursive: true });
  linkItems(hub.dir, hub.items.filter((path) => !path.startsWith('postoverflows/')), etc);
  writeFileSync(join(etc, 'scenarios/bench-marker.yaml'), `type: trigger
name: bench/marker
description: "Answers a marked line"
filter: "evt.Meta.service == 'http' && evt.Meta.http_path == '/bench-marker'"
groupby: evt.Meta.source_ip
labels: {remediation: true}
`);
  writeFileSync(log, '');
  writeFileSync(join(etc, 'acquis.yaml'), `filename: ${log}\nlabels: {type: nginx}\n`);
  writeFileSync(join(etc, 'credentials.yaml'), `url: http://127.0.0.1:${port}\nlogin: bench\npassword: bench\n`);
  writeFileSync(join(etc, 'config.yaml'), `common: {log_media: stdout, log_level: info}
config_paths: {config_dir: ${etc}, data_dir: ${hub.data}, hub_dir: ${hub.dir}, index_path: ${hub.dir}/.index.json}
crowdsec_service: {acquisition_path: ${etc}/acquis.yaml}
db_config: {type: sqlite, db_path: ${folder}/crowdsec.db}
api: {client: {credentials_path: ${etc}/credentials.yaml}}
prometheus: {enabled: false}
`);
  return log;
}

function says(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stderr!.on('data', (data: Buffer) => {
      output = (output + data.toString()).slice(-4000);
      if (output.includes(word)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`palisade exited ${code}\n${output}`)));
  });
}
