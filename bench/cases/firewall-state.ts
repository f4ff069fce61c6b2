// The bouncer's wanted state alone, without a kernel or a Local API: a million bans taken in slice by slice and handed out,
// then taken back in the order of their ids. The whole costs and the longest piece of work, for what stands in the way of
// one ban is the longest. Usage: node --expose-gc dist/bench/cases/firewall-state.js [COUNT]

import assert from 'node:assert/strict';
import { DecisionIntake } from '../../bouncer/decision-intake.js';
import type { WireDecision } from '../../bouncer/decision.js';
import { WantedState } from '../../bouncer/state.js';
import { ipv4 } from '../../ts/util/ip.js';

const count = Number(process.argv[2] ?? 1_000_000);
/** What an event of the stream has of an import. */
const sliceDecisions = 200;
const firstAddress = 0x14000000;

const state = new WantedState();
const intake = new DecisionIntake(state, { types: new Set(['ban']), families: new Set([4, 6] as const),
  widestBits: { 4: 16, 6: 32 }, hasOneGroup: false }, Date.now);
globalThis.gc?.();
const before = process.memoryUsage();

measure('taken in and handed out', (from) => {
  const decisions = slice(from);
  return () => {
    intake.add(decisions);
    while (state.isChanged) state.take(Date.now());
  };
});
assert.equal(state.size, count);
globalThis.gc?.();
const { heapUsed, arrayBuffers } = process.memoryUsage();
const bytes = heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers;
process.stdout.write(`held: ${(bytes / count).toFixed(1)} bytes a ban\n`);
measure('taken back', (from) => {
  const decisions = slice(from);
  return () => {
    intake.remove(decisions);
    while (state.isChanged) state.take(Date.now());
  };
});
assert.equal(state.size, 0);

function measure(name: string, prepare: (from: number) => () => void): void {
  let [sumUs, longestMs, slow] = [0, 0, 0];
  for (let from = 0; from < count; from += sliceDecisions) {
    const work = prepare(from);
    const before = process.cpuUsage();
    const startMs = performance.now();
    work();
    const ms = performance.now() - startMs;
    const { user, system } = process.cpuUsage(before);
    sumUs += user + system;
    longestMs = Math.max(longestMs, ms);
    if (ms > 5) slow++;
  }
  process.stdout.write(`${name}: ${(sumUs / count).toFixed(2)} µs of CPU a ban, longest slice of ${sliceDecisions} ${longestMs.toFixed(1)} ms, `
    + `${slow} of more than 5 ms\n`);
}

function slice(from: number): WireDecision[] {
  return Array.from({ length: Math.min(sliceDecisions, count - from) }, (_, index) => ({ duration: '3h59m58s', id: from + index + 1,
    origin: 'cscli-import', scenario: 'crowdsecurity/ssh-bf', scope: 'Ip', type: 'ban', value: ipv4(firstAddress + (from + index) * 7).toString() }));
}
