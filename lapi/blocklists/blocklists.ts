// The blocklists of a Local API: refreshes each when its time has come, again soon after a failure, and ends those that
// are no longer configured. Waits nowhere itself; it is asked every few seconds.

import type { Log } from '../../ts/config/log.js';
import type { Blocklist } from '../../ts/config/protection.js';
import { lapiLimits } from '../limits.js';
import { fileMark } from './fetch-list.js';
import type { ListState } from './list-cache.js';
import { dropList, refreshList, type RefreshDeps, type RefreshOutcome } from './refresh.js';

/** Refreshes lists by their intervals. */
export class Blocklists {
  readonly #lists: readonly Blocklist[];
  readonly #deps: RefreshDeps;
  readonly #log: Log;
  #hasDropped = false;

  constructor(lists: readonly Blocklist[], deps: RefreshDeps, log: Log) {
    this.#lists = lists;
    this.#deps = deps;
    this.#log = log;
  }

  /** Does what is due. Never rejects: what fails is logged and tried again later. */
  async runDue(): Promise<void> {
    for (const list of this.#lists) {
      if (this.#deps.nowMs() < dueMs(list, this.#deps.cache.state(list.name))) continue;
      await this.#guarded(list.name, async () => {
        const outcome = await refreshList(list, this.#deps);
        // What was interrupted is done by the next start.
        if (outcome !== null && this.#deps.stopped?.aborted !== true) this.#tell(list.name, outcome);
      });
    }
    if (this.#hasDropped) return;
    this.#hasDropped = true;
    for (const name of this.#deps.cache.names()) {
      if (this.#lists.some((list) => list.name === name)) continue;
      await this.#guarded(name, async () => {
        await dropList(name, this.#deps);
        this.#log.info(`blocklist ${name} is no longer configured: its decisions have ended`);
      });
    }
  }

  async #guarded(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#log.error(`blocklist ${name}: ${(error as Error).message}`);
    }
  }

  #tell(name: string, outcome: RefreshOutcome): void {
    if (outcome.error !== '') {
      this.#log.warning(`blocklist ${name}: ${outcome.error}; its ${outcome.entryCount} entries stay as they are`);
      return;
    }
    const { addedCount, renewedCount, removedCount, entryCount, parsed } = outcome;
    if (parsed !== null && parsed.invalidCount > 0) {
      this.#log.warning(`blocklist ${name}: ${parsed.invalidCount} lines cannot be read; ${parsed.firstInvalid}`);
    }
    if (parsed !== null && parsed.tooWideCount > 0) {
      this.#log.warning(`blocklist ${name}: ${parsed.tooWideCount} networks are wider than allowed and left out`);
    }
    if (addedCount + renewedCount + removedCount > 0) {
      this.#log.info(`blocklist ${name}: ${entryCount} entries (+${addedCount}/-${removedCount}, ${
        renewedCount} renewed)`);
    }
  }
}

/** When a list wants its next refresh, milliseconds since 1970. */
export function dueMs(list: Blocklist, state: ListState): number {
  if (state.source !== (list.url || list.file)) return 0;
  if (state.failureCount > 0) {
    const waitMs = lapiLimits.blocklistRetryMs * 2 ** Math.min(state.failureCount - 1, 20);
    return state.triedMs + Math.min(waitMs, list.intervalMs);
  }
  // A file that is gone is a failure to tell of.
  if (list.file !== '' && fileMark(list.file) !== state.lastModified) return 0;
  return state.fetchedMs + list.intervalMs;
}
