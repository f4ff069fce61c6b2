// `bayesian_conditions`: after each accepted event the belief that this is an attack is computed anew from the prior,
// in 32-bit floats as CrowdSec does. Guillotine conditions stay true once they were.

import type { Event } from '../event/event.js';
import type { BucketArguments, BucketReader } from './bucket.js';
import { attempt, failed, type LinkedScenario } from './linked.js';

const { fround } = Math;

/** Whether the posterior lies above the threshold. Remembers in the bucket which guillotine conditions have been true. */
export function isBelieved(scenario: LinkedScenario, event: Event, bucket: BucketArguments, reader: BucketReader,
  slot: number): boolean {
  const { bayesian } = scenario.spec;
  if (bayesian === null) return false;
  const latches = reader.latches(slot);
  let posterior = fround(bayesian.prior);
  for (const [index, rule] of bayesian.conditions.entries()) {
    const isLatched = hasBit(latches, index);
    const value = isLatched || attempt(() => scenario.bayesian[index](event, bucket.queue, bucket));
    if (value === failed) continue;
    const holds = value === true;
    if (holds && rule.guillotine && !isLatched) setBit(latches, index);
    posterior = updated(posterior, fround(rule.givenEvil), fround(rule.givenBenign), holds);
  }
  reader.setLatches(slot, latches);
  return posterior > fround(bayesian.threshold);
}

/** Bayes' rule, rounding each step to 32 bits. */
function updated(prior: number, givenEvil: number, givenBenign: number, holds: boolean): number {
  const evil = holds ? givenEvil : fround(1 - givenEvil);
  const benign = holds ? givenBenign : fround(1 - givenBenign);
  const numerator = fround(evil * prior);
  return fround(numerator / fround(numerator + fround(benign * fround(1 - prior))));
}

function hasBit({ low, high }: { low: number; high: number }, index: number): boolean {
  return ((index < 32 ? low : high) & (1 << (index & 31))) !== 0;
}

function setBit(latches: { low: number; high: number }, index: number): void {
  if (index < 32) latches.low |= 1 << index;
  else latches.high |= 1 << (index & 31);
}
