// Runs lines through scenarios of a test's own, whole engine in this thread, and says which overflows came of them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBuckets } from '../../ts/buckets/memory.js';
import { silentLog } from '../../ts/config/log.js';
import { ExpectMode } from '../../ts/event/line.js';
import type { RuleFile } from '../../ts/hub/installed.js';
import { Counters } from '../../ts/metrics/counters.js';
import { DumpRun } from '../../ts/pipeline/dump-run.js';
import { loadRules } from '../../ts/pipeline/rules.js';

/** A line `IP TIME WHAT [VALUE]`; where buckets follow the clock, TIME is when it is read. */
export type Line = string;

/** One overflow, for comparing. */
export interface SeenOverflow {
  readonly scenario: string;
  readonly sources: readonly string[];
  readonly count: number;
  /** What the events that were kept say. */
  readonly kept: readonly string[];
  readonly stop: string;
}

const parser = `name: test/line
filter: "true"
onsuccess: next_stage
grok: { pattern: '^%{IP:ip} %{NOTSPACE:time} %{NOTSPACE:what}( %{NOTSPACE:value})?$', apply_on: Line.Raw }
statics:
  - { meta: source_ip, expression: evt.Parsed.ip }
  - { meta: what, expression: evt.Parsed.what }
  - { meta: value, expression: evt.Parsed.value }
  - { target: evt.MarshaledTime, expression: evt.Parsed.time }
`;

/** Runs lines in order. `live` reads each at the time it names; a line without a word is only a moment that passes. */
export async function runRules(scenarios: string, lines: readonly Line[], mode: 'replay' | 'live' = 'replay'): Promise<SeenOverflow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-rules-'));
  try {
    const file = (name: string, text: string, stage?: string): RuleFile => {
      writeFileSync(join(folder, name), text);
      return { path: name, realPath: join(folder, name), name, version: '?', hash: '', status: 'local', ...(stage === undefined ? {} : { stage }) };
    };
    const rules = loadRules({ paths: { patternDir: '' }, engine: null }, { parsers: [file('line.yaml', parser, 's00-raw')],
      postoverflows: [], scenarios: [file('scenarios.yaml', scenarios)], contexts: [] });
    const run = new DumpRun({ setup: { rules, dataFiles: [], geo: null, dns: { ttlMs: 1, negativeTtlMs: 1, size: 1 }, clockOffsetMs: 0 },
      buckets: createBuckets(rules.scenarios, { workerCount: 1, slotsMax: 1024, arenaBytesMax: 16 * 1024 * 1024 }), counters: new Counters(), log: silentLog,
      simulation: { global: false, exclusions: [] }, contextValueLength: 4000 });
    for (const line of lines) await run.take(batchOf(line, mode));
    return run.record.overflows.map(({ Overflow }) => ({
      scenario: Overflow?.alert?.scenario ?? '', sources: Object.keys(Overflow?.sources ?? {}).sort(), count: Overflow?.alert?.events_count ?? 0,
      kept: (Overflow?.alert?.events ?? []).map(({ meta }) => meta.filter(({ key, value }) => key !== 'source_ip' && value !== '')
        .map(({ value }) => value).reverse().join(' ')),
      stop: Overflow?.alert?.stop_at.replace(/^2026-05-04T(.*)Z$/, '$1') ?? '' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `01:30` is half past one minute after midnight of the test's day. */
function batchOf(line: Line, mode: 'replay' | 'live'): Parameters<DumpRun['take']>[0] {
  const [ip, clock, ...rest] = line.split(' ');
  const time = `2026-05-04T00:${clock}Z`;
  const bytes = Buffer.from([ip, time, ...rest].join(' '));
  const isMoment = rest.length === 0;
  return { source: { src: 'test', module: 'file', labels: { type: 'test' }, mode: mode === 'live' ? ExpectMode.live : ExpectMode.timeMachine },
    bytes, spans: Uint32Array.of(0, bytes.length), flags: Uint8Array.of(1), count: isMoment ? 0 : 1,
    readAtMs: mode === 'live' ? Date.parse(time) : Date.parse('2026-06-01T00:00:00Z') };
}
