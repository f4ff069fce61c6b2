// What the rules of one thread run in: names, helper functions, data files, stashes, enrichers. Made from plain data in
// each worker and, for the postoverflows, on main.

import type { Log } from '../config/log.js';
import type { EventNames } from '../event/event.js';
import { type Enrichers, linkEnrichers } from '../enrich/table.js';
import { type ExprRuntime, newRuntime } from '../expr/runtime.js';
import type { HelperContext } from '../expr-helpers/context.js';
import { DataFiles } from '../expr-helpers/data-files.js';
import { DnsCache, systemQueries } from '../expr-helpers/dns.js';
import { GeoReader } from '../expr-helpers/geo-reader.js';
import { StashStore } from '../expr-helpers/stash.js';
import { helperTable } from '../expr-helpers/table.js';
import { SinglePatterns } from '../grok/single.js';
import type { Counters } from '../metrics/counters.js';
import type { ParserRuntime } from '../parser/node.js';
import { GoTime } from '../util/go-time.js';
import { namesFrom } from './rules.js';
import type { RuntimeSetup } from './setup.js';

/** Runtime of the rules of one thread. */
export class ThreadRuntime implements ParserRuntime {
  readonly names: EventNames;
  readonly expr: ExprRuntime;
  readonly enrichers: Enrichers;
  readonly stash: StashStore;
  readonly files: DataFiles;
  readonly counters: Counters;
  readonly now: () => GoTime;

  constructor(setup: RuntimeSetup, counters: Counters, log: Log) {
    const nowMs = (): number => Date.now() + setup.clockOffsetMs;
    const patterns = new SinglePatterns();
    this.names = namesFrom(setup.rules.names);
    this.counters = counters;
    this.now = () => GoTime.fromMs(nowMs());
    this.stash = new StashStore(nowMs);
    for (const stash of [...setup.rules.parsers.stashes, ...setup.rules.postoverflows.stashes]) this.stash.declare(stash);
    this.files = new DataFiles(setup.dataFiles, log, nowMs);
    const context: HelperContext = {
      log, files: this.files, stash: this.stash, decisions: null,
      geo: setup.geo === null ? null : new GeoReader(setup.geo),
      dns: new DnsCache(nowMs, systemQueries(), setup.dns),
      regex: (pattern) => patterns.get(pattern),
      now: this.now,
    };
    this.expr = newRuntime(helperTable, context);
    this.enrichers = linkEnrichers(context);
  }
}
