// How often one address may fail: logins that were refused, and registrations, which anybody may ask for and each of
// which costs a slow hash. Counted in memory by the injected clock; a restart forgets.

import { Refusal } from '../errors.js';
import { lapiLimits } from '../limits.js';

interface Attempts {
  readonly fromMs: number;
  count: number;
}

/** Attempts by address. */
export class AttemptLimit {
  readonly #byAddress = new Map<string, Attempts>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Throws a Refusal (429) when the address has used up its attempts of this minute. */
  check(address: string): void {
    if ((this.#current(address)?.count ?? 0) >= lapiLimits.attemptsPerMinuteMax) {
      throw new Refusal('tooMany', 'too many attempts, try again in a minute');
    }
  }

  /** Counts an attempt. */
  count(address: string): void {
    const attempts = this.#current(address);
    if (attempts !== undefined) {
      attempts.count++;
      return;
    }
    this.#byAddress.delete(address);
    this.#byAddress.set(address, { fromMs: this.#nowMs(), count: 1 });
    // The one that has been quiet longest makes room.
    if (this.#byAddress.size > lapiLimits.attemptAddressesMax) {
      this.#byAddress.delete(this.#byAddress.keys().next().value!);
    }
  }

  #current(address: string): Attempts | undefined {
    const attempts = this.#byAddress.get(address);
    return attempts === undefined || Math.abs(this.#nowMs() - attempts.fromMs) >= 60_000 ? undefined : attempts;
  }
}
