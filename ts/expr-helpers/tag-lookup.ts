// Files of tagged patterns (`map`): the tag of the first pattern that a text equals, contains, or matches. Exact
// patterns by a map, contained ones by one automaton, expressions one after the other.

import type RE2 from 're2';
import type { Log } from '../config/log.js';
import { PalisadeError, type Place } from '../errors.js';
import { compileSingle } from '../grok/single.js';
import { LiteralSearch } from '../util/literal-search.js';

/** One line of a file: `pattern`, `tag`, `type`, and what else it holds, as a null-prototype object. */
export type TagRow = Readonly<Record<string, string>>;

const rowTypes = ['equals', 'contains', 'regex'];

/** Reads a line of JSON. Throws E_SHAPE at `place` when it is not a row. */
export function readTagRow(text: string, place: Place): TagRow {
  const refuse = (why: string): PalisadeError => new PalisadeError('E_SHAPE', why, place);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(`this line is not JSON: ${(error as Error).message}`);
  }
  const isRow = typeof value === 'object' && value !== null && !Array.isArray(value)
    && Object.values(value).every((field) => typeof field === 'string');
  if (!isRow) throw refuse('a line of a map file is an object of strings');
  const row = Object.assign(Object.create(null) as Record<string, string>, value);
  for (const key of ['pattern', 'tag', 'type']) {
    if ((row[key] ?? '') === '') throw refuse(`'${key}' is missing or empty`);
  }
  if (!rowTypes.includes(row['type'])) throw refuse(`type '${row['type']}' is not one of ${rowTypes.join(', ')}`);
  return row;
}

/** A file of tagged patterns. */
export class TagLookup {
  readonly rows: readonly TagRow[];
  readonly #exact = new Map<string, string>();
  readonly #contained: LiteralSearch;
  readonly #containedTags: readonly string[];
  readonly #expressions: { readonly expression: RE2; readonly tag: string }[] = [];

  constructor(name: string, rows: readonly TagRow[], log: Log) {
    this.rows = rows;
    const contained = rows.filter((row) => row['type'] === 'contains');
    this.#contained = new LiteralSearch(contained.map((row) => row['pattern']));
    this.#containedTags = contained.map((row) => row['tag']);
    for (const row of rows) {
      // Of equal patterns the last one counts.
      if (row['type'] === 'equals') this.#exact.set(row['pattern'], row['tag']);
      else if (row['type'] === 'regex') this.#addExpression(name, row, log);
    }
  }

  /** The tag of the row that a text equals, else of the leftmost it contains, else of the first it matches, else ''. */
  find(text: string): string {
    const exact = this.#exact.get(text);
    if (exact !== undefined) return exact;
    const contained = this.#contained.first(text);
    if (contained >= 0) return this.#containedTags[contained];
    return this.#expressions.find(({ expression }) => expression.test(text))?.tag ?? '';
  }

  /** A pattern that does not compile is left out, as CrowdSec does, not a reason to refuse the file. */
  #addExpression(name: string, row: TagRow, log: Log): void {
    try {
      this.#expressions.push({ expression: compileSingle(row['pattern']), tag: row['tag'] });
    } catch (error) {
      log.error(`data file '${name}': ${(error as Error).message}`);
    }
  }
}
