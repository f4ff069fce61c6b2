// How often one address may fail: logins that were refused, and registrations, which anybody may ask for and each of
// which costs a slow hash. Counted in memory by the injected clock; a restart forgets.

import { siteOf } from '../../ts/util/ip.js';
import { Refusal } from '../errors.js';
import { lapiLimits } from '../limits.js';

/** Attempts of one address in the minute that began at `fromMs`. */
export interface Attempts {
  readonly fromMs: number;
  count: number;
}

/** Attempts by address; of IPv6 by /64, for whoever has one address there has them all. */
export class AttemptLimit {
  readonly #bySite = new Map<string, Attempts>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * Counts an attempt before it is made, so that of many at once none is free; one that was no failure is taken off `count` again.
   * Throws a Refusal (429) when the address has used up its attempts of this minute.
   */
  begin(address: string): Attempts {
    const site = siteOf(address);
    let attempts = this.#bySite.get(site);
    if (attempts === undefined || Math.abs(this.#nowMs() - attempts.fromMs) >= 60_000) {
      attempts = { fromMs: this.#nowMs(), count: 0 };
      this.#bySite.delete(site);
      this.#bySite.set(site, attempts);
      // The one that has been quiet longest makes room.
      if (this.#bySite.size > lapiLimits.attemptAddressesMax) this.#bySite.delete(this.#bySite.keys().next().value!);
    }
    if (attempts.count >= lapiLimits.attemptsPerMinuteMax) {
      throw new Refusal('tooMany', 'too many attempts, try again in a minute');
    }
    attempts.count++;
    return attempts;
  }
}
