// A context for helpers with everything injected: a clock that stands still, no network, no databases unless given.

import type { Log } from '../../ts/config/log.js';
import type { HelperContext } from '../../ts/expr-helpers/context.js';
import { DataFiles, type DataFileContent } from '../../ts/expr-helpers/data-files.js';
import { DnsCache, type DnsQueries } from '../../ts/expr-helpers/dns.js';
import { StashStore } from '../../ts/expr-helpers/stash.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { SinglePatterns } from '../../ts/grok/single.js';
import { GoTime } from '../../ts/util/go-time.js';

export const noonMs = Date.UTC(2026, 10, 23, 12);

/** A log that keeps its lines as `level: text`. */
export function listLog(lines: string[]): Log {
  const at = (level: string) => (text: string): void => void lines.push(`${level}: ${text}`);
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') };
}

const noDns: DnsQueries = {
  reverse: () => Promise.reject(new Error('no network in tests')),
  addresses: () => Promise.reject(new Error('no network in tests')),
};

export interface TestContext extends HelperContext {
  readonly lines: string[];
}

/** A context; data files and parts of it may be given. */
export function testContext(parts: Partial<HelperContext> = {}, files: readonly DataFileContent[] = [],
  nowMs: () => number = () => noonMs): TestContext {
  const lines: string[] = [];
  const log = listLog(lines);
  const patterns = new SinglePatterns();
  return {
    files: new DataFiles(files, log, nowMs), stash: new StashStore(nowMs), geo: null, dns: new DnsCache(nowMs, noDns),
    decisions: null, regex: (pattern) => patterns.get(pattern), now: () => GoTime.fromMs(nowMs()), log, lines, ...parts,
  };
}

/** Calls a helper by its name, as generated code would after checking the arguments. */
export function call(context: HelperContext, name: string, ...args: unknown[]): unknown {
  return helperTable[name].make(context)(...args as never[]);
}
