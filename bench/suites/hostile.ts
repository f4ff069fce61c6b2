// What hostile input costs beside ordinary lines, per byte: each grok of the hub on texts that are one piece repeated, then
// whole logs through parsing and pouring, then a table of buckets filled to the brim. A row is told even where a goal is missed.

import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { GrokSpec } from '../../ts/grok/expand.js';
import { GrokProgram } from '../../ts/grok/program.js';
import type { NodeSpec } from '../../ts/parser/spec.js';
import { hostileCases, hostileRatioMax, manyBuckets, pumps } from '../cases/hostile.js';
import { referenceHub } from '../cases/reference-hub.js';
import { OneThread, type Run } from '../engines/one-thread.js';
import { barChart } from '../plot.js';
import { accessLog } from './step.js';

/** Bytes of one text made of a piece, and of the longer one: linear means that both cost the same a byte. */
const textLengths = [8192, 65_536] as const;
const ordinaryLines = 100_000;
const told = 10;

/** One figure: how many times the ordinary time a byte takes. */
interface Row {
  readonly name: string;
  readonly ratio: number;
}

/** Tells the tables and writes them as CSV and SVG. `out` is their path without extension. */
export async function runHostile(work: string, tell: (line: string) => void, out: string): Promise<void> {
  if (referenceHub('usual') === null) return tell('\nhostile: the reference hub is not here (PALISADE_SHARED)');
  await runManyBuckets(work, tell);
  const rows = [...await runLogs(work, tell), ...runPatterns(work, tell)];
  writeFileSync(`${out}.csv`, `case,timesOrdinary\n${rows.map(({ name, ratio }) => `"${name.replaceAll('"', '""')}",${ratio.toFixed(3)}`).join('\n')}\n`);
  const worst = [...rows].sort((a, b) => b.ratio - a.ratio).slice(0, 2 * told);
  writeFileSync(`${out}.svg`, barChart('Time per byte', 'percent of ordinary lines', worst.map(({ name, ratio }) => ({ label: name.slice(0, 44), value: 100 * ratio }))));
}

/** A million buckets that share half a million events: the memory they take, and what lines cost when nothing is free any more. */
async function runManyBuckets(work: string, tell: (line: string) => void): Promise<void> {
  const { type, lineCount, bucketCount, megabytesMax } = manyBuckets;
  const engine = new OneThread(join(work, 'hostile'), 'usual');
  const log = join(work, 'hostile.log');
  await measured(engine, log, type, manyBuckets.lines(), 20_000);
  const idle = process.memoryUsage.rss();
  const filling = await measured(engine, log, type, manyBuckets.lines(), lineCount);
  const live = engine.count('cs_buckets');
  assert.ok(live > bucketCount * 0.98, `${live} buckets live`);
  const megabytes = (process.memoryUsage.rss() - idle) / 2 ** 20;
  const fresh = manyBuckets.lines();
  for (let index = 0; index < lineCount; index++) fresh.next();
  const full = await measured(engine, log, type, fresh, 200_000);
  tell('\n## A million buckets\n\n| buckets | MB above idle | goal | µs a line while filling | µs a line when full | goal |\n|---|---|---|---|---|---|');
  const perLine = ({ cpuSeconds, lines }: Run): number => (cpuSeconds * 1e6) / lines;
  tell(`| ${live} | ${megabytes.toFixed(0)} | ${megabytesMax} | ${perLine(filling).toFixed(1)} | ${perLine(full).toFixed(1)} | ${
    (hostileRatioMax * perLine(filling)).toFixed(1)} |`);
}

async function runLogs(work: string, tell: (line: string) => void): Promise<Row[]> {
  const engine = new OneThread(join(work, 'hostile'), 'usual');
  const log = join(work, 'hostile.log');
  const rows: Row[] = [];
  tell(`\n## Hostile logs, usual rules\n\n| log | ns a byte | beside ordinary lines | goal |\n|---|---|---|---|`);
  for (const { name, type, lines, lineCount, beside } of hostileCases) {
    const ordinary = await measured(engine, log, type, beside(), ordinaryLines);
    const hostile = await measured(engine, log, type, lines(), lineCount);
    assert.equal(hostile.lines, lineCount, name);
    const ratio = perByte(hostile) / perByte(ordinary);
    rows.push({ name, ratio });
    tell(`| ${name} | ${perByte(hostile).toFixed(1)} | ${ratio.toFixed(2)} | ${hostileRatioMax} |`);
  }
  return rows;
}

/** Each grok alone. Ordinary is what it costs on lines of an access log, or what an access log's own grok costs on them. */
function runPatterns(work: string, tell: (line: string) => void): Row[] {
  const { rules } = new OneThread(join(work, 'hostile'), 'all');
  const specs = new Map([...groksOf(rules.parsers.nodes)].map((spec) => [spec.regex, spec]));
  const lines = accessLog();
  const ends = [...lines.keys()].filter((at) => lines[at] === 10);
  const spans = Uint32Array.from(ends.flatMap((end, index) => [index === 0 ? 0 : ends[index - 1] + 1, end]));
  const main = [...specs.values()].find(({ fields }) => fields.some(({ name }) => name === 'http_user_agent'))!;
  const ordinary = nsPerByte(new GrokProgram(main), lines, spans);
  const rows: Row[] = [];
  let uneven = 0;
  for (const spec of specs.values()) {
    const program = new GrokProgram(spec);
    const costs = pumps.map((piece) => textLengths.map((length) => {
      const text = Buffer.from(piece.repeat(Math.ceil(length / Buffer.byteLength(piece))));
      return nsPerByte(program, text, Uint32Array.of(0, text.length));
    }));
    const worst = costs.reduce((a, b) => (b[1] > a[1] ? b : a));
    if (worst[1] > 2 * worst[0] && worst[1] > ordinary) uneven++;
    rows.push({ name: spec.fields.map(({ name }) => name).join(' '), ratio: worst[1] / ordinary });
  }
  rows.sort((a, b) => b.ratio - a.ratio);
  tell(`\n## ${rows.length} groks of the hub on ${pumps.length} repeated pieces of ${textLengths[1]} bytes\n`);
  tell(`Beside the grok of an access log on its own lines (${ordinary.toFixed(1)} ns a byte); the worst ten. Costs more a byte the longer the text: ${uneven}. `
    + `Above the goal of ${hostileRatioMax} times: ${rows.filter(({ ratio }) => ratio > hostileRatioMax).length}.\n`);
  tell('| fields | times the ordinary |\n|---|---|');
  for (const { name, ratio } of rows.slice(0, told)) tell(`| ${name.slice(0, 60)} | ${ratio.toFixed(2)} |`);
  return rows;
}

function* groksOf(nodes: readonly NodeSpec[]): Generator<GrokSpec> {
  for (const { grok, children } of nodes) {
    if (grok !== null && grok.grok.fields.length > 0) yield grok.grok;
    yield* groksOf(children);
  }
}

/** The least of a few rounds after one that fills the automata. */
function nsPerByte(program: GrokProgram, bytes: Buffer, spans: Uint32Array): number {
  const count = spans.length / 2;
  let least = Infinity;
  for (let round = 0; round < 4; round++) {
    const start = performance.now();
    program.exec(bytes, spans, count);
    if (round > 0) least = Math.min(least, ((performance.now() - start) * 1e6) / bytes.length);
  }
  return least;
}

async function measured(engine: OneThread, log: string, type: string, lines: Generator<string>, count: number): Promise<Run> {
  const file = openSync(log, 'w');
  for (let index = 0; index < count; index++) writeSync(file, `${lines.next().value}\n`);
  closeSync(file);
  try {
    const run = await engine.run(log, type);
    assert.equal(run.lines, count);
    return run;
  } finally {
    rmSync(log);
  }
}

function perByte({ cpuSeconds, bytes }: Run): number {
  return (cpuSeconds * 1e9) / bytes;
}
