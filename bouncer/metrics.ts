// What the bouncer tells about itself: Prometheus text with cs-firewall-bouncer's names, and the usage metrics that the
// Local API keeps. Decisions are counted from our own state, packets from the counters of the rules.

import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { version } from '../ts/version.js';
import type { PacketCounts } from './backend.js';
import type { FamilyNumber } from './family.js';

/** All that is counted, at one moment. */
export interface Measures {
  readonly active: Iterable<{ readonly group: string; readonly family: FamilyNumber; readonly count: number }>;
  readonly dropped: readonly PacketCounts[];
  readonly processed: readonly PacketCounts[];
  readonly requests: number;
  readonly failures: number;
  readonly refused: ReadonlyMap<string, number>;
  readonly repairs: number;
  readonly refusals: number;
  readonly cut: number;
}

const labelNames = ['origin', 'ip_type'];

/** Returns the exposition text. */
export async function expose(measures: Measures): Promise<string> {
  // Loading it costs a start 40 ms, and most are never asked.
  const { Counter, Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  const perOrigin = (name: string, help: string) => new Gauge({ name, help, labelNames, registers });
  const banned = perOrigin('fw_bouncer_banned_ips', 'Decisions in force.');
  for (const { group, family, count } of measures.active) banned.inc(labels(group, family), count);
  const packets = perOrigin('fw_bouncer_dropped_packets', 'Packets denied.');
  const bytes = perOrigin('fw_bouncer_dropped_bytes', 'Bytes denied.');
  for (const counts of measures.dropped) {
    packets.inc(labels(counts.group, counts.family), counts.packets);
    bytes.inc(labels(counts.group, counts.family), counts.bytes);
  }
  const seen = { name: 'fw_bouncer_processed_packets', help: 'Packets looked at.', labelNames: ['ip_type'], registers };
  const processedPackets = new Gauge(seen);
  const processedBytes = new Gauge({ ...seen, name: 'fw_bouncer_processed_bytes', help: 'Bytes looked at.' });
  for (const counts of measures.processed) {
    processedPackets.inc({ ip_type: ipType(counts.family) }, counts.packets);
    processedBytes.inc({ ip_type: ipType(counts.family) }, counts.bytes);
  }
  const total = (name: string, help: string, value: number): void =>
    new Counter({ name, help, registers }).inc(value);
  total('lapi_requests_total', 'Requests to the Local API.', measures.requests);
  total('lapi_requests_failures_total', 'Requests to the Local API that failed.', measures.failures);
  total('palisade_bouncer_repairs_total', 'Times that changes of others were put right.', measures.repairs);
  total('palisade_bouncer_refusals_total', 'Transactions that the kernel refused.', measures.refusals);
  total('palisade_bouncer_connections_cut_total', 'Known connections that a ban cut.', measures.cut);
  const refused = new Counter({ name: 'palisade_bouncer_decisions_refused_total', labelNames: ['reason'], registers,
    help: 'Decisions not enforced: type, scope, value, wide, family, ended.' });
  for (const [reason, count] of measures.refused) refused.inc({ reason }, count);
  return registry.metrics();
}

/** Returns the body of POST /v1/usage-metrics; packets count since the report before. */
export function usageReport(measures: Measures, before: Measures | null, startedMs: number, nowMs: number,
  windowSeconds: number): object {
  const items: object[] = [...measures.active].map(({ group, family, count }) => ({ name: 'active_decisions',
    value: count, unit: 'ip', labels: labels(group, family) }));
  const moved = (name: string, now: readonly PacketCounts[], then: readonly PacketCounts[]): void => {
    for (const counts of now) {
      const last = then.find(({ group, family }) => group === counts.group && family === counts.family);
      for (const unit of ['packets', 'bytes'] as const) {
        // A rule that was made anew counts from nothing.
        const since = last === undefined || last[unit] > counts[unit] ? 0 : last[unit];
        items.push({ name, value: counts[unit] - since, unit: unit === 'packets' ? 'packet' : 'byte',
          labels: counts.group === '' ? { ip_type: ipType(counts.family) } : labels(counts.group, counts.family) });
      }
    }
  };
  moved('dropped', measures.dropped, before?.dropped ?? []);
  moved('processed', measures.processed, before?.processed ?? []);
  return { remediation_components: [{ type: 'palisade-firewall-bouncer', version: `v${version}`, os: operatingSystem(),
    feature_flags: [], utc_startup_timestamp: Math.floor(startedMs / 1000),
    metrics: [{ items, meta: { utc_now_timestamp: Math.floor(nowMs / 1000), window_size_seconds: windowSeconds } }] }] };
}

function labels(origin: string, family: FamilyNumber): { origin: string; ip_type: string } {
  return { origin: origin === '' ? 'all' : origin, ip_type: ipType(family) };
}

function ipType(family: FamilyNumber): string {
  return `ipv${family}`;
}

function operatingSystem(): { name: string; version: string } {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    const value = (key: string): string => new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(text)?.[1] ?? '';
    return { name: value('ID') || 'linux', version: value('VERSION_ID') || release() };
  } catch {
    return { name: 'linux', version: release() };
  }
}
