// The lines of a text: from an offset to the place a user sees, and back.

/** Lines and columns count from 1, offsets from 0, in UTF-16 units. Lines end with \n. */
export class Lines {
  #starts: readonly number[] | undefined;

  constructor(readonly source: string) {}

  /** The line that holds an offset, the column in it and the line's text. */
  at(offset: number): { line: number; column: number; excerpt: string } {
    const line = this.lineOf(offset);
    return { line, column: offset - this.start(line) + 1, excerpt: this.text(line) };
  }

  lineOf(offset: number): number {
    const starts = this.#all;
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** Where a line begins; after the last one, the end of the text. */
  start(line: number): number {
    return this.#all[line - 1] ?? this.source.length;
  }

  /** A line without its end; empty after the last one. */
  text(line: number): string {
    const start = this.start(line);
    const end = this.source.indexOf('\n', start);
    return this.source.slice(start, end < 0 ? undefined : end);
  }

  /** Found when the first place is asked for: most files are never asked. */
  get #all(): readonly number[] {
    if (this.#starts !== undefined) return this.#starts;
    const starts = [0];
    for (let at = this.source.indexOf('\n'); at >= 0; at = this.source.indexOf('\n', at + 1)) starts.push(at + 1);
    return this.#starts = starts;
  }
}
