// The dictionary of named grok patterns: the built-in ones, those of pattern files, those that rules define.
// Names only ever refer to names that are already there, so no pattern can contain itself. Load time only.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PalisadeError, type Place } from '../errors.js';
import { limits } from '../limits.js';
import { compose, referencesIn, type Composed } from './compose.js';
import { checkRegex } from './program.js';

/** The folder of the embedded pattern files, for hosts without a pattern_dir of their own. */
export const embeddedPatternsDir = fileURLToPath(new URL('../../../hub/patterns/', import.meta.url));

/** Names that exist before any file is read. A dot in a file's name keeps `loadFolder` from reading it. */
const builtInsFile = join(embeddedPatternsDir, 'built-in.grok');

interface Definition {
  readonly text: string;
  readonly place: Place;
  /** 0 for a pattern without references, else one more than the deepest it refers to. */
  readonly depth: number;
  composed: Composed | null;
}

/** Named grok patterns, the first definition of a name being the one that counts. */
export class PatternLibrary {
  static #embedded: ReadonlyMap<string, Definition> | undefined;
  readonly #definitions = new Map<string, Definition>();

  /** A library of the built-in patterns. */
  constructor() {
    for (const { name, text, place } of builtIns()) this.#add(name, text, place);
  }

  /** The names defined so far. */
  get names(): string[] {
    return [...this.#definitions.keys()];
  }

  has(name: string): boolean {
    return this.#definitions.has(name);
  }

  /**
   * Defines a name. Returns false, and changes nothing, when it exists already. Throws E_PATTERN at `place` when the
   * text is empty, refers to a name that is not defined, or is no regular expression.
   */
  define(name: string, text: string, place: Place): boolean {
    if (!/^\w+$/.test(name)) throw fault(`"${name}" is no name for a grok pattern: use letters, digits and _`, place);
    if (text === '') throw fault(`the grok pattern ${name} is empty`, place);
    if (this.has(name)) return false;
    this.#add(name, text, place);
    // Each name stands in a group of its own and is valid by itself: what is left to check is the text around them.
    checkRegex(text.replaceAll(/%\{\w+(?::\w+)?\}/g, '(x)'), place, 'none');
    return true;
  }

  /**
   * Reads every pattern file of a folder (`NAME text` a line) in the order of their names; files with a dot in the name
   * and folders are passed over. Returns how many names it defined. Throws E_FILE for what cannot be read, E_PATTERN
   * for a bad pattern or a name that exists already.
   */
  loadFolder(folder: string): number {
    let count = 0;
    for (const file of patternFiles(folder)) {
      for (const { name, text, place } of readPatterns(file)) {
        if (!this.define(name, text, place)) throw this.#alreadyDefined(name, place);
        count++;
      }
    }
    return count;
  }

  /** Reads a configured pattern folder, or the embedded one when none is configured or it has no patterns. */
  loadFolderOrEmbedded(folder: string | undefined): void {
    if (folder !== undefined && this.loadFolder(folder) > 0) return;
    for (const [name, definition] of PatternLibrary.#embeddedDefinitions()) {
      if (this.has(name)) throw this.#alreadyDefined(name, definition.place);
      this.#definitions.set(name, definition);
    }
  }

  /** A library of the same definitions, to which others may be added. */
  copy(): PatternLibrary {
    const copy = new PatternLibrary();
    for (const [name, definition] of this.#definitions) copy.#definitions.set(name, definition);
    return copy;
  }

  /** The embedded patterns ship with the program: they are read once and serve every library. */
  static #embeddedDefinitions(): ReadonlyMap<string, Definition> {
    if (PatternLibrary.#embedded === undefined) {
      const library = new PatternLibrary();
      library.loadFolder(embeddedPatternsDir);
      for (const { name } of builtIns()) library.#definitions.delete(name);
      PatternLibrary.#embedded = library.#definitions;
    }
    return PatternLibrary.#embedded;
  }

  /** The text of a pattern as it was defined. Throws E_PATTERN at `place` when there is none. */
  textOf(name: string, place: Place): string {
    return this.#find(name, place).text;
  }

  /** The pattern behind a name with every reference in it replaced. Throws E_PATTERN at `place` when there is none. */
  composed(name: string, place: Place): Composed {
    const definition = this.#find(name, place);
    definition.composed ??= compose(definition.text, (inner) => this.composed(inner.name, definition.place), place);
    return definition.composed;
  }

  #add(name: string, text: string, place: Place): void {
    const depths = referencesIn(text).map((reference) => {
      if (reference.name === name) throw fault(`the grok pattern ${name} refers to itself`, place);
      return 1 + this.#find(reference.name, place).depth;
    });
    const depth = Math.max(0, ...depths);
    if (depth > limits.patternDepthMax) {
      throw fault(`grok patterns refer to one another more than ${limits.patternDepthMax} deep`, place);
    }
    this.#definitions.set(name, { text, place, depth, composed: null });
  }

  #find(name: string, place: Place): Definition {
    const definition = this.#definitions.get(name);
    if (definition !== undefined) return definition;
    throw fault(`there is no grok pattern ${name} (a pattern must be defined before it is used)`, place);
  }

  #alreadyDefined(name: string, place: Place): PalisadeError {
    const first = this.#find(name, place).place;
    return fault(`the grok pattern ${name} is defined already, at ${first.file}:${first.line}`, place);
  }
}

interface Line {
  readonly name: string;
  readonly text: string;
  readonly place: Place;
}

let builtInLines: readonly Line[] | undefined;

function builtIns(): readonly Line[] {
  return (builtInLines ??= [...readPatterns(builtInsFile)]);
}

function patternFiles(folder: string): string[] {
  try {
    const files = readdirSync(folder, { withFileTypes: true });
    // Compared by code unit, as Go sorts a folder; a locale would order `_` and capitals differently.
    return files.filter((file) => !file.isDirectory() && !file.name.includes('.'))
      .map((file) => join(folder, file.name)).sort((a, b) => (a < b ? -1 : 1));
  } catch (error) {
    throw unreadable(`the pattern folder ${folder}`, error);
  }
}

/** The lines of a pattern file that define something: a name, blanks, and the text up to the end of the line. */
function* readPatterns(file: string): Generator<Line> {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(`the pattern file ${file}`, error);
  }
  for (const [index, line] of content.split('\n').entries()) {
    const excerpt = line.replace(/\r$/, '');
    // Written out because JavaScript's \s and dot treat more characters as blanks and line ends than Go's.
    const parts = /^(\w+)[\t\f\r ]+([^\n]+)$/.exec(excerpt);
    if (parts === null) continue;
    const [, name, text] = parts;
    yield { name, text, place: { file, line: index + 1, column: excerpt.length - text.length + 1, excerpt } };
  }
}

function fault(detail: string, place: Place): PalisadeError {
  return new PalisadeError('E_PATTERN', detail, place);
}

function unreadable(what: string, cause: unknown): PalisadeError {
  return new PalisadeError('E_FILE', `cannot read ${what}: ${(cause as Error).message}`, undefined, { cause });
}
