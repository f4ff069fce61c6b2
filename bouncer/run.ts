// One bouncer at work: client, state, enforcer and metrics put together and taken apart again. What the command line is
// to main.ts; what a bouncer is made of, here.

import type { Server } from 'node:http';
import type { Log } from '../ts/config/log.js';
import { serveMetrics } from '../ts/metrics/server.js';
import type { Backend } from './backend.js';
import type { BouncerConfig } from './config.js';
import { Allowlists } from './allowlists.js';
import { DecisionIntake } from './decision-intake.js';
import type { Enforcement } from './decision.js';
import { Enforcer } from './enforce.js';
import type { FamilyNumber } from './family.js';
import { Feed } from './feed.js';
import { Follower, type FollowerOptions } from './follow.js';
import { BouncerClient } from './lapi-client.js';
import { expose, usageReport, type Measures } from './metrics.js';
import { hostSources, lapiAddresses, neverRanges } from './never-ban.js';
import { Poller } from './poll.js';
import { WantedState } from './state.js';

/** A started bouncer. */
export interface RunningBouncer {
  readonly state: WantedState;
  readonly enforcer: Enforcer;
  /** Requests to the Local API, and those that failed. */
  readonly feedCounts: Feed['counts'];
  /** Port of the metrics, when they are served. */
  readonly metricsPort: number | null;
  /** Resolves when the first whole answer is in the packet filter. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

const usageIntervalMs = 15 * 60_000;

/** Starts a bouncer. Throws BackendError when the packet filter is out of reach, E_CONFIG and E_FILE for the client. */
export async function startBouncer(config: BouncerConfig, backend: Backend, log: Log,
  now: () => number = Date.now): Promise<RunningBouncer> {
  const { url, key, caCertPath, certPath, keyPath, insecureSkipVerify } = config.api;
  const client = new BouncerClient({ url, apiKey: key, caCertPath, certPath, keyPath, insecureSkipVerify });
  const lapi = await lapiAddresses(url);
  const state = new WantedState();
  const allowlists = new Allowlists({ read: () => client.allowlisted(), log, now, onChange: () => enforcer.look() });
  const enforcer = new Enforcer({ backend, state, log, now, cutsConnections: config.cutsConnections,
    never: () => neverRanges([...config.neverBan, ...lapi, ...allowlists.values()], hostSources, config.families), keptOut: keptOut(config) });
  let isReady = (): void => {};
  const ready = new Promise<void>((resolve) => { isReady = resolve; });
  const { country, asn } = config.geo;
  // Most hosts ban no countries; the reader is loaded for those that do.
  const geo = country === null && asn === null ? null : new (await import('./geo-networks.js')).GeoNetworks(config.geo);
  const intake = new DecisionIntake(state, enforcementOf(config, backend), now, geo);
  const feed = feedOf(config, client, intake, { log, now, onChange: () => enforcer.wake(),
    onAllowlists: () => void allowlists.refresh(), onWhole: () => {
      enforcer.release();
      void enforcer.settled().then(isReady);
    } });
  await enforcer.start();
  for (const set of setsWithoutRanges(config, backend)) {
    log.warning(`set ${set} was made without the flag interval: ranges are kept in ${set}.ranges, name both in your rules`);
  }
  const measure = async (): Promise<Measures> => {
    const { dropped, processed } = await enforcer.ask(() => backend.count());
    return { dropped, processed, active: state.counts(), ...feed.counts, refused: intake.refused,
      ...enforcer.counts, cut: enforcer.cutter.count };
  };
  const server = config.prometheus === null ? null
    : await serveMetrics(config.prometheus.address, config.prometheus.port, async () => expose(await measure()));
  void allowlists.refresh();
  allowlists.start();
  const feeding = feed.run();
  const stopReports = reportUsage(client, measure, log, now);
  return { state, enforcer, feedCounts: feed.counts, metricsPort: portOf(server), ready, stop: async () => {
    stopReports();
    feed.stop();
    await feeding;
    await allowlists.stop();
    await enforcer.close();
    client.close();
    await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  } };
}

interface FeedEvents extends Pick<FollowerOptions, 'log' | 'onChange' | 'onWhole' | 'onAllowlists'> {
  readonly now: () => number;
}

function feedOf({ filter, isPushed, updateFrequencyMs }: BouncerConfig, client: BouncerClient, intake: DecisionIntake,
  events: FeedEvents): Feed {
  const poller = new Poller({ stream: client, intake, filter, ...events });
  const follower = isPushed ? new Follower({ changes: client, intake, filter, ...events }) : null;
  return new Feed({ poller, follower, pollIntervalMs: updateFrequencyMs, log: events.log, now: events.now });
}

/** What of a configuration decides which decisions are enforced. */
export function enforcementOf({ types, families, widestBits, mode, nftables }: BouncerConfig, { oneSet }: Backend): Enforcement {
  return { types: new Set(types), families: new Set(families), widestBits, oneSet,
    hasOneGroup: mode !== 'nftables' || Object.values(nftables).some(({ isSetOnly }) => isSetOnly) };
}

/** Tells systemd that the service is up, by its datagram socket; without one nothing happens. */
export function notifySystemd(state: string, socketPath = process.env['NOTIFY_SOCKET']): Promise<void> {
  if (socketPath === undefined || socketPath === '') return Promise.resolve();
  return spawnNotify(state);
}

/** Node has no unix datagrams: systemd's own tool sends it. */
async function spawnNotify(state: string): Promise<void> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => execFile('systemd-notify', [state], () => resolve()));
}

/** Names of sets that rules of others name and that cannot hold ranges. */
function setsWithoutRanges({ nftables }: BouncerConfig, { name, oneSet }: Backend): string[] {
  return (name === 'nftables' ? [4, 6] as const : []).filter((family) => nftables[family]?.isSetOnly === true && !oneSet.has(family))
    .map((family) => nftables[family]!.set);
}

/** Families whose rules are the administrator's. */
function keptOut({ mode, families, nftables }: BouncerConfig): ReadonlySet<FamilyNumber> {
  return new Set(families.filter((family) => mode === 'ipset' || (mode === 'nftables' && nftables[family]?.isSetOnly === true)));
}

function portOf(server: Server | null): number | null {
  const address = server?.address();
  return typeof address === 'object' && address !== null ? address.port : null;
}

function reportUsage(client: BouncerClient, measure: () => Promise<Measures>, log: Log, now: () => number): () => void {
  const startedMs = now();
  let before: Measures | null = null;
  const timer = setInterval(() => {
    void (async () => {
      try {
        const measures = await measure();
        await client.postUsageMetrics(usageReport(measures, before, startedMs, now(), usageIntervalMs / 1000));
        before = measures;
      } catch (error) {
        log.debug(`usage metrics: ${(error as Error).message}`);
      }
    })();
  }, usageIntervalMs);
  return () => clearInterval(timer);
}
