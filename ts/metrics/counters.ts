// Counters of one thread: cheap to bump, named and labelled as Prometheus will show them.
// Not the exposition: ts/metrics/registry.ts merges the snapshots of all threads on a scrape.

/** One labelled counter or gauge value of a thread. Plain data, for postMessage. */
export interface CounterSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Hands out numbered counters; the hot path adds to `values[handle]` and never sees a label. */
export class Counters {
  readonly values: number[] = [];
  readonly #samples: { name: string; labels: Record<string, string> }[] = [];
  readonly #handles = new Map<string, number>();

  /** Returns the handle of a counter, the same for the same name and labels. */
  handle(name: string, labels: Record<string, string>): number {
    const key = `${name}\0${Object.entries(labels).flat().join('\0')}`;
    const known = this.#handles.get(key);
    if (known !== undefined) return known;
    this.#handles.set(key, this.values.length);
    this.#samples.push({ name, labels });
    return this.values.push(0) - 1;
  }

  add(handle: number, amount = 1): void {
    this.values[handle] += amount;
  }

  /** All counters with their present values. */
  snapshot(): CounterSample[] {
    return this.#samples.map((sample, handle) => ({ ...sample, value: this.values[handle] }));
  }
}
