// The profiles of the Local API ready to run: loaded, compiled, and given what their expressions may ask
// (the counts of decisions above all).

import type { Log } from '../ts/config/log.js';
import type { Escalation } from '../ts/config/protection.js';
import { newEventNames } from '../ts/event/event.js';
import { compile } from '../ts/expr/compiled.js';
import { profileEnv } from '../ts/expr/env.js';
import { newRuntime } from '../ts/expr/runtime.js';
import type { DecisionCounts, HelperContext } from '../ts/expr-helpers/context.js';
import { DataFiles } from '../ts/expr-helpers/data-files.js';
import { DnsCache } from '../ts/expr-helpers/dns.js';
import { GeoReader, loadGeoData } from '../ts/expr-helpers/geo-reader.js';
import { StashStore } from '../ts/expr-helpers/stash.js';
import { helperTable } from '../ts/expr-helpers/table.js';
import { SinglePatterns } from '../ts/grok/single.js';
import { escalatedNs } from '../ts/profile/escalation.js';
import { ProfileSet, type Lengthen } from '../ts/profile/profile-set.js';
import { loadProfiles, type LoadedProfiles } from '../ts/profile/profile-spec.js';
import { GoTime } from '../ts/util/go-time.js';
import { bansBehind } from './store/ban-history.js';
import type { Store } from './store/store.js';

/** What profiles are made from. */
export interface ProfileSources {
  readonly profilesPath: string;
  /** Where the geographic databases are. */
  readonly dataDir: string;
  readonly store: Store;
  readonly nowMs: () => number;
  readonly log: Log;
  /** null: durations do not grow. */
  readonly escalation: Escalation | null;
  /** From 0 up to 1, for the jitter. */
  readonly random?: () => number;
}

/** Loads and compiles the profiles of a file. Throws the first fault, with its place. */
export function compileProfiles(profilesPath: string): LoadedProfiles {
  // Profiles see no event, so no key of one is numbered.
  const names = newEventNames();
  return loadProfiles(profilesPath, (source, kind) => compile(source, { env: profileEnv, functions: helperTable, names,
    allowAsync: true, ...(kind === 'filter' && { want: 'bool' as const }) }));
}

/** Returns the profiles of a file ready to run. Throws as compileProfiles. */
export function openProfiles(sources: ProfileSources): ProfileSet {
  const { profilesPath, dataDir, store, nowMs, log } = sources;
  const { profiles, warnings } = compileProfiles(profilesPath);
  for (const warning of warnings) log.warning(warning);
  const notified = profiles.filter((profile) => profile.notifications.length > 0);
  if (notified.length > 0) {
    log.warning(`notifications are not supported yet: those of ${
      notified.map((profile) => profile.name).join(', ')} are not sent`);
  }
  const patterns = new SinglePatterns();
  const geo = loadGeoData(dataDir, (text) => log.debug(text));
  const context: HelperContext = {
    // Data files belong to hub items, which the Local API does not load: File() in a profile finds nothing and says so.
    files: new DataFiles([], log, nowMs), stash: new StashStore(nowMs), geo: geo === null ? null : new GeoReader(geo),
    dns: new DnsCache(nowMs), decisions: decisionCounts(store), regex: (pattern) => patterns.get(pattern),
    now: () => GoTime.fromMs(nowMs()), log,
  };
  return new ProfileSet(profiles, newRuntime(helperTable, context), lengthen(sources));
}

/** Bans grow with those that lie behind their target. */
function lengthen({ store, escalation, random = Math.random }: ProfileSources): Lengthen | null {
  if (escalation === null) return null;
  return async (target, baseNs) => escalatedNs(escalation, baseNs,
    await bansBehind(store, target, store.now().add(-escalation.memoryNs)), random);
}

/** The counts that expressions ask for, from the store. */
function decisionCounts(store: Store): DecisionCounts {
  return {
    count: (value, since) => store.decisions.countByValue(value, { since: since ?? undefined }),
    activeCount: (value) => store.decisions.countByValue(value, { activeOnly: true }),
    activeTimeLeftNs: (value) => store.decisions.timeLeftNs(value),
  };
}
