// Follows the open stream of changes (docs/stream.md): one request, taken up again where it broke off. One connection at
// a time and no timer of its own: when to come back is feed.ts's matter.

import type { Log } from '../ts/config/log.js';
import type { Claim, DecisionIntake } from './decision-intake.js';
import type { WireDecision } from './decision.js';
import type { ServerEvent } from './event-reader.js';
import { scanLists } from './item-scanner.js';
import type { ChangeEvents, StreamFilter } from './lapi-client.js';

/** How a request for changes was answered, when it was not with changes. */
export type Refused = { readonly status: number; readonly retryAfterMs: number };

/** The part of the client that following needs. */
export interface ChangeStream {
  /** Resolves when the stream has ended, or how it was refused. Throws a PalisadeError, and what `onEvent` throws. */
  followChanges(after: string | null, filter: StreamFilter, events: ChangeEvents,
    signal: AbortSignal): Promise<Refused | null>;
}

export interface FollowerOptions {
  readonly changes: ChangeStream;
  readonly intake: DecisionIntake;
  readonly filter: StreamFilter;
  readonly log: Log;
  /** After each event that changed something. */
  readonly onChange: () => void;
  /** When nothing is missing. */
  readonly onWhole: () => void;
  readonly onAllowlists: () => void;
}

/** Comparisons that fail one after the other before nobody compares any more. */
const disagreementsMax = 3;

/** One stream of changes. */
export class Follower {
  readonly #options: FollowerOptions;
  #after: string | null = null;
  #disagreements = 0;
  #isOpen = false;
  #hasEvents = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Whether the Local API had the stream when it was asked last. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether the last connection brought anything. */
  get hasEvents(): boolean {
    return this.#hasEvents;
  }

  /** One connection, from where the last one came to; resolves to how it was refused, if it was. Throws a PalisadeError. */
  async follow(signal: AbortSignal): Promise<Refused | null> {
    const { changes, filter, log } = this.#options;
    this.#isOpen = false;
    this.#hasEvents = false;
    try {
      return await changes.followChanges(this.#after, filter,
        { onOpen: () => { this.#isOpen = true; }, onEvent: (event) => this.#take(event) }, signal);
    } catch (error) {
      if (!(error instanceof Gap)) throw error;
      this.#after = null;
      log.warning(error.message);
      return null;
    }
  }

  #take({ name, id, data }: ServerEvent): void {
    const { intake, onChange, onAllowlists } = this.#options;
    this.#hasEvents = true;
    const content: Readonly<Record<string, unknown>> = scanLists(data) ?? parsed(data);
    if (name === 'reset') {
      this.#options.log.debug(`the Local API tells all decisions (${String(content['reason'])})`);
      intake.begin(true);
    } else if (name === 'decisions') {
      intake.add(listOf(content['new']));
      intake.remove(listOf(content['deleted']));
      onChange();
    } else if (name === 'allowlists') {
      onAllowlists();
    } else if (name === 'state') {
      this.#compare(content as unknown as Claim);
    }
    if (id !== null) this.#after = id;
  }

  #compare(claim: Claim): void {
    const { intake, log, onChange, onWhole } = this.#options;
    const isAll = intake.finish();
    onChange();
    if (intake.agrees(claim)) {
      this.#disagreements = 0;
    } else if (this.#disagreements < disagreementsMax) {
      this.#disagreements++;
      throw new Gap('what is known differs from what the Local API says there is; asking for all of it');
    } else if (this.#disagreements === disagreementsMax) {
      this.#disagreements++;
      log.error('what is known differs from what the Local API says there is, also when all was told; '
        + 'not compared any more');
    }
    if (isAll) onWhole();
  }
}

/** The stream cannot be gone on with; it begins anew. */
class Gap extends Error {}

function parsed(data: Buffer): Readonly<Record<string, unknown>> {
  try {
    const content: unknown = JSON.parse(data.toString());
    if (typeof content === 'object' && content !== null) return content as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new Gap('the Local API sent an event that is none; asking for all decisions');
}

function listOf(value: unknown): readonly WireDecision[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Gap('the Local API sent a list that is none; asking for all decisions');
  return value as WireDecision[];
}
