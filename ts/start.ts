// The program behind `npm start`: a first start that needs no configuration. Creates an instance, shows what the last day's
// logs would have led to, then watches and tells. What runs is the same daemon that `palisade -c` runs.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { LapiClient } from './client/client.js';
import { type Config, loadConfig, loadCredentials } from './config/config.js';
import { clockOffsetMs } from './config/clock.js';
import { createLog, silentLog } from './config/log.js';
import { Daemon, loadRulesOf } from './daemon.js';
import { PalisadeError } from './errors.js';
import { attackSample } from './instance/attack-sample.js';
import { createInstance, instanceExists, type InstancePaths, instancePaths } from './instance/create.js';
import { findHostLogs, type HostLog } from './instance/host-logs.js';
import { alertLine, banTable, paint, say } from './instance/narrator.js';
import { previewLogs } from './instance/preview.js';
import type { Alert } from './model/alert.js';

const dayMs = 86_400_000;
const portTaken = `is another instance running? else give this one another port: listen_uri and listen_port in etc/config.yaml,
and the same in the url of etc/local_api_credentials.yaml\n`;

/** Runs until SIGINT or SIGTERM. `--demo` shows an attack sample on any host. */
export async function start(argv: readonly string[]): Promise<void> {
  const unknown = argv.find((argument) => argument !== '--demo');
  if (unknown !== undefined) {
    process.stderr.write(`unknown argument ${unknown}\nusage: npm start [-- --demo]\n`);
    process.exitCode = 2;
    return;
  }
  try {
    await run(argv.includes('--demo'));
  } catch (error) {
    process.stderr.write(`${error instanceof PalisadeError ? error.message : (error as Error).stack}\n`);
    if (/address already in use/.test((error as Error).message)) process.stderr.write(portTaken);
    process.exitCode = 1;
  }
}

async function run(isDemo: boolean): Promise<void> {
  const home = resolve(process.env['PALISADE_HOME'] ?? 'var', ...(isDemo ? ['demo'] : []));
  const paths = instancePaths(home);
  const logs = isDemo ? [] : findHostLogs(process.env['PALISADE_LOGS'] ?? '/var/log');
  const watched = logs.filter(({ files }) => files.length > 0);
  const isFirst = !instanceExists(paths);
  if (isFirst) {
    say(`creating an instance in ${relative('.', home) || '.'}`);
    await createInstance(paths, logs);
  }
  const config = loadConfig(paths.config);
  if (isFirst && watched.length > 0) await showLastDay(config, watched);
  const withSample = isDemo || watched.length === 0;
  if (withSample) watchSample(paths);
  await serve(config, paths, isDemo ? null : logs, withSample);
}

async function showLastDay(config: Config, logs: readonly HostLog[]): Promise<void> {
  const tty = process.stderr.isTTY === true;
  const preview = await previewLogs({ config, logs, rules: loadRulesOf(config, silentLog), log: silentLog, nowMs: Date.now() + clockOffsetMs(),
    periodMs: dayMs, workers: 1,
    onProgress: (lines) => { if (tty) process.stderr.write(`\r\x1b[Kreplaying the last 24 hours … ${lines} lines`); } });
  if (tty) process.stderr.write('\r\x1b[K');
  say(`the last 24 hours: ${preview.lines} lines of ${preview.files} files`);
  for (const file of preview.tooLarge) say(`  ${file} is too large for a first look: bin/palisade -c ${relative('.', config.file)} -dsn file://${file} -type TYPE`);
  if (preview.bans.length === 0) say('  nobody would have been banned');
  else say(`would have been banned (nothing is stored):\n${banTable(preview.bans)}`);
}

/** The files of the demonstration are watched like any other log. */
function watchSample({ home, etc }: InstancePaths): void {
  mkdirSync(join(home, 'sample'), { recursive: true });
  const documents = attackSample(0).map(({ name, type }) => {
    writeFileSync(join(home, 'sample', name), '');
    return `source: file\nfilenames:\n  - ${join(home, 'sample', name)}\nlabels:\n  type: ${type}\n`;
  });
  writeFileSync(join(etc, 'acquis.d', 'attack-sample.yaml'), `# The attack sample of the demonstration; remove this file to be rid of it.\n${documents.join('---\n')}`);
}

/** `logs` is null in a demonstration: what this host has is not looked at. */
async function serve(config: Config, paths: InstancePaths, logs: readonly HostLog[] | null, withSample: boolean): Promise<void> {
  const stored: Alert[] = [];
  const client = new LapiClient(loadCredentials(config.client?.credentialsPath ?? ''));
  const tell = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      const alert = await client.getAlert(id);
      stored.push(alert);
      say(alertLine(alert));
    }
  };
  // Before anything is said: whoever reads "stop: Ctrl-C" may press it at once.
  const stopped = new Promise((settle) => { for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, settle); });
  let telling = Promise.resolve();
  const daemon = await Daemon.start({
    config, log: createLog('warning', 'text', process.stderr), logLevel: null, runEngine: true, runApi: true, replay: null,
    orderEvents: false, dumpDir: '', clockOffsetMs: clockOffsetMs(),
    onStored: (ids) => { telling = telling.then(() => tell(ids)).catch((error: Error) => say(`cannot show an alert: ${error.message}`)); },
  });
  if (logs !== null) sayWatched(config, logs);
  if (withSample) await playSample(paths, stored);
  say(paint(1, 'nothing is blocked until a bouncer runs') + `: any CrowdSec bouncer works, its key comes from\n  bin/cscli -c ${relative('.', config.file)} bouncers add NAME`);
  say(`who is banned: bin/cscli -c ${relative('.', config.file)} decisions list        stop: Ctrl-C`);
  await stopped;
  await daemon.stop();
  await telling;
  await client.close();
}

function sayWatched(config: Config, logs: readonly HostLog[]): void {
  const watched = logs.filter(({ files }) => files.length > 0);
  for (const { unreadable } of logs) for (const file of unreadable) say(`  may not read ${file}: run as root or join the group adm`);
  if (watched.length === 0) {
    say('there is no log here that the embedded rules know (auth.log, secure, syslog, nginx, apache2)');
    say(`  to watch one, add it to ${relative('.', config.engine?.acquisitionPath ?? '')}:\n\n    source: file\n    filenames:\n      - /path/to/access.log\n    labels:\n      type: nginx\n`);
    return;
  }
  say(paint(1, 'watching'));
  for (const { files, type } of watched) for (const file of files) say(`  ${file} (${type})`);
}

/** Appends the sample to its files and waits until its attackers are banned. */
async function playSample({ home }: InstancePaths, stored: readonly Alert[]): Promise<void> {
  say(paint(1, 'an attack sample') + ', made up for this demonstration (addresses reserved for documentation), through the same path:');
  for (const { name, lines } of attackSample(Date.now())) appendFileSync(join(home, 'sample', name), `${lines.join('\n')}\n`);
  const banned = (): number => new Set(stored.filter(({ decisions }) => (decisions ?? []).length > 0).map(({ source }) => source.value)).size;
  const deadline = Date.now() + 10_000;
  while (banned() < 6 && Date.now() < deadline) await new Promise((settle) => setTimeout(settle, 20));
  say(`\n${banTable(stored)}\n`);
}
