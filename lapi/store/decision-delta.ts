// What a client has to hear since it was last told: decisions that began, that ended by themselves, that were ended or
// removed. From memory where the journal reaches back to the client's cursor, else from the change log.

import type { GoTime } from '../../ts/util/go-time.js';
import { toColumn } from './columns.js';
import { selectDecisionColumns } from './change-log.js';
import { formatCursor, hasSeenAll, type ChangePosition, type DecisionCursor } from './change-position.js';
import type { DecisionFollower, Followed } from './decision-follower.js';
import type { DecisionIndex, IndexedDecision } from './decision-index.js';
import type { JournalRun } from './decision-journal.js';
import type { StoreContext } from './store.js';

/** The difference between two cursors, both lists by ascending id. */
export interface DecisionDelta {
  /** In force now and unknown to the client, or changed since. */
  readonly added: readonly IndexedDecision[];
  /** Not in force any more. The same decision never stands in both lists. */
  readonly ended: readonly IndexedDecision[];
  /** Where the client stands when it has been told this: a text that lasts, the same for every Local API. */
  readonly cursor: string;
  /** The instant of the answer; what is left of a decision counts from here. */
  readonly now: GoTime;
}

/** Which decisions a client wants to hear of. */
export interface DeltaFilter {
  /** By what a decision is. */
  passes(decision: IndexedDecision): boolean;
  /** Leave out decisions that another one on the same value, type and scope outlives. */
  readonly dedup: boolean;
  /**
   * Tell also what began and was taken back since: for clients that may have heard of it because they stand somewhere
   * between the two cursors.
   */
  readonly tellsShortLived: boolean;
}

/** Returns the delta to what is known, or null when it cannot be told any more and the client has to begin anew. */
export async function readDelta(context: StoreContext, follower: DecisionFollower, from: DecisionCursor,
  filter: DeltaFilter): Promise<DecisionDelta | null> {
  const followed = follower.known;
  if (followed === null) return null;
  // Taken after the reading: nothing that began before it is missing.
  const now = context.now();
  const runs = followed.journal.since(from.position);
  const told = runs !== null ? { runs, position: followed.journal.position }
    : await fromLog(follower, followed, from.position);
  if (told === null) return null;
  const expired = followed.index.endedBetween(from.at, now) ?? await expiredInDatabase(context, follower, from.at, now);
  const { added, ended } = merge(told.runs, expired, now, filter.tellsShortLived);
  const isLongest = longestAmong(followed.index, expired, from.at);
  const chosen = (decisions: Map<number, IndexedDecision>): IndexedDecision[] => [...decisions.values()]
    .filter((decision) => filter.passes(decision) && (!filter.dedup || isLongest(decision))).sort((a, b) => a.id - b.id);
  return { added: chosen(added), ended: chosen(ended), now,
    // A clock that is behind must not repeat what was told.
    cursor: formatCursor({ position: told.position, at: from.at.compare(now) > 0 ? from.at : now }) };
}

/** The cursor of a client that has just been told everything in force at `now`. */
export function cursorAt({ journal }: Followed, now: GoTime): string {
  return formatCursor({ position: journal.position, at: now });
}

async function fromLog(follower: DecisionFollower, { journal }: Followed,
  position: ChangePosition): Promise<{ runs: readonly JournalRun[]; position: ChangePosition } | null> {
  // Taken before the log is read, which then has all that stands before it.
  const known = journal.position;
  const part = await follower.log.since(position);
  if (part === null) return null;
  // Where nothing was missed the client stands where this reader does, whose sums it is compared with, unless that is behind.
  if (part.position === position) return { position: hasSeenAll(known, position) ? known : position, runs: [] };
  return { position: part.position, runs: part.changes.map((run) => follower.toJournal(run)) };
}

/** What the index has forgotten, or never knew because it ended before this process began. */
async function expiredInDatabase({ db }: StoreContext, follower: DecisionFollower, after: GoTime,
  upTo: GoTime): Promise<IndexedDecision[]> {
  const rows = await selectDecisionColumns(db).where('until', '>', toColumn(after)).where('until', '<=', toColumn(upTo))
    .execute();
  return rows.map((row) => follower.toIndexed(row));
}

interface Merged {
  readonly added: Map<number, IndexedDecision>;
  readonly ended: Map<number, IndexedDecision>;
}

function merge(runs: readonly JournalRun[], expired: readonly IndexedDecision[], now: GoTime,
  tellsShortLived: boolean): Merged {
  const added = new Map<number, IndexedDecision>();
  const ended = new Map<number, IndexedDecision>();
  const fresh = new Set<number>();
  for (const { event, decisions } of runs) {
    for (const decision of decisions) {
      const { id } = decision;
      if (event === 'insert' && !tellsShortLived) fresh.add(id);
      added.delete(id);
      ended.delete(id);
      if (event !== 'delete' && decision.until.compare(now) > 0) added.set(id, decision);
      // A deleted one ends with this telling.
      else if (!fresh.has(id)) ended.set(id, decision.until.compare(now) > 0 ? { ...decision, until: now } : decision);
    }
  }
  // What began and ended since is told as ended too, as CrowdSec does.
  for (const decision of expired) if (!added.has(decision.id)) ended.set(decision.id, decision);
  return { added, ended };
}

/** Whether nothing outlives a decision of what is in force or ended since; of the latter the index may not know all. */
function longestAmong(index: DecisionIndex, expired: readonly IndexedDecision[],
  after: GoTime): (decision: IndexedDecision) => boolean {
  const keyOf = ({ value, type, scope }: IndexedDecision): string => `${value} ${type} ${scope}`;
  const last = new Map<string, GoTime>();
  for (const decision of expired) {
    const other = last.get(keyOf(decision));
    if (other === undefined || other.compare(decision.until) < 0) last.set(keyOf(decision), decision.until);
  }
  return (decision) => index.isLongest(decision, after)
    && (last.get(keyOf(decision))?.compare(decision.until) ?? 0) <= 0;
}
