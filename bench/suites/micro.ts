// The inner loops one by one, with benchmark.js: what a line costs in each step. Every suite checks its answer first.

import { writeFileSync } from 'node:fs';
import { barChart } from '../plot.js';
import { addressSteps } from './addresses.js';
import { alertSteps } from './alerts.js';
import { pourSteps } from './buckets.js';
import { runContention } from './contention.js';
import { dateSteps } from './dates.js';
import { expressionSteps } from './expressions.js';
import { framingSteps } from './framing.js';
import { grokSteps } from './grok.js';
import { measureStep } from './step.js';

/** Runs all suites, tells a table row for each step and writes them as CSV and SVG. `out` is their path without extension. */
export async function runMicro(tell: (line: string) => void, out: string): Promise<void> {
  const bars: { label: string; value: number }[] = [];
  tell('\n## Inner loops\n\n| step | ns each | ± |\n|---|---|---|');
  for (const suite of [framingSteps, grokSteps, expressionSteps, dateSteps, addressSteps, pourSteps, alertSteps]) {
    for (const step of suite()) {
      const { meanNs, spread } = await measureStep(step);
      bars.push({ label: step.name, value: 1e9 / (meanNs / step.perRun) });
      tell(`| ${step.name} | ${(meanNs / step.perRun).toFixed(1)} | ${spread.toFixed(1)} % |`);
    }
  }
  bars.push(...await runContention(tell));
  writeFileSync(`${out}.csv`, `step,perSecond\n${bars.map(({ label, value }) => `"${label}",${Math.round(value)}`).join('\n')}\n`);
  writeFileSync(`${out}.svg`, barChart('Inner loops', 'per second', bars));
}
