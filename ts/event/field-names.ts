// The keys that rules name, numbered at load (slots), and of these the ones that events really had (columns): a hub names
// hundreds of keys, the lines of one host have a few dozen.

/** One numbering; shared by all events of a thread. */
export class FieldNames {
  /** In the order in which rules first named them. Grows while rules load, then stays. */
  readonly names: string[] = [];
  /** Column of each slot that some event had, -1 or undefined for the others. */
  readonly columnOf: number[] = [];
  readonly #slots = new Map<string, number>();
  readonly #used: number[] = [];

  /** Returns the slot of `name`, numbering it if no rule named it before. Load time only. */
  declare(name: string): number {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    this.#slots.set(name, this.names.length);
    this.columnOf.push(-1);
    return this.names.push(name) - 1;
  }

  /** Returns the slot of `name`, or -1 when no rule names it. */
  find(name: string): number {
    return this.#slots.get(name) ?? -1;
  }

  /** Slots with a column, in ascending order. */
  get used(): readonly number[] {
    return this.#used;
  }

  get columnCount(): number {
    return this.#used.length;
  }

  /** Gives a slot the next column. */
  takeColumn(slot: number): number {
    const column = this.#used.length;
    this.columnOf[slot] = column;
    this.#used.push(slot);
    this.#used.sort((a, b) => a - b);
    return column;
  }
}
