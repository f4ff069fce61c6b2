// `npm run bench [-- SUITE...]`: measures, and adds what was measured to bench/record/. Every suite compares or checks its answers
// before it times anything.

import { cpus, totalmem } from 'node:os';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runDatesBesideGo } from './suites/dates-beside-go.js';
import { runDifferential } from './suites/differential.js';
import { runFirewall } from './suites/firewall.js';
import { runHostile } from './suites/hostile.js';
import { runHub } from './suites/hub.js';
import { runLapi } from './suites/lapi.js';
import { runLatency } from './suites/latency.js';
import { runMicro } from './suites/micro.js';
import { runReplay } from './suites/replay.js';
import { runScale } from './suites/scale.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const work = join(root, 'var/bench');
const records = join(root, 'bench/record');
const day = new Date().toISOString().slice(0, 10);

type Tell = (line: string) => void;

interface Suite {
  readonly about: string;
  /** `out` is the path of its CSV and SVG files, without extension. */
  run(tell: Tell, out: string): Promise<void> | void;
}

const suites: Readonly<Record<string, Suite>> = {
  replay: { about: "cost of a line beside Debian's crowdsec, same rules, alerts compared", run: (tell) => runReplay(work, tell) },
  scale: { about: 'lines per second against rules, workers and cores', run: (tell, out) => runScale(work, tell, out) },
  latency: { about: 'from an appended line to its alert, beside 20,000 lines a second', run: (tell) => runLatency(work, tell) },
  hostile: { about: 'input made to cost much, a million buckets', run: (tell, out) => runHostile(work, tell, out) },
  micro: { about: 'the inner loops one by one (benchmark.js)', run: runMicro },
  lapi: { about: "the Local API beside Debian's crowdsec", run: (tell) => runLapi(work, tell) },
  firewall: { about: "the bouncer beside Debian's, from log line to dropped packet (root, unshare)", run: (tell) => runFirewall(work, tell) },
  hub: { about: 'loading rules, explaining a file', run: (tell) => runHub(work, tell) },
  dates: { about: 'dates beside a Go program; answers only', run: runDatesBesideGo },
  differential: { about: "alerts beside Debian's crowdsec over its whole hub; answers only (root, unshare)", run: (tell) => runDifferential(work, tell) },
};

/** Names for several suites. */
const groups: Readonly<Record<string, readonly string[]>> = { macro: ['replay', 'scale', 'latency', 'hostile'] };
const usual = ['macro', 'micro'];

/** Runs the benches that the arguments name, the usual ones without arguments. Returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const unknown = argv.filter((name) => !Object.hasOwn(suites, name) && !Object.hasOwn(groups, name));
  if (argv.includes('--help') || unknown.length > 0) return explain(unknown.filter((name) => name !== '--help'));
  mkdirSync(work, { recursive: true });
  mkdirSync(records, { recursive: true });
  const asked = argv.length === 0 ? usual : argv;
  const report: string[] = [];
  const tell: Tell = (line) => {
    report.push(line);
    process.stdout.write(`${line}\n`);
  };
  tell(`# ${day}, ${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, commit ${commit()}\n`);
  for (const name of new Set(asked.flatMap((name) => groups[name] ?? [name]))) {
    await suites[name].run(tell, join(records, `${day}-${name}`));
  }
  const file = join(records, `${day}-${asked.join('-')}.md`);
  // Added, since a record may hold what somebody wrote beside its tables.
  appendFileSync(file, `${existsSync(file) ? '\n' : ''}${report.join('\n')}\n`);
  process.stdout.write(`\nwritten to ${file.slice(root.length)}\n`);
  return 0;
}

/** Says what there is to run: on standard output when asked, as an error when a name is unknown. */
function explain(unknown: readonly string[]): number {
  const lines = Object.entries(suites).map(([name, { about }]) => `  ${name.padEnd(13)} ${about}`);
  lines.push(...Object.entries(groups).map(([name, members]) => `  ${name.padEnd(13)} ${members.join(', ')}`));
  const text = `Usage: npm run bench [-- SUITE...]\n\n${lines.join('\n')}\n\nWithout a name: ${usual.join(' and ')}. Results are added to bench/record/.\n`;
  if (unknown.length === 0) process.stdout.write(text);
  else process.stderr.write(`no such suite: ${unknown.join(', ')}\n\n${text}`);
  return unknown.length === 0 ? 0 : 2;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
