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

/** Changes up to so many are put into the order one by one, more by sorting anew. */
const fewMax = 200;

/** Ranges with their ends, and the intervals that were last handed out. */
export class RangeSet {
  readonly #ranges = new Map<string, CoveredRange>();
  /** Intervals handed out, by the first number of the outermost network around them. */
  readonly #intervals = new Map<bigint, readonly CoveredRange[]>();
  /** The ranges in order and the outermost of them, as they were at the last hand-out. */
  #sorted: CoveredRange[] = [];
  #roots: CoveredRange[] = [];
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
    this.#sort(this.#takeChanged());
    this.#roots = outermost(this.#sorted);
    this.#intervals.clear();
    const all = sweep(this.#sorted);
    this.#remember(all, this.#roots);
    return all;
  }

  /** What changed since the last hand-out. */
  takeChanges(): RangeChanges {
    const changed = this.#takeChanged();
    // The outermost networks around what changed, as they were or as they are: outside of them nothing changes.
    const around = changed.map((range) => rootOf(this.#roots, range)).filter((root) => root !== null);
    const regions = outermost([...changed, ...around].sort(outerFirst));
    const before = regions.map((region) => this.#forget(within(this.#roots, region)));
    this.#sort(changed);
    const deletes: CoveredRange[] = [];
    const adds: CoveredRange[] = [];
    const isFew = regions.length <= fewMax;
    for (const [index, region] of regions.entries()) {
      const inside = within(this.#sorted, region);
      const roots = outermost(inside);
      const now = sweep(inside);
      this.#remember(now, roots);
      if (isFew) replaceWithin(this.#roots, region, roots);
      const kept = new Set(now.map(textOf));
      const known = new Set(before[index].map(textOf));
      deletes.push(...before[index].filter((interval) => !kept.has(textOf(interval))));
      adds.push(...now.filter((interval) => !known.has(textOf(interval))));
    }
    if (!isFew) this.#roots = outermost(this.#sorted);
    return { deletes, adds };
  }

  #forget(roots: readonly CoveredRange[]): CoveredRange[] {
    const taken: CoveredRange[] = [];
    for (const { first } of roots) {
      taken.push(...this.#intervals.get(first) ?? []);
      this.#intervals.delete(first);
    }
    return taken;
  }

  #remember(intervals: readonly CoveredRange[], roots: readonly CoveredRange[]): void {
    let at = 0;
    for (const root of roots) {
      const from = at;
      while (at < intervals.length && intervals[at].last <= root.last) at++;
      this.#intervals.set(root.first, intervals.slice(from, at));
    }
  }

  /** Each range that was set or taken out, once. */
  #takeChanged(): CoveredRange[] {
    const changed = new Map(this.#changed.map((range) => [`${range.first}-${range.last}`, range]));
    this.#changed = [];
    return [...changed.values()];
  }

  #sort(changed: readonly CoveredRange[]): void {
    const places = changed.map(({ first, last }) => [`${first}-${last}`, first, last] as const);
    if (changed.length > fewMax) {
      const keys = new Set(places.map(([key]) => key));
      const kept = this.#sorted.filter(({ first, last }) => !keys.has(`${first}-${last}`));
      // The old order with the changes at its end sorts in nearly linear time.
      const added = [...keys].map((key) => this.#ranges.get(key)).filter((range) => range !== undefined);
      this.#sorted = [...kept, ...added].sort(outerFirst);
      return;
    }
    for (const [key, first, last] of places) {
      const at = lowerBound(this.#sorted, first, last);
      const isThere = this.#sorted[at]?.first === first && this.#sorted[at].last === last;
      const range = this.#ranges.get(key);
      this.#sorted.splice(at, isThere ? 1 : 0, ...range === undefined ? [] : [range]);
    }
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

/** The one of ranges in order and apart that contains another, or null. */
function rootOf(roots: readonly CoveredRange[], { first, last }: CoveredRange): CoveredRange | null {
  const root = roots[lowerBound(roots, first + 1n, null) - 1];
  return root !== undefined && root.last >= last ? root : null;
}

function within(sorted: readonly CoveredRange[], { first, last }: CoveredRange): readonly CoveredRange[] {
  return sorted.slice(lowerBound(sorted, first, null), lowerBound(sorted, last + 1n, null));
}

function replaceWithin(sorted: CoveredRange[], { first, last }: CoveredRange, ranges: readonly CoveredRange[]): void {
  const from = lowerBound(sorted, first, null);
  sorted.splice(from, lowerBound(sorted, last + 1n, null) - from, ...ranges);
}

/** Index of the first range that begins at a number and ends by `last` (null: anywhere), or begins after it. */
function lowerBound(sorted: readonly CoveredRange[], first: bigint, last: bigint | null): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = sorted[middle];
    if (range.first < first || (last !== null && range.first === first && range.last > last)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function textOf({ first, last, untilMs }: CoveredRange): string {
  return `${first}-${last}@${untilMs}`;
}
