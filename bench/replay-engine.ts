// What the replay bench asks of an engine, ours or a peer.

import type { Cost } from './measured-process.js';

/** One replay of a log: what it cost and whom it accused. */
export interface Replay {
  readonly cost: Cost;
  readonly alerts: readonly { readonly scenario: string; readonly source: string }[];
}

export interface ReplayEngine {
  readonly name: string;
  /** Where its rules are, so that another engine can run the same ones. */
  readonly hub: { readonly dir: string; readonly data: string; readonly items: readonly string[] };
  /** Replays a log with an empty database. */
  replay(log: string, type: string): Promise<Replay>;
}
