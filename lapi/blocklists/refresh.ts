// One blocklist brought up to date: got, read, freed of what must not be banned, and the decisions in the database made
// to agree with it. A list that cannot be had, or cannot be right, changes nothing.

import type { Blocklist } from '../../ts/config/protection.js';
import type { Decision } from '../../ts/model/alert.js';
import { formatGoDuration } from '../../ts/util/go-duration.js';
import { GoTime } from '../../ts/util/go-time.js';
import { lapiLimits } from '../limits.js';
import { withLease } from '../store/lease.js';
import { decisionsOfList, endDecisions, listOrigin } from '../store/list-decisions.js';
import type { IncomingAlert } from '../store/prepared-alert.js';
import type { Store } from '../store/store.js';
import { fetchList, ListError } from './fetch-list.js';
import { unknownList, type ListCache, type ListState } from './list-cache.js';
import { readList, type ReadList } from './read-list.js';

/** What a refresh needs. */
export interface RefreshDeps {
  readonly store: Store;
  readonly cache: ListCache;
  readonly nowMs: () => number;
  /** Addresses and networks that are never banned. */
  readonly never: () => readonly string[];
  /** Ends the waiting for servers. */
  readonly stopped?: AbortSignal;
}

/** What came of a refresh. Without `error` the database agrees with the list. */
export interface RefreshOutcome {
  /** '' when it worked. */
  readonly error: string;
  readonly isUnchanged: boolean;
  /** Decisions made: for new entries, and for those whose decisions would soon have ended. */
  readonly addedCount: number;
  readonly renewedCount: number;
  readonly removedCount: number;
  readonly entryCount: number;
  /** What was found while reading; null when it was not read. */
  readonly parsed: Omit<ReadList, 'networks'> | null;
}

/** Refreshes a list. Null when somebody else is at it. Throws only when the database or the data folder fails. */
export async function refreshList(settings: Blocklist, deps: RefreshDeps): Promise<RefreshOutcome | null> {
  return withLease(deps.store, `blocklist:${settings.name}`, lapiLimits.blocklistLockMsMax,
    () => refresh(settings, deps));
}

/** Ends the decisions of a list that is no longer configured, and forgets it. */
export async function dropList(name: string, { store, cache }: RefreshDeps): Promise<void> {
  const ids: number[] = [];
  for await (const page of decisionsOfList(store, name, store.now())) ids.push(...page.map(({ id }) => id));
  await endDecisions(store, ids);
  cache.remove(name);
}

async function refresh(settings: Blocklist, deps: RefreshDeps): Promise<RefreshOutcome> {
  const { cache } = deps;
  const triedMs = deps.nowMs();
  const kept = cache.state(settings.name);
  const source = settings.url || settings.file;
  const copy = kept.source === source ? cache.copy(settings.name) : null;
  const before: ListState = kept.source === source ? kept : { ...unknownList, source };
  try {
    const fetched = await fetchList(settings, copy === null ? null : before, deps.stopped);
    const text = fetched.text ?? copy!;
    const { networks, ...parsed } = usable(await readList(text, settings, await exemptions(deps)), settings);
    if (fetched.text !== null) cache.writeCopy(settings.name, text);
    const wanted = new Set(networks === '' ? [] : networks.split('\n'));
    const changes = await applyList(settings, wanted, deps);
    const { etag, lastModified } = fetched;
    cache.writeState(settings.name, { source, etag, lastModified, fetchedMs: triedMs, triedMs, failureCount: 0,
      error: '', entryCount: wanted.size, invalidCount: parsed.invalidCount });
    return { error: '', isUnchanged: fetched.text === null, ...changes, entryCount: wanted.size, parsed };
  } catch (error) {
    if (!(error instanceof ListError)) throw error;
    // A start soon after tries again at once.
    if (deps.stopped?.aborted !== true) cache.writeState(settings.name, { ...before, triedMs,
      failureCount: before.failureCount + 1, error: error.message });
    return { error: error.message, isUnchanged: true, addedCount: 0, renewedCount: 0, removedCount: 0,
      entryCount: before.entryCount, parsed: null };
  }
}

/** An error page with status 200 must not pass for a list on which nobody is left. */
function usable(parsed: ReadList, { entriesMax }: Blocklist): ReadList {
  const { entryCount, invalidCount, firstInvalid } = parsed;
  if (entryCount > entriesMax) throw new ListError(`the list has more than ${entriesMax} entries`);
  if (entryCount === 0) throw new ListError(`the list has no entry${firstInvalid === '' ? '' : `; ${firstInvalid}`}`);
  if (invalidCount > entryCount) {
    throw new ListError(`${invalidCount} of ${entryCount + invalidCount} lines cannot be read; ${firstInvalid}`);
  }
  return parsed;
}

async function exemptions({ store, never }: RefreshDeps): Promise<string[]> {
  const allowlists = await store.allowlists.list(true);
  return [...never(), ...allowlists.flatMap(({ items }) => items.map(({ value }) => value))];
}

/** Makes the decisions in force those that are wanted: ends the others, makes the missing, renews the ending. */
async function applyList(settings: Blocklist, wanted: ReadonlySet<string>, deps: RefreshDeps):
Promise<Pick<RefreshOutcome, 'addedCount' | 'renewedCount' | 'removedCount'>> {
  const { store, nowMs } = deps;
  // One that would end before the next refresh but one is renewed: the next may fail.
  const { ttlMs, intervalMs } = settings;
  const soon = GoTime.fromMs(nowMs() + Math.max(0.5 * ttlMs, Math.min(2 * intervalMs, 0.9 * ttlMs)));
  const gone: number[] = [];
  const lasting = new Map<string, boolean>();
  const removed = new Set<string>();
  for await (const page of decisionsOfList(store, settings.name, soon)) {
    for (const { id, value, type, isLasting } of page) {
      if (!wanted.has(value) || type !== settings.type) {
        gone.push(id);
        if (!wanted.has(value)) removed.add(value);
      } else lasting.set(value, lasting.get(value) === true || isLasting);
    }
  }
  const missing: string[] = [];
  let renewedCount = 0;
  for (const value of wanted) {
    if (lasting.get(value) === true) continue;
    if (lasting.has(value)) renewedCount++;
    missing.push(value);
  }
  // First what is new: nobody is let go in between who stays on the list in another form.
  await addDecisions(settings, missing, removed.size, deps);
  await endDecisions(store, gone);
  return { addedCount: missing.length - renewedCount, renewedCount, removedCount: removed.size };
}

/** One alert a slice, as CrowdSec shows its lists. Between slices others get their turn. */
async function addDecisions(settings: Blocklist, values: readonly string[], removedCount: number,
  { store, nowMs, stopped }: RefreshDeps): Promise<void> {
  const time = `${new Date(nowMs()).toISOString().slice(0, 19)}Z`;
  const duration = formatGoDuration(settings.ttlMs * 1e6);
  for (let from = 0; from < values.length; from += lapiLimits.blocklistSliceRows) {
    if (stopped?.aborted) throw new ListError('the Local API stops');
    const slice = values.slice(from, from + lapiLimits.blocklistSliceRows);
    const decisions: Decision[] = slice.map((value) => ({ origin: listOrigin, scenario: settings.name,
      type: settings.type, scope: value.includes('/') ? 'Range' : 'Ip', value, duration, simulated: false }));
    const scenario = `update : +${slice.length}/-${from === 0 ? removedCount : 0} IPs`;
    const alert: IncomingAlert = { kind: 'capi', scenario, scenario_hash: '', scenario_version: '', message: '',
      events_count: slice.length, start_at: time, stop_at: time, capacity: 0, leakspeed: '', simulated: false,
      remediation: true, events: [], decisions, source: { scope: `${listOrigin}:${settings.name}`, value: '' } };
    await store.alerts.add(null, [alert]);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
