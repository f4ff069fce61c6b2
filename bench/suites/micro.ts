// The inner loops one by one, with benchmark.js: what a line costs in each step. Every suite checks its answer first.

import { addressSteps } from './addresses.js';
import { pourSteps } from './buckets.js';
import { dateSteps } from './dates.js';
import { expressionSteps } from './expressions.js';
import { framingSteps } from './framing.js';
import { grokSteps } from './grok.js';
import { measureStep } from './step.js';

/** Runs all suites and tells a table row for each step. */
export async function runMicro(tell: (line: string) => void): Promise<void> {
  tell('\n## Inner loops\n\n| step | ns each | ± |\n|---|---|---|');
  for (const suite of [framingSteps, grokSteps, expressionSteps, dateSteps, addressSteps, pourSteps]) {
    for (const step of suite()) {
      const { meanNs, spread } = await measureStep(step);
      tell(`| ${step.name} | ${(meanNs / step.perRun).toFixed(1)} | ${spread.toFixed(1)} % |`);
    }
  }
}
