// What it costs to load rules (CrowdSec's whole reference hub; its linux and nginx collections up to the first line), to start the
// daemon, and what explain holds in memory. Each load is a process of its own that starts from a bundle, as what users start; of
// several the least disturbed one counts. What was loaded is checked first.

import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedPath } from '../../test/support/shared.js';
import { buildIndex, type Items, itemsOf } from '../../ts/hub/index.js';
import { buildId, entryUrl } from '../../ts/entry.js';
import type { InstancePaths } from '../../ts/instance/create.js';
import { createPalisadeInstance } from '../engines/palisade.js';
import { runExplain } from './explain.js';
import type { LoadReport } from '../cases/load-rules.js';

const rounds = 5;
const loader = 'bench/cases/load-rules';
const palisade = fileURLToPath(new URL('../../../bin/palisade', import.meta.url));
const line = '192.0.2.7 - - [10/Dec/2026:06:55:48 +0000] "GET /index.html HTTP/1.1" 200 612 "-" "Mozilla/5.0"';
const types = ['parsers', 'postoverflows', 'scenarios', 'contexts'] as const;

/** What must have been loaded, and how many warnings it gives. */
interface Load {
  readonly name: string;
  readonly items: readonly string[];
  readonly counts: readonly number[];
  readonly warnings: number;
}

/** Measures and tells. Needs the reference hub. */
export async function runHub(work: string, tell: (line: string) => void): Promise<void> {
  const hub = sharedPath('hub');
  if (hub === null) throw new Error('there is no reference hub: see CONTRIBUTING.md');
  const all = types.flatMap((type) => readdirSync(join(hub, type), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name)).sort().map((name) => join(type, name)));
  const some = membersOf(itemsOf(buildIndex(hub)), ['crowdsecurity/linux', 'crowdsecurity/nginx']);
  const count = (items: readonly string[]): number[] => types.map((type) => items.filter((item) => item.startsWith(`${type}/`)).length);
  tell(`\n## Loading rules (the best of ${rounds} processes)\n`);
  tell('| rules | program in memory, ms | loaded, ms | made runnable, ms | first line, ms | of it main thread on a processor, ms | CPU ms | peak MB |');
  tell('|---|---|---|---|---|---|---|---|');
  await bundleLoader();
  for (const load of [{ name: 'the whole reference hub', items: all, counts: [164, 12, 783, 9], warnings: 2 },
    { name: 'linux and nginx', items: some, counts: count(some), warnings: 0 }] satisfies Load[]) {
    const folder = join(work, 'hub-instance');
    createPalisadeInstance(folder, { dir: hub, data: join(hub, 'data'), items: load.items }, 18_484, 1);
    const reports = Array.from({ length: rounds }, () => measured(join(folder, 'etc/config.yaml'), load));
    const best = (of: (report: LoadReport) => number): string => String(Math.round(Math.min(...reports.map(of))));
    tell(`| ${load.name} (${load.items.length} files) | ${best(({ startedMs }) => startedMs)} | ${best(({ loadedMs, startedMs }) => loadedMs - startedMs)} | `
      + `${best(({ linkedMs, loadedMs }) => linkedMs - loadedMs)} | ${best(({ firstLineMs }) => firstLineMs)} | ${best(({ mainThreadMs }) => mainThreadMs)} | ${best(({ cpuMs }) => cpuMs)} | `
      + `${best(({ peakBytes }) => peakBytes / 2 ** 20)} |`);
  }
  await tellDaemon(join(work, 'hub-instance'), tell);
  await runExplain(work, join(work, 'hub-instance/etc/config.yaml'), tell);
}

/** Puts the loader beside the bundles that set-up made of the programs, with its code kept as theirs: after a run on the embedded rules. */
async function bundleLoader(): Promise<void> {
  const { bundleEntry } = await import(new URL('../../../scripts/bundle.mjs', import.meta.url).href) as { bundleEntry(entry: string, folder: string): Promise<string> };
  const { onInstance, runKept } = await import(new URL('../../../scripts/warm-up.mjs', import.meta.url).href) as {
    onInstance(use: (paths: InstancePaths) => Promise<void>): Promise<void>; runKept(program: string, args: readonly string[]): Promise<void> };
  const start = await bundleEntry(loader, fileURLToPath(new URL(`../../bundles/${buildId()}/`, import.meta.url)));
  await onInstance(({ config }) => runKept(start, [config, line, 'nginx']));
}

/** Starts the daemon as a user does, several times, until its log tells of an alert that the first line leads to. */
async function tellDaemon(folder: string, tell: (line: string) => void): Promise<void> {
  writeFileSync(join(folder, 'etc/scenarios/first-line.yaml'), firstLineScenario);
  const log = join(folder, 'first-line.log');
  writeFileSync(log, `${line}\n`);
  const starts: DaemonStart[] = [];
  for (let round = 0; round < rounds; round++) starts.push(await startDaemon(join(folder, 'etc/config.yaml'), log));
  const best = (of: (start: DaemonStart) => number): string => String(Math.round(Math.min(...starts.map(of))));
  tell(`\nThe daemon with linux and nginx, from its start (the best of ${rounds}): the Local API listens after ${best(({ listeningMs }) => listeningMs)} ms, lines are read after `
    + `${best(({ readingMs }) => readingMs)} ms (log-in included), the alert of the first line is told after ${best(({ alertMs }) => alertMs)} ms; until then ${best(({ cpuMs }) => cpuMs)} ms of CPU.`);
}

const firstLineScenario = `type: trigger
name: bench/first-line
description: The first line of a bench
filter: "evt.Meta.service == 'http'"
labels: {service: http}
`;

/** When the daemon's log said what, since it was started. */
interface DaemonStart {
  readonly listeningMs: number;
  readonly readingMs: number;
  readonly alertMs: number;
  /** Of all threads until the alert. */
  readonly cpuMs: number;
}

function startDaemon(config: string, log: string): Promise<DaemonStart> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(palisade, ['-c', config, '-dsn', `file://${log}`, '-type', 'nginx'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = new Map<string, number>();
    let text = '';
    let cpuMs = 0;
    child.stderr.on('data', (data: Buffer) => {
      text += data.toString();
      for (const words of ['listening on', 'Starting processing data', 'bench/first-line']) {
        if (said.has(words) || !text.includes(words)) continue;
        said.set(words, performance.now() - began);
        if (words === 'bench/first-line') cpuMs = cpuMsOf(child.pid!);
      }
    });
    child.on('error', reject);
    child.on('close', () => {
      const [listeningMs, readingMs, alertMs] = ['listening on', 'Starting processing data', 'bench/first-line'].map((words) => said.get(words));
      if (listeningMs === undefined || readingMs === undefined || alertMs === undefined) reject(new Error(`the daemon did not tell of the first line:\n${text}`));
      else resolve({ listeningMs, readingMs, alertMs, cpuMs });
    });
  });
}

function cpuMsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);
}

function measured(config: string, load: Load): LoadReport {
  const report = JSON.parse(execFileSync(process.execPath, [fileURLToPath(entryUrl(loader)), config, line, 'nginx'], { encoding: 'utf8' })) as LoadReport;
  const counts = types.map((type) => report[type]);
  if (counts.join() !== load.counts.join()) throw new Error(`${load.name}: loaded ${counts.join()} instead of ${load.counts.join()}`);
  if (!report.isParsed) throw new Error(`${load.name}: the line was not parsed`);
  if (report.warnings.length !== load.warnings) throw new Error(`${load.name}: unexpected warnings\n${report.warnings.join('\n')}`);
  return report;
}

/** The rules of collections and of the collections in them, as paths in the hub. */
function membersOf(items: Items, collections: readonly string[]): string[] {
  const paths = new Set<string>();
  const visit = (name: string): void => {
    const collection = items.collections.get(name);
    if (collection === undefined) throw new Error(`the hub has no collection ${name}`);
    for (const type of types) {
      for (const member of collection.dependencies[type] ?? []) {
        const path = items[type].get(member)?.path;
        if (path !== undefined) paths.add(path);
      }
    }
    collection.dependencies.collections?.forEach(visit);
  };
  collections.forEach(visit);
  return [...paths].sort();
}
