// Remembers what was found for texts of a log: paths, user agents and addresses come again and again, but there is no end of
// them, so the ones met lately are kept and long ones never. For texts of rules see remembered.ts, for other rules of what goes
// first cache.ts.

/** A memory of at most `textsMax` texts, none of more bytes (UTF-8) than `bytesMax`. Values are never undefined. */
export class TextMemory<V> {
  readonly #youngMax: number;
  readonly #bytesMax: number;
  /** Texts met lately, and those before them: when the first are half of all they take the place of the others. */
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  constructor(textsMax: number, bytesMax: number) {
    this.#youngMax = textsMax / 2;
    this.#bytesMax = bytesMax;
  }

  get(text: string): V | undefined {
    const known = this.#young.get(text);
    if (known !== undefined) return known;
    const older = this.#old.get(text);
    if (older !== undefined) this.set(text, older);
    return older;
  }

  set(text: string, value: V): void {
    if (text.length > this.#bytesMax) return;
    const bytes = Buffer.from(text, 'utf8');
    if (bytes.length > this.#bytesMax) return;
    if (this.#young.size >= this.#youngMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    // A copy: the text itself may be a part of a long line, which would be kept with it.
    const copy = bytes.length === text.length ? bytes.latin1Slice(0, bytes.length) : Buffer.from(text, 'utf16le').toString('utf16le');
    this.#young.set(copy, value);
  }
}
