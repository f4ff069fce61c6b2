// Both engines on many logs at once, as sources that are read once in the order of their own times: what the comparison
// over a whole hub needs. Nothing waits for name servers: the programs run where only the loopback is up.

import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SeenAlert } from '../compare-alerts.js';
import { measure } from '../measured-process.js';
import { createCrowdsecInstance } from './crowdsec.js';
import { createPalisadeInstance } from './palisade.js';

const bin = fileURLToPath(new URL('../../../bin/', import.meta.url));
const timeoutMs = 1_800_000;

/** A log that is read among others. */
export interface LogFile {
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What one engine made of the logs. */
export interface Seen {
  readonly cpuSeconds: number;
  readonly alerts: readonly SeenAlert[];
}

/** Every rule of a hub, as a path in it. */
export function allItems(hub: string): string[] {
  return ['parsers', 'postoverflows', 'scenarios'].flatMap((type) => readdirSync(join(hub, type), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml')).sort().map((name) => join(type, name)));
}

/** Debian's crowdsec, unpacked at `root`, in an instance made anew at `folder`. */
export async function seenByCrowdsec(root: string, folder: string, items: readonly string[], logs: readonly LogFile[]): Promise<Seen> {
  createCrowdsecInstance(root, folder, items, 18_482);
  const config = join(folder, 'etc/config.yaml');
  writeFileSync(join(folder, 'etc/acquis.yaml'), acquisitionOf(logs));
  execFileSync(join(root, 'usr/bin/cscli'), ['-c', config, 'machines', 'add', 'bench', '-p', 'bench', '--force'], { stdio: 'pipe' });
  return seen([join(root, 'usr/bin/crowdsec'), '-c', config], join(folder, 'data/crowdsec.db'));
}

/** This engine with the same rules and data. */
export async function seenByPalisade(root: string, folder: string, items: readonly string[], logs: readonly LogFile[]): Promise<Seen> {
  const hub = { dir: join(root, 'usr/share/crowdsec/hub'), data: join(root, 'usr/share/crowdsec/data'), items };
  createPalisadeInstance(folder, hub, 18_483, 0);
  const config = join(folder, 'etc/config.yaml');
  writeFileSync(join(folder, 'etc/acquis.yaml'), acquisitionOf(logs));
  return seen([process.execPath, join(bin, 'palisade'), '-c', config], join(folder, 'data/crowdsec.db'));
}

async function seen(command: readonly string[], databasePath: string): Promise<Seen> {
  const offline = ['unshare', '-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...command];
  const cost = await measure(offline, { TZ: 'UTC' }, timeoutMs);
  if (cost.exit !== 0) throw new Error(`${command[0]} exited ${cost.exit}\n${cost.stderr}`);
  const database = new Database(databasePath, { readonly: true });
  const rows = database.prepare('SELECT scenario, source_value AS source, started_at AS started, stopped_at AS stopped, events_count AS events '
    + 'FROM alerts ORDER BY id').all() as SeenAlert[];
  database.close();
  return { cpuSeconds: cost.cpuSeconds, alerts: rows.map((row) => ({ ...row, started: wholeSeconds(row.started), stopped: wholeSeconds(row.stopped) })) };
}

function acquisitionOf(logs: readonly LogFile[]): string {
  return logs.map(({ path, labels }) => JSON.stringify({ source: 'file', mode: 'cat', use_time_machine: true, filenames: [path], labels }))
    .join('\n---\n');
}

/** Both write a text with a zone; ours and theirs differ in how. */
function wholeSeconds(text: string): string {
  const at = Date.parse(text.replace(/^(\S+) (\S+?)(\.\d+)?\s?([+-]\d\d:?\d\d|Z).*$/, '$1T$2$4'));
  return Number.isNaN(at) ? text : `${new Date(at).toISOString().slice(0, 19)}Z`;
}
