// Lists of event numbers and per-event marks that the batch runner works with, allocated once for each depth of the
// node tree and reused from batch to batch.

/** What one depth of the node tree needs. Arrays are indexed by event number, lists hold event numbers. */
export interface Level {
  /** The events inside the node at this depth. */
  readonly inside: Int32Array;
  /** The events that still go to the next child. */
  readonly pending: Int32Array;
  /** A list for what one step concerns: statics, grok. */
  readonly some: Int32Array;
  /** 1 where the node's state is OK. */
  readonly ok: Uint8Array;
  /** 1 where the node's own grok matched. */
  readonly grokOk: Uint8Array;
  /** 1 where no further child of the node runs. */
  readonly done: Uint8Array;
  /** 1 where the node's whitelist matched. */
  readonly whitelisted: Uint8Array;
}

/** Makes the levels for trees of a depth and batches of a size. */
export function newLevels(depth: number, eventCountMax: number): Level[] {
  const list = (): Int32Array => new Int32Array(eventCountMax);
  const marks = (): Uint8Array => new Uint8Array(eventCountMax);
  return Array.from({ length: depth }, () => ({ inside: list(), pending: list(), some: list(), ok: marks(),
    grokOk: marks(), done: marks(), whitelisted: marks() }));
}

/** Keeps the numbers of a list whose mark is not set, in order; returns how many. */
export function keepUnmarked(list: Int32Array, count: number, marks: Uint8Array): number {
  let kept = 0;
  for (let index = 0; index < count; index++) {
    const number = list[index];
    if (marks[number] === 0) list[kept++] = number;
  }
  return kept;
}
