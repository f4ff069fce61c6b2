// A whole Local API: database, profiles, routes, listeners and the jobs that recur. main.ts runs it in a thread.

import { silentLog, type Log } from '../ts/config/log.js';
import type { DatabaseConfig, ServerConfig } from '../ts/config/config.js';
import { defaultProtection, type Protection } from '../ts/config/protection.js';
import { PalisadeError } from '../ts/errors.js';
import type { CounterSample } from '../ts/metrics/counters.js';
import { loadSecret } from './auth/secret.js';
import { Blocklists } from './blocklists/blocklists.js';
import { ListCache } from './blocklists/list-cache.js';
import type { RefreshDeps } from './blocklists/refresh.js';
import { BulkCaller } from './bulk/bulk-caller.js';
import { retentionPlan } from './jobs/plan.js';
import { runRetentionInTurn } from './jobs/retention-job.js';
import { repeat, type Schedule } from './jobs/schedule.js';
import { lapiLimits } from './limits.js';
import { listen, type Listening } from './listen.js';
import { LapiMetrics } from './metrics.js';
import { NeverBan } from './never-ban.js';
import { compileProfiles, openProfiles } from './profiles.js';
import { buildServer } from './server.js';
import { precedenceBytes } from './store/precedence.js';
import { openStore } from './store/store.js';
import { readTlsSettings } from './tls-settings.js';

/** The resolved settings of one Local API. Plain data. */
export interface LapiOptions {
  /** Only check that it could start: settings and profiles, without a database or a listener. */
  readonly checkOnly?: boolean;
  readonly server: ServerConfig;
  readonly database: DatabaseConfig;
  readonly dataDir: string;
  /** Blocklists, escalation, whom never to ban; absent: nothing of it, only loopback is never banned. */
  readonly protection?: Protection;
  /** Milliseconds added to the wall clock. */
  readonly clockOffsetMs: number;
}

/** A running Local API. */
export interface RunningLapi {
  readonly addresses: readonly string[];
  readonly port: number | null;
  /** What it counted, and gauges of what is stored. */
  samples(): Promise<CounterSample[]>;
  /** Answers what was asked, then lets go of everything. */
  close(): Promise<void>;
}

const retentionIntervalMs = 60_000;
const noProtection: Protection = { ...defaultProtection, neverBan: { ownAddresses: false, addresses: [] } };

/** Loads all that a start would load, without a database or a listener. Throws the first fault. */
export function checkLapi(options: LapiOptions): void {
  retentionPlan(options.database.flush);
  checkRegistration(options.server.autoRegistration);
  readTlsSettings(options.server.tls, Date.now, silentLog);
  compileProfiles(options.server.profilesPath);
}

/** A token that no request may carry, or that nobody may use from anywhere, is a mistake. */
function checkRegistration(registration: ServerConfig['autoRegistration']): void {
  if (registration === null) return;
  const name = 'api.server.auto_register';
  if (registration.token.length < lapiLimits.registrationTokenCharsMin) {
    throw new PalisadeError('E_CONFIG', `token value for ${name} is too short (min ${
      lapiLimits.registrationTokenCharsMin} characters)`);
  }
  if (registration.allowedRanges.length === 0) {
    throw new PalisadeError('E_CONFIG', `missing allowed_ranges value for ${name}`);
  }
}

/** Starts a Local API. Throws E_CONFIG, E_STORE, E_LAPI …; then nothing of it is left running. */
export async function startLapi(options: LapiOptions, log: Log): Promise<RunningLapi> {
  const { server, database, protection = noProtection } = options;
  const nowMs = (): number => Date.now() + options.clockOffsetMs;
  const plan = retentionPlan(database.flush);
  checkRegistration(server.autoRegistration);
  const tls = readTlsSettings(server.tls, nowMs, log);
  for (const warning of plan.warnings) log.warning(warning);
  if (server.useForwardedForHeaders && server.trustedProxies.length === 0) {
    log.warning('api.server.use_forwarded_for_headers has no effect: trusted_proxies names nobody whose headers are believed');
  }
  const precedence = new SharedArrayBuffer(precedenceBytes);
  const store = await openStore({ ...database, precedence }, nowMs);
  let listening: Listening;
  const metrics = new LapiMetrics();
  const neverBan = new NeverBan(protection.neverBan, nowMs);
  // A database in memory belongs to one connection.
  const bulk = database.type === 'sqlite' && database.path === ':memory:' ? undefined : new BulkCaller({ log,
    setup: { server, database, dataDir: options.dataDir, protection, clockOffsetMs: options.clockOffsetMs, precedence },
    onSpared: (reason) => metrics.countSpared(reason), onSlice: (slice) => store.decisions.expect(slice),
    onWritten: () => store.dialect.noteWrite(),
    onThread: (isRunning) => store.dialect.writeAheadLog?.moveFrom(isRunning ? lapiLimits.besideBulkCheckpointPages : lapiLimits.checkpointPages) });
  try {
    await store.decisions.keepInMemory();
    const profiles = openProfiles({ profilesPath: server.profilesPath, dataDir: options.dataDir, store, nowMs, log,
      escalation: protection.escalation });
    const app = buildServer({ store, metrics, bulk, profiles, neverBan, afterUnbanNs: protection.afterUnbanNs, log, nowMs,
      settings: server, certificates: tls?.certificates ?? null, secret: loadSecret(options.dataDir) });
    listening = await listen(app, { listenUri: server.listenUri, listenSocket: server.listenSocket, tls });
  } catch (error) {
    await store.close();
    throw error;
  }
  for (const address of listening.addresses) log.info(`CrowdSec Local API listening on ${address}`);
  const blocklists = startBlocklists(protection, { store, cache: new ListCache(options.dataDir), nowMs,
    never: () => neverBan.networks() }, log);
  const retention = repeat(() => runRetentionInTurn(store, plan, log), retentionIntervalMs);
  const pulls = repeat(() => store.bouncers.flushPulls()
    .catch((error: Error) => log.warning(`last pulls of bouncers: ${error.message}`)), lapiLimits.pullWriteIntervalMs);
  return {
    addresses: listening.addresses, port: listening.port,
    samples: () => metrics.snapshot(store),
    close: async () => {
      log.info('serve: shutting down api server');
      await Promise.all([retention.stop(), pulls.stop(), blocklists.stop()]);
      await listening.close();
      await bulk?.close();
      await store.close();
    },
  };
}

/** Refreshes what is due at once, then again and again. A stop does not wait for a server that answers slowly. */
function startBlocklists({ blocklists }: Protection, deps: Omit<RefreshDeps, 'stopped'>, log: Log): Schedule {
  const stopping = new AbortController();
  const lists = new Blocklists(blocklists, { ...deps, stopped: stopping.signal }, log);
  const first = lists.runDue();
  const later = repeat(() => first.then(() => lists.runDue()), lapiLimits.blocklistLookMs);
  return { stop: async () => {
    stopping.abort();
    await Promise.all([first, later.stop()]);
  } };
}
