// A Local API for tests: in memory or on a file, with a clock that the test moves, and profiles like the shipped ones.

import type { FastifyInstance } from 'fastify';
import { silentLog, type Log } from '../../ts/config/log.js';
import { newEventNames } from '../../ts/event/event.js';
import { compile, type CompiledExpr } from '../../ts/expr/compiled.js';
import { profileEnv } from '../../ts/expr/env.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { ProfileSet } from '../../ts/profile/profile-set.js';
import type { ProfileSpec } from '../../ts/profile/profile-spec.js';
import type { ClientCertificates } from '../../lapi/auth/client-certificates.js';
import { LapiMetrics } from '../../lapi/metrics.js';
import type { LapiSettings } from '../../lapi/deps.js';
import { GoTime } from '../../ts/util/go-time.js';
import { buildServer } from '../../lapi/server.js';
import { generateApiKey, hashApiKey, hashPassword } from '../../lapi/store/credentials.js';
import { openStore, type Store } from '../../lapi/store/store.js';
import type { TestDatabase } from './store/databases.js';

export interface Instance {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly metrics: LapiMetrics;
  readonly clock: { ms: number };
  close(): Promise<void>;
}

export const defaultSettings: LapiSettings = {
  trustedProxies: [], trustedIps: [], disableRemoteRegistration: false,
  autoRegistration: null,
};

export const secret = Buffer.alloc(64, 7);

/** Starts an instance without listening: on `store`, on an empty `database`, on a SQLite file or in memory. */
export async function startInstance(options: { settings?: Partial<LapiSettings>; store?: Store; database?: TestDatabase; nowMs?: number;
  path?: string; profiles?: ProfileSet; log?: Log; certificates?: ClientCertificates;
  changeBeatMs?: number } = {}): Promise<Instance> {
  const clock = { ms: options.nowMs ?? Date.parse('2026-11-23T01:44:56Z') };
  const nowMs = (): number => clock.ms;
  const store = options.store ?? (options.database === undefined
    ? await openStore({ type: 'sqlite', path: options.path ?? ':memory:', useWal: true, bulkSize: 1000 }, nowMs)
    : await (await options.database.create())(nowMs));
  await store.decisions.keepInMemory();
  const metrics = new LapiMetrics();
  const app = buildServer({ store, metrics, settings: { ...defaultSettings, ...options.settings },
    certificates: options.certificates ?? null, profiles: options.profiles ?? shippedProfiles(), log: options.log ?? silentLog, secret,
    changeBeatMs: options.changeBeatMs, nowMs });
  return { app, store, metrics, clock, close: async () => {
    await app.close();
    await store.close();
  } };
}

/** Adds a validated machine and returns a token for it. */
export async function logIn(instance: Instance, name = 'testm', password = 'pass'): Promise<string> {
  await instance.store.machines.add({ name, passwordHash: (await hashPassword(password))!, ipAddress: '127.0.0.1',
    isValidated: true });
  const response = await instance.app.inject({ method: 'POST', url: '/v1/watchers/login',
    headers: { 'user-agent': 'crowdsec/v1.7.9-test' }, payload: JSON.stringify({ machine_id: name, password }) });
  return (response.json() as { token: string }).token;
}

/** Adds a bouncer and returns its key. */
export async function addBouncer(instance: Instance, name = 'testb', key = generateApiKey()): Promise<string> {
  await instance.store.bouncers.add({ name, keyHash: hashApiKey(key), ipAddress: '', isAutoCreated: false });
  return key;
}

/** An alert as an engine sends it. */
export function alertBody(changes: Record<string, unknown> = {}, ip = '192.0.2.1'): Record<string, unknown> {
  return { scenario: 'test/scenario', scenario_hash: 'deadbeef', scenario_version: '0.1',
    message: `Ip ${ip} performed test/scenario`, events_count: 2, start_at: '2026-11-23T01:40:00Z',
    stop_at: '2026-11-23T01:44:50Z', capacity: 1, leakspeed: '10s', simulated: false, remediation: true,
    events: [{ timestamp: '2026-11-23T01:40:00.5Z', meta: [{ key: 'source_ip', value: ip }] }],
    source: { scope: 'Ip', value: ip, ip }, ...changes };
}

/** Two profiles like those that CrowdSec ships. */
export function shippedProfiles(): ProfileSet {
  const profile = (scope: string): ProfileSpec => ({ name: `default_${scope}_remediation`,
    filters: [compile({ text: `Alert.Remediation == true && Alert.GetScope() == "${scope}"`,
      place: { file: 'profiles.yaml', line: 1, column: 1 } }, { env: profileEnv, functions: {}, names: newEventNames() })],
    decisions: [{ type: 'ban', duration: '4h', scope: '', origin: '', simulated: false }], durationExpr: null,
    stopsOnSuccess: true, onError: '', notifications: [] });
  return new ProfileSet([profile('Ip'), profile('Range')],
    newRuntime({}, { now: () => GoTime.fromMs(Date.now()), regex: (pattern) => new RegExp(pattern) }));
}

/** A compiled expression written by hand. */
export function expression(text: string, js: string, isAsync = false): CompiledExpr {
  return { text, js, isAsync, place: { file: 'profiles.yaml', line: 1, column: 1 }, resultType: 'bool',
    hasEffects: false, usesStash: false, requires: [],
    reads: { all: false, parsed: [], meta: [], enriched: [], unmarshaled: false, lineRaw: false, other: [] } };
}
