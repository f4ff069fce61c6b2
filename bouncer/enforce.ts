// Brings the packet filter to the wanted state and keeps it there: applies changes as they come, one transaction after
// the other, and repairs what others destroy. The only user of a backend; owns its timers.

import type { Log } from '../ts/config/log.js';
import { BackendError, type Backend, type SetChange } from './backend.js';
import { ConnectionCutter } from './connection-cutter.js';
import { packRanges, noElements, type SetId } from './element-list.js';
import { families, type FamilyNumber } from './family.js';
import { bouncerLimits } from './limits.js';
import type { CoveredRange } from './range-set.js';
import { spared, without, type Spared } from './spared.js';
import type { WantedState } from './state.js';

export interface EnforcerOptions {
  readonly backend: Backend;
  readonly state: WantedState;
  readonly log: Log;
  readonly now: () => number;
  /** What must never be banned, for each family that is enforced; asked for at each look at the structure. */
  readonly never: () => ReadonlyMap<FamilyNumber, readonly CoveredRange[]>;
  /** Families whose rules are not ours: there it is kept out of the sets, elsewhere it is a set that is asked first. */
  readonly keptOut?: ReadonlySet<FamilyNumber>;
  readonly cutsConnections: boolean;
}

/** The link between the wanted state and one backend. */
export class Enforcer {
  /** Transactions, repairs and refusals since the start. */
  readonly counts = { changes: 0, repairs: 0, refusals: 0 };
  readonly cutter: ConnectionCutter;
  readonly #options: EnforcerOptions;
  #isHeld = false;
  #kept: readonly SetId[] = [];
  #needsOpen = true;
  #needsAll = false;
  #neverText = '';
  /** By family, what is kept out of its sets. */
  readonly #spared = new Map<FamilyNumber, Spared>();
  #retryMs = 0;
  #running: Promise<void> | null = null;
  /** Ends when the last question to the backend is answered: it takes one at a time. */
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;
  #isWatching = false;
  /** When the next repair may begin. */
  #nextRepairMs = 0;
  #timers = new Map<string, NodeJS.Timeout>();

  constructor(options: EnforcerOptions) {
    this.#options = options;
    this.cutter = new ConnectionCutter(options.backend, options.log, options.cutsConnections);
  }

  /** Opens the backend; bans of an earlier run stay until `release`. Throws a BackendError. */
  async start(): Promise<void> {
    const { kept } = await this.ask(() => this.#options.backend.open());
    this.#kept = kept;
    this.#isHeld = kept.length > 0;
    this.#needsOpen = false;
    this.#every('check', bouncerLimits.checkIntervalMs, () => this.look());
    await this.#applyNever();
  }

  /** The wanted state is whole: from now on what an earlier run left is replaced, and changes of others are watched. */
  release(): void {
    for (const set of this.#kept) this.#options.state.forget(set);
    this.#kept = [];
    this.#isHeld = false;
    this.wake();
  }

  /** What must never be banned may have changed, or the structure of others' making: looks at it anew. */
  look(): void {
    this.#needsOpen = true;
    this.wake();
  }

  /** Changes wait: applies them, unless that is under way already. */
  wake(): void {
    if (this.#isClosed || this.#isHeld) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      // What came while the run was ending would wait for the next change otherwise.
      if (this.#hasWork() && !this.#timers.has('retry') && !this.#timers.has('repair')) this.wake();
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#running !== null) await this.#running;
    await this.cutter.settled();
  }

  /** Asks the backend something between two transactions. */
  ask<T>(question: () => Promise<T>): Promise<T> {
    const answer = this.#turn.then(question);
    this.#turn = answer.then(() => {}, () => {});
    return answer;
  }

  /** Stops and lets go; bans stay. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await this.settled();
    await this.ask(() => this.#options.backend.close());
  }

  #hasWork(): boolean {
    return this.#options.state.isChanged || this.#needsOpen || this.#needsAll;
  }

  async #run(): Promise<void> {
    const { state, now, log } = this.#options;
    try {
      while (!this.#isClosed) {
        state.expire(now());
        if (this.#needsOpen || this.#needsAll) await this.#repair();
        if (!await this.#applyNext()) break;
      }
      this.#retryMs = 0;
      if (!this.#isWatching) await this.#watch();
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      this.counts.refusals++;
      if (this.#retryMs === 0) log.error(`${error.message}; trying again`);
      this.#retryMs = Math.min(Math.max(2 * this.#retryMs, bouncerLimits.retryMs), bouncerLimits.retryMsMax);
      this.#needsOpen = true;
      this.#after('retry', this.#retryMs, () => this.wake());
      return;
    }
    this.#awaitEnd();
  }

  /** False when nothing waits. */
  async #applyNext(): Promise<boolean> {
    const { state, backend, now } = this.#options;
    if (!state.isChanged) return false;
    const changes = state.take(now());
    for (const [index, whole] of changes.entries()) {
      const change = this.#withoutSpared(whole);
      try {
        if (change.isReplacement || change.adds.count + change.deletes.count > 0) await this.ask(() => backend.apply(change, now()));
      } catch (error) {
        // What the kernel holds of these sets now is anybody's guess.
        for (const { set } of changes.slice(index)) state.forget(set);
        throw error;
      }
      this.counts.changes++;
      this.cutter.add(change);
    }
    return true;
  }

  /** The same is taken out of what goes, so that pieces go as they came. */
  #withoutSpared(change: SetChange): SetChange {
    const known = this.#spared.get(change.set.family);
    return known === undefined ? change : { ...change, adds: without(change.adds, known), deletes: without(change.deletes, known) };
  }

  async #repair(): Promise<void> {
    const { backend, state, log, now } = this.#options;
    const needsAll = this.#needsAll;
    this.#needsOpen = false;
    this.#needsAll = false;
    try {
      const { wasRepaired } = await this.ask(() => backend.open());
      if (wasRepaired || needsAll) {
        this.counts.repairs++;
        log.warning('the rules or sets of the bouncer were changed by somebody else; putting them right');
        state.forgetAll();
        this.#neverText = '';
      }
      const startedMs = now();
      await this.#applyNever();
      if (wasRepaired || needsAll) {
        while (state.isChanged && await this.#applyNext());
        this.#nextRepairMs = now() + bouncerLimits.repairPauses * (now() - startedMs);
      }
    } catch (error) {
      this.#needsAll = needsAll;
      throw error;
    }
  }

  async #applyNever(): Promise<void> {
    const { backend, state, keptOut, never, now } = this.#options;
    const wanted = never();
    const text = JSON.stringify([...wanted].map(([family, ranges]) =>
      [family, ranges.map(({ first, last }) => `${first}-${last}`)]));
    if (text === this.#neverText) return;
    for (const [family, ranges] of wanted) {
      if (keptOut?.has(family) === true) {
        this.#spared.set(family, spared(families[family], ranges));
        for (const set of state.sets()) if (set.family === family) state.forget(set);
        continue;
      }
      const change: SetChange = { set: { family, kind: 'never', group: '' }, isReplacement: true, deletes: noElements,
        adds: packRanges(families[family], ranges) };
      await this.ask(() => backend.apply(change, now()));
    }
    this.#neverText = text;
  }

  /** After the first load, so that a million own changes are not even offered as news. */
  async #watch(): Promise<void> {
    this.#isWatching = true;
    await this.ask(() => this.#options.backend.watch((what) => {
      this.#options.log.debug(`foreign change: ${what}`);
      this.#needsAll = true;
      // A set of a million takes its time to replace: whoever changes it in a loop must not keep us busy all the time.
      const pauseMs = this.#nextRepairMs - this.#options.now();
      this.#after('repair', Math.max(bouncerLimits.repairDelayMs, pauseMs), () => this.wake());
    }));
  }

  #awaitEnd(): void {
    const { state, now } = this.#options;
    if (state.nextEndMs === null) return;
    const waitMs = Math.min(Math.max(state.nextEndMs - now(), 1000), bouncerLimits.checkIntervalMs);
    this.#after('end', waitMs, () => this.wake());
  }

  #after(name: string, ms: number, then: () => void): void {
    if (this.#isClosed || this.#timers.has(name)) return;
    this.#timers.set(name, setTimeout(() => {
      this.#timers.delete(name);
      then();
    }, ms));
  }

  #every(name: string, ms: number, then: () => void): void {
    this.#after(name, ms, () => {
      then();
      this.#every(name, ms, then);
    });
  }
}
