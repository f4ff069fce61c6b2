// The inner loops one by one, with benchmark.js: what a line costs in each step. Every suite checks its answer first.

import Benchmark from 'benchmark';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { newEventNames, Event } from '../../ts/event/event.js';
import { ExpectMode } from '../../ts/event/line.js';
import { compile } from '../../ts/expr/compiled.js';
import { link } from '../../ts/expr/compiled.js';
import { logEnv } from '../../ts/expr/env.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { expand } from '../../ts/grok/expand.js';
import { PatternLibrary } from '../../ts/grok/patterns.js';
import { GrokProgram } from '../../ts/grok/program.js';
import { SinglePatterns } from '../../ts/grok/single.js';
import { chunksOf, nginxLines } from '../../ts/instance/corpus.js';
import { GoTime } from '../../ts/util/go-time.js';
import { loadIngestAddon, readNumber, readNumbers } from '../../native/index.js';
import { pourSteps } from './buckets.js';

interface Step {
  readonly name: string;
  /** Lines (or evaluations) that one call of `run` handles. */
  readonly perRun: number;
  readonly run: () => unknown;
}

const place = { file: fileURLToPath(import.meta.url), line: 1, column: 1 };
const lineCount = 1000;

/** Runs all suites and tells a table row for each step. */
export async function runMicro(tell: (line: string) => void): Promise<void> {
  tell('\n## Inner loops\n\n| step | ns each | ± |\n|---|---|---|');
  for (const step of [framing(), ...groks(), ...expressions(), ...pourSteps()]) {
    const { meanNs, spread } = await measure(step);
    tell(`| ${step.name} | ${(meanNs / step.perRun).toFixed(1)} | ${spread.toFixed(1)} % |`);
  }
}

function measure(step: Step): Promise<{ meanNs: number; spread: number }> {
  return new Promise((resolve) => {
    new Benchmark(step.name, step.run, {
      onComplete: ({ target }: { target: Benchmark }) => resolve({ meanNs: target.stats.mean * 1e9, spread: target.stats.rme }),
    }).run({ async: true });
  });
}

function text(): Buffer {
  const corpus = nginxLines({ seed: 7, startSeconds: 1_780_000_000, linesPerSecond: 100, attackShare: 0.05, attackers: 4 });
  return Buffer.from([...chunksOf(corpus, lineCount)].join(''));
}

function framing(): Step {
  const chunk = text();
  const framer = new (loadIngestAddon().LineFramer)(65_534);
  const bytes = new Uint8Array(chunk.length + 1);
  const spans = new Uint32Array(2 * lineCount + 2);
  const flags = new Uint8Array(lineCount + 1);
  const numbers = new Float64Array(readNumbers);
  const run = (): number => framer.push(chunk, 0, false, bytes, spans, flags, numbers);
  assert.equal(run(), lineCount);
  assert.equal(numbers[readNumber.used] > 0, true);
  return { name: 'framing, a line', perRun: lineCount, run };
}

function groks(): Step[] {
  const bytes = text();
  const spans = new Uint32Array(2 * lineCount);
  for (let index = 0, start = 0; index < lineCount; index++) {
    const end = bytes.indexOf(10, start);
    spans.set([start, end], 2 * index);
    start = end + 1;
  }
  const library = new PatternLibrary();
  library.loadFolderOrEmbedded(undefined);
  const patterns = {
    'grok IPORHOST at the start, a line': '^%{IPORHOST:remote_addr} ',
    'grok combined access log, a line': '^%{IPORHOST:remote_addr} - %{NOTSPACE:remote_user} \\[%{HTTPDATE:time_local}\\] "%{WORD:verb} %{NOTDQUOTE:request} HTTP/%{NUMBER:http_version}" %{INT:status} %{INT:body_bytes_sent} "%{NOTDQUOTE:http_referer}" "%{NOTDQUOTE:http_user_agent}"',
    'grok that no line matches, a line': '^%{SYSLOGTIMESTAMP:timestamp} %{NOTSPACE:host}',
  };
  return Object.entries(patterns).map(([name, pattern]) => {
    const program = new GrokProgram(expand(pattern, library, place));
    const run = (): Int32Array => program.exec(bytes, spans, lineCount);
    const out = run();
    const stride = out.length >= lineCount * (1 + 2 * program.fields.length) ? 1 + 2 * program.fields.length : 1;
    assert.equal(out[0] === 1, !name.includes('no line'));
    assert.equal(stride > 1, true);
    return { name, perRun: lineCount, run };
  });
}

function expressions(): Step[] {
  const names = newEventNames();
  const patterns = new SinglePatterns();
  const runtime = newRuntime({}, { now: () => GoTime.zero, regex: (pattern) => patterns.get(pattern) });
  const sources = {
    'expr: two equalities': ["evt.Meta.service == 'http' && evt.Meta.log_type == 'http_access-log'", true],
    'expr: in a list of strings': ["evt.Meta.http_status in ['400', '403', '404']", false],
    'expr: contains': ["evt.Parsed.request contains 'wp-login'", false],
    'expr: matches': ["evt.Parsed.request matches '(?i)\\\\.(git|env|svn)'", false],
  } as const;
  const compiled = Object.entries(sources).map(([name, [source, expected]]) => ({ name, expected,
    expression: compile({ text: source, place }, { env: logEnv, functions: {}, names }) }));
  const event = new Event(names);
  event.resetToLine({ seq: 0, source: { src: 'x', module: 'file', labels: {}, mode: ExpectMode.live }, bytes: new Uint8Array(0),
    spans: new Uint32Array(2), flags: new Uint8Array(1), count: 1, readAtMs: 0 }, Buffer.alloc(0), 0);
  for (const [key, value] of [['service', 'http'], ['log_type', 'http_access-log'], ['http_status', '200']]) event.meta.set(key, value);
  event.parsed.set('request', '/shop/item?id=42');
  return compiled.map(({ name, expected, expression }) => {
    const evaluate = link(expression, runtime);
    const run = (): unknown => evaluate(event);
    assert.equal(run(), expected);
    return { name, perRun: 1, run };
  });
}
