// Asks the Local API for changes, CrowdSec's protocol. When an answer was missed or cut, everything is asked for anew;
// what is known stays in force until an answer came whole. When to ask is feed.ts's matter.

import type { Log } from '../ts/config/log.js';
import type { Claim, DecisionIntake } from './decision-intake.js';
import type { StreamFilter } from './lapi-client.js';
import type { StreamSink } from './stream-reader.js';

/** The part of the client that polling needs. */
export interface DecisionStream {
  /** `onHead` gets what the Local API claims the whole set to be, null from CrowdSec's, before the sink gets anything. */
  readStream(isStartup: boolean, filter: StreamFilter, sink: StreamSink, onHead: (claim: Claim | null) => void,
    signal: AbortSignal): Promise<void>;
}

export interface PollerOptions {
  readonly stream: DecisionStream;
  readonly intake: DecisionIntake;
  readonly filter: StreamFilter;
  readonly log: Log;
  /** After each piece of an answer. */
  readonly onChange: () => void;
  /** After each answer with everything. */
  readonly onWhole: () => void;
}

/** Answers in a row that differ from what is known: one can come from a decision written meanwhile. */
const disagreementsMax = 2;
/** Everything is asked for so often in vain; then nobody compares any more. */
const vainMax = 3;

/** One Local API, polled. */
export class Poller {
  readonly #options: PollerOptions;
  #needsAll = true;
  #disagreements = 0;
  #vain = 0;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** What the Local API takes for told is not what was told any more: the next answer has to be everything. */
  restart(): void {
    this.#needsAll = true;
  }

  /** One request. Throws a PalisadeError when its answer did not come whole. */
  async poll(signal: AbortSignal): Promise<void> {
    const { stream, filter, intake, onChange, onWhole } = this.#options;
    const isStartup = this.#needsAll;
    // Until this answer is whole nobody knows what the Local API takes for told.
    this.#needsAll = true;
    let claim: Claim | null = null;
    await stream.readStream(isStartup, filter, this.#sink(isStartup), (head) => {
      claim = head;
      if (isStartup) intake.begin(head !== null);
    }, signal);
    this.#needsAll = false;
    if (intake.finish()) onWhole();
    onChange();
    if (claim !== null) this.#compare(claim, isStartup);
  }

  #sink(isStartup: boolean): StreamSink {
    const { intake, onChange } = this.#options;
    return {
      added(decisions) {
        intake.add(decisions);
        if (decisions.length > 0) onChange();
      },
      // On start-up the list has whatever ended ever, of addresses that may be banned anew.
      deleted(decisions) {
        intake.remove(isStartup ? decisions.filter(({ id }) => id !== undefined && !intake.isTold(id)) : decisions);
      },
    };
  }

  #compare(claim: Claim, isStartup: boolean): void {
    if (this.#options.intake.agrees(claim)) {
      this.#disagreements = 0;
      if (isStartup) this.#vain = 0;
      return;
    }
    if (++this.#disagreements < disagreementsMax || this.#vain > vainMax) return;
    this.#disagreements = 0;
    if (this.#vain++ < vainMax) {
      this.#options.log.warning('what is known differs from what the Local API says there is; asking for all of it');
      this.#needsAll = true;
    } else {
      this.#options.log.error('what is known differs from what the Local API says there is, also when all was told; '
        + 'not compared any more');
    }
  }
}
