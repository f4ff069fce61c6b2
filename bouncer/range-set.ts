// The ranges of one set as intervals without overlap: every address ends with the last of the decisions that cover it.
// Networks are nested or apart, never crossing, so a change only touches the outermost network around it.
// Simple version: sort all ranges, sweep from left to right with a stack of the open ones, emit where the top changes.

/** A network that some decisions cover, with its latest end. Bounds are inclusive. */
export interface CoveredRange {
  readonly first: bigint;
  readonly last: bigint;
  readonly untilMs: number;
}

/** What to take out of the kernel's interval set and what to put in, in one transaction. */
export interface RangeChanges {
  readonly deletes: readonly CoveredRange[];
  readonly adds: readonly CoveredRange[];
}

/** Ranges with their ends, and the intervals that were last handed out. */
export class RangeSet {
  readonly #ranges = new Map<string, CoveredRange>();
  /** Intervals handed out, by the first number of the outermost network around them. */
  readonly #intervals = new Map<bigint, readonly CoveredRange[]>();
  /** The ranges in order, as they were at the last hand-out. */
  #sorted: readonly CoveredRange[] = [];
  /** Ranges set or taken out since then. */
  #changed: CoveredRange[] = [];

  get size(): number {
    return this.#ranges.size;
  }

  get isChanged(): boolean {
    return this.#changed.length > 0;
  }

  /** Sets the end of a range; `null` takes it out. */
  set(first: bigint, last: bigint, untilMs: number | null): void {
    const key = `${first}-${last}`;
    const known = this.#ranges.get(key);
    if (known?.untilMs === (untilMs ?? undefined)) return;
    const range = { first, last, untilMs: untilMs ?? 0 };
    if (untilMs === null) this.#ranges.delete(key);
    else this.#ranges.set(key, range);
    this.#changed.push(range);
  }

  /** All intervals as they should be; the next changes count from here. */
  takeAll(): readonly CoveredRange[] {
    const sorted = this.#takeSorted();
    this.#intervals.clear();
    const all = sweep(sorted);
    this.#remember(all, sorted);
    return all;
  }

  /** What changed since the last hand-out. */
  takeChanges(): RangeChanges {
    const changed = this.#changed;
    const before = this.#sorted;
    const sorted = this.#takeSorted();
    const deletes: CoveredRange[] = [];
    const adds: CoveredRange[] = [];
    for (const region of regionsOf(changed, before, sorted)) {
      const old = this.#forget(within(before, region));
      const inside = within(sorted, region);
      const now = sweep(inside);
      this.#remember(now, inside);
      const kept = new Set(now.map(textOf));
      const known = new Set(old.map(textOf));
      deletes.push(...old.filter((interval) => !kept.has(textOf(interval))));
      adds.push(...now.filter((interval) => !known.has(textOf(interval))));
    }
    return { deletes, adds };
  }

  #forget(ranges: readonly CoveredRange[]): CoveredRange[] {
    const taken: CoveredRange[] = [];
    for (const { first } of ranges) {
      taken.push(...this.#intervals.get(first) ?? []);
      this.#intervals.delete(first);
    }
    return taken;
  }

  #remember(intervals: readonly CoveredRange[], ranges: readonly CoveredRange[]): void {
    let at = 0;
    for (const root of outermost(ranges)) {
      const from = at;
      while (at < intervals.length && intervals[at].last <= root.last) at++;
      this.#intervals.set(root.first, intervals.slice(from, at));
    }
  }

  /** The old order with the changes at its end sorts in nearly linear time. */
  #takeSorted(): readonly CoveredRange[] {
    if (this.#changed.length === 0) return this.#sorted;
    const keys = new Set(this.#changed.map(({ first, last }) => `${first}-${last}`));
    const kept = this.#sorted.filter(({ first, last }) => !keys.has(`${first}-${last}`));
    const added = [...keys].map((key) => this.#ranges.get(key)).filter((range) => range !== undefined);
    this.#sorted = [...kept, ...added].sort(outerFirst);
    this.#changed = [];
    return this.#sorted;
  }
}

/** Intervals without overlap of nested ranges in `outerFirst` order. Pure. */
export function sweep(ranges: readonly CoveredRange[]): CoveredRange[] {
  const intervals: CoveredRange[] = [];
  const open: CoveredRange[] = [];
  let from = 0n;
  const emit = (last: bigint): void => {
    if (open.length > 0 && from <= last) intervals.push({ first: from, last, untilMs: open[open.length - 1].untilMs });
  };
  const closeBefore = (first: bigint | null): void => {
    while (open.length > 0 && (first === null || open[open.length - 1].last < first)) {
      const { last } = open[open.length - 1];
      emit(last);
      from = last + 1n;
      open.pop();
    }
  };
  for (const range of ranges) {
    closeBefore(range.first);
    // Inside one that lasts longer it changes nothing.
    if (open.length > 0 && open[open.length - 1].untilMs >= range.untilMs) continue;
    emit(range.first - 1n);
    from = range.first;
    open.push(range);
  }
  closeBefore(null);
  return intervals;
}

function outerFirst(a: CoveredRange, b: CoveredRange): number {
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.last === b.last ? 0 : a.last > b.last ? -1 : 1;
}

/** The outermost of ranges in order. */
function outermost(sorted: readonly CoveredRange[]): CoveredRange[] {
  const roots: CoveredRange[] = [];
  for (const range of sorted) {
    if (roots.length === 0 || roots[roots.length - 1].last < range.first) roots.push(range);
  }
  return roots;
}

/** The outermost networks, before or now, around the changed ranges: outside of them nothing changes. */
function regionsOf(changed: readonly CoveredRange[], before: readonly CoveredRange[],
  now: readonly CoveredRange[]): CoveredRange[] {
  const oldRoots = outermost(before);
  const newRoots = outermost(now);
  const regions = changed.flatMap((range) => [range, rootOf(oldRoots, range), rootOf(newRoots, range)])
    .filter((range) => range !== null).sort(outerFirst);
  return outermost(regions);
}

function rootOf(roots: readonly CoveredRange[], { first, last }: CoveredRange): CoveredRange | null {
  const root = roots[lowerBound(roots, first + 1n) - 1];
  return root !== undefined && root.last >= last ? root : null;
}

function within(sorted: readonly CoveredRange[], { first, last }: CoveredRange): readonly CoveredRange[] {
  return sorted.slice(lowerBound(sorted, first), lowerBound(sorted, last + 1n));
}

/** Index of the first range that begins at or after a number. */
function lowerBound(sorted: readonly CoveredRange[], first: bigint): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle].first < first) low = middle + 1;
    else high = middle;
  }
  return low;
}

function textOf({ first, last, untilMs }: CoveredRange): string {
  return `${first}-${last}@${untilMs}`;
}
