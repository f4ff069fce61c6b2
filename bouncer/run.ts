// One bouncer at work: client, state, enforcer and metrics put together and taken apart again. What the command line is
// to main.ts; what a bouncer is made of, here.

import type { Server } from 'node:http';
import type { Log } from '../ts/config/log.js';
import { serveMetrics } from '../ts/metrics/server.js';
import type { Backend } from './backend.js';
import type { BouncerConfig } from './config.js';
import { Enforcer } from './enforce.js';
import { BouncerClient } from './lapi-client.js';
import { expose, usageReport, type Measures } from './metrics.js';
import { hostSources, lapiAddresses, neverRanges } from './never-ban.js';
import { Poller } from './poll.js';
import { WantedState } from './state.js';

/** A started bouncer. */
export interface RunningBouncer {
  readonly state: WantedState;
  readonly enforcer: Enforcer;
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
  const enforcer = new Enforcer({ backend, state, log, now, cutsConnections: config.cutsConnections,
    never: () => neverRanges([...config.neverBan, ...lapi], hostSources, neverFamilies(config)) });
  let isReady = (): void => {};
  const ready = new Promise<void>((resolve) => { isReady = resolve; });
  const poller = new Poller({ stream: client, state, filter: config.filter, intervalMs: config.updateFrequencyMs, log, now,
    enforcement: { types: new Set(config.types), families: new Set(config.families), widestBits: config.widestBits,
      hasOneGroup: config.mode !== 'nftables' || Object.values(config.nftables).some(({ isSetOnly }) => isSetOnly) },
    onChange: () => enforcer.wake(),
    onWhole: () => {
      enforcer.release();
      void enforcer.settled().then(isReady);
    } });
  await enforcer.start();
  const measure = async (): Promise<Measures> => {
    const { dropped, processed } = await enforcer.ask(() => backend.count());
    const { requests, failures, refused } = poller.counts;
    return { dropped, processed, active: state.counts().values(), requests, failures, refused, ...enforcer.counts,
      cut: enforcer.cutter.count };
  };
  const server = config.prometheus === null ? null
    : await serveMetrics(config.prometheus.address, config.prometheus.port, async () => expose(await measure()));
  const polling = poller.run();
  const stopReports = reportUsage(client, measure, log, now);
  return { state, enforcer, metricsPort: portOf(server), ready, stop: async () => {
    stopReports();
    poller.stop();
    await polling;
    await enforcer.close();
    client.close();
    await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  } };
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

function neverFamilies(config: BouncerConfig) {
  return config.mode === 'nftables' ? config.families.filter((family) => config.nftables[family]?.isSetOnly === false)
    : config.families;
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
