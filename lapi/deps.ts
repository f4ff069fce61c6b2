// What the routes of the Local API work with, and its settings. All of it is passed in: tests bring their own clock,
// store and log.

import type { Log } from '../ts/config/log.js';
import type { AddressSet } from './auth/client-address.js';
import type { ClientCertificates } from './auth/client-certificates.js';
import type { Tokens } from './auth/token.js';
import type { BulkWorker } from './bulk/bulk-work.js';
import type { LapiMetrics } from './metrics.js';
import type { NeverBan } from './never-ban.js';
import type { ProfileSet } from '../ts/profile/profile-set.js';
import type { Store } from './store/store.js';

/** The part of api.server that requests depend on. */
export interface LapiSettings {
  /** Whose headers tell where a request comes from. */
  readonly trustedProxies: readonly string[];
  readonly trustedIps: readonly string[];
  readonly disableRemoteRegistration: boolean;
  readonly autoRegistration: { readonly token: string; readonly allowedRanges: readonly string[] } | null;
}

/** What buildServer needs. */
export interface LapiDeps {
  readonly store: Store;
  readonly settings: LapiSettings;
  /** null: nobody is known by a certificate. */
  readonly certificates: ClientCertificates | null;
  readonly profiles: ProfileSet;
  /** Whom no decision may hit; absent: nobody is spared. */
  readonly neverBan?: NeverBan;
  /** How long after a decision was deleted the profiles leave its target alone. */
  readonly afterUnbanNs?: number;
  readonly metrics: LapiMetrics;
  /** Who answers what takes long; absent: the thread of the requests. */
  readonly bulk?: BulkWorker;
  readonly log: Log;
  /** The key that signs machine tokens, at least 64 bytes. */
  readonly secret: Buffer;
  /** Milliseconds between two beats of the open streams; absent: the usual. */
  readonly changeBeatMs?: number;
  /** The present instant in milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** What the routes get: the dependencies and what the server made of them. */
export interface RouteDeps extends LapiDeps {
  readonly bulk: BulkWorker;
  readonly tokens: Tokens;
  /** Who may delete alerts. */
  readonly trusted: AddressSet;
}
