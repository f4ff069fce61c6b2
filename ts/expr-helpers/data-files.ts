// Data files that rules name: lists of lines, of regular expressions, of tagged patterns, of known bots. Loading reads
// and checks them once into plain data; DataFiles is what a thread makes of that and asks.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PalisadeError } from '../errors.js';
import type { Log } from '../config/log.js';
import { limits } from '../limits.js';
import { GrokSet } from '../grok/prefilter.js';
import { compileSingle } from '../grok/single.js';
import { Cache, type CacheStrategy } from '../util/cache.js';
import { TextMemory } from '../util/text-memory.js';
import { type BotSpec, Bot, readBot } from './bots.js';
import { TagLookup, type TagRow, readTagRow } from './tag-lookup.js';

export type DataFileType = 'string' | 'regexp' | 'map' | 'bots';

/** The `cache`, `strategy`, `size` and `ttl` of a data entry, for files of regular expressions. */
export interface ResultCacheSpec {
  readonly strategy: CacheStrategy;
  readonly sizeMax: number;
  /** Null for results that never expire. */
  readonly ttlNs: number | null;
}

/** A data file read and checked. Plain data. */
export type DataFileContent =
  | { readonly type: 'string'; readonly name: string; readonly lines: readonly string[] }
  | { readonly type: 'regexp'; readonly name: string; readonly lines: readonly string[];
      readonly cache: ResultCacheSpec | null }
  | { readonly type: 'map'; readonly name: string; readonly rows: readonly TagRow[] }
  | { readonly type: 'bots'; readonly name: string; readonly bots: readonly BotSpec[] };

/** Results of a file of regular expressions when its rule asks for a cache without a size. */
export const resultCacheSizeDefault = 50;

/**
 * Reads a data file below `dataDir`. Throws E_FILE when it cannot be read, E_PATTERN or E_SHAPE with the line when a
 * line of it cannot be used.
 */
export function loadDataFile(dataDir: string, name: string, type: DataFileType,
  cache: ResultCacheSpec | null = null): DataFileContent {
  const path = join(dataDir, name);
  const lines = readLines(path);
  switch (type) {
    case 'string': return { type, name, lines: lines.map(({ text }) => text) };
    case 'regexp':
      for (const line of lines) compileSingle(line.text, placeOf(path, line));
      return { type, name, lines: lines.map(({ text }) => text), cache };
    case 'map': return { type, name, rows: lines.map((line) => readTagRow(line.text, placeOf(path, line))) };
    case 'bots': return { type, name, bots: lines.map((line) => readBot(line.text, placeOf(path, line))) };
  }
}

/** The data files of a runtime. The first content of a type and name wins. */
export class DataFiles {
  readonly #log: Log;
  readonly #nowMs: () => number;
  readonly #lists = new Map<string, readonly string[]>();
  readonly #expressions = new Map<string, ExpressionFile>();
  readonly #tags = new Map<string, TagLookup>();
  readonly #bots = new Map<string, readonly Bot[]>();
  readonly #complainedOf = new Set<string>();
  /** Lines of `string` files that are JSON. */
  readonly #jsonLines = new Set<string>();

  constructor(contents: readonly DataFileContent[], log: Log, nowMs: () => number) {
    this.#log = log;
    this.#nowMs = nowMs;
    for (const content of contents) this.#add(content);
  }

  /** Lines of a `string` file; none, and an error in the log, when it was not loaded. */
  lines(name: string): readonly string[] {
    return this.#lists.get(name) ?? (this.#complain(name, 'string'), []);
  }

  /** Whether a text is JSON that a line of a `string` file holds: what is found in it stays the same. */
  holdsJson(text: string): boolean {
    return this.#jsonLines.size > 0 && isJson(text) && this.#jsonLines.has(text);
  }

  /** Whether any expression of a `regexp` file matches. */
  matchesAny(text: string, name: string): boolean {
    const file = this.#expressions.get(name);
    return file === undefined ? (this.#complain(name, 'regexp'), false) : file.matches(text, this.#nowMs());
  }

  /** Rows of a `map` file. */
  rows(name: string): readonly TagRow[] {
    return this.#tags.get(name)?.rows ?? (this.#complain(name, 'map'), []);
  }

  /** The tag of the row of a `map` file that a text matches best, '' for none. */
  tagOf(text: string, name: string): string {
    const tags = this.#tags.get(name);
    return tags === undefined ? (this.#complain(name, 'map'), '') : tags.find(text);
  }

  /** Entries of a `bots` file; none when it was not loaded. */
  bots(name: string): readonly Bot[] {
    return this.#bots.get(name) ?? [];
  }

  /** Remembered results of each file of expressions that has a cache, for metrics. */
  cacheSizes(): { readonly name: string; readonly size: number }[] {
    return [...this.#expressions].flatMap(([name, file]) => file.cacheSize === null ? []
      : [{ name, size: file.cacheSize }]);
  }

  #add(content: DataFileContent): void {
    const { name } = content;
    switch (content.type) {
      case 'string':
        for (const line of content.lines) if (isJson(line)) this.#jsonLines.add(line);
        return setOnce(this.#lists, name, () => Object.freeze([...content.lines]));
      case 'regexp': return setOnce(this.#expressions, name, () => new ExpressionFile(content.lines, content.cache));
      case 'map': return setOnce(this.#tags, name, () => new TagLookup(name, content.rows, this.#log));
      case 'bots': return setOnce(this.#bots, name, () => content.bots.map((bot) => new Bot(bot)));
    }
  }

  /** Says once that a file is missing; an expression would say it for every line. */
  #complain(name: string, type: DataFileType): void {
    const key = `${type}:${name}`;
    if (this.#complainedOf.has(key)) return;
    if (this.#complainedOf.size < 1000) this.#complainedOf.add(key);
    this.#log.error(`data file '${name}' (type ${type}) is not loaded`);
  }
}

/** All expressions of a file as one set: one pass over the text whatever their number. */
class ExpressionFile {
  readonly #lines: readonly string[];
  readonly #set: GrokSet | null;
  readonly #cache: Cache<string, boolean> | null;
  readonly #ttlMs: number;
  readonly #verdicts = new TextMemory<boolean>(limits.rememberedVerdictsMax, limits.rememberedTextBytesMax);

  constructor(lines: readonly string[], cache: ResultCacheSpec | null) {
    this.#lines = lines;
    this.#set = lines.length === 0 ? null : new GrokSet(lines);
    this.#cache = cache === null ? null : new Cache(cache.sizeMax, cache.strategy);
    this.#ttlMs = cache?.ttlNs == null ? Infinity : cache.ttlNs / 1e6;
  }

  get cacheSize(): number | null {
    return this.#cache?.size ?? null;
  }

  matches(text: string, nowMs: number): boolean {
    const known = this.#cache?.get(text, nowMs) ?? this.#verdicts.get(text);
    if (known !== undefined) return known;
    const verdict = this.#search(text);
    this.#cache?.set(text, verdict, nowMs + this.#ttlMs);
    return verdict;
  }

  #search(text: string): boolean {
    if (this.#set === null) return false;
    const bytes = Buffer.from(text, 'utf8');
    const verdict = this.#isMatched(this.#set, bytes, text);
    this.#verdicts.set(text, verdict);
    return verdict;
  }

  #isMatched(set: GrokSet, bytes: Buffer, text: string): boolean {
    const exhaustedBefore = set.exhausted;
    const row = set.match(bytes, Uint32Array.of(0, bytes.length), 1);
    // Out of memory means "any of them": only then are they tried one by one.
    if (set.exhausted > exhaustedBefore) return this.#lines.some((line) => compileSingle(line).test(text));
    return row.subarray(0, set.words).some((word) => word !== 0);
  }
}

interface NumberedLine {
  readonly text: string;
  readonly number: number;
}

/** Lines that are neither empty nor comments. Nothing is trimmed but the line ending. */
function readLines(path: string): NumberedLine[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new PalisadeError('E_FILE', `cannot read data file ${path}: ${(error as Error).message}`, undefined,
      { cause: error });
  }
  return text.split('\n').map((line, index) => ({ text: line.replace(/\r$/, ''), number: index + 1 }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
}

function placeOf(file: string, line: NumberedLine): { file: string; line: number; column: number; excerpt: string } {
  return { file, line: line.number, column: 1, excerpt: line.text };
}

function setOnce<V>(map: Map<string, V>, name: string, make: () => V): void {
  if (!map.has(name)) map.set(name, make());
}

function isJson(text: string): boolean {
  return text.startsWith('{') || text.startsWith('[');
}
