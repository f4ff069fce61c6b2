// The errors of Palisade's own code: a code, a sentence, and where possible a place in a file.
// Not for bad input data (that is a value and a counter) and not for bugs (those are asserts).

/** A position in a text file. Lines and columns count from 1; `excerpt` is the line itself. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly excerpt?: string;
}

/** What can go wrong at load or use, by code. The text is the general sentence; each error adds the particulars. */
export const errorCodes = {
  E_FILE: 'a file cannot be read or written',
  E_YAML: 'the text is not valid YAML',
  E_SHAPE: 'a key or value is not what this file format allows',
  E_CONFIG: 'the configuration cannot be used',
  E_RULE: 'a parser, scenario or profile cannot be used',
  E_EXPRESSION: 'an expression does not compile',
  E_PATTERN: 'a regular expression or grok pattern does not compile',
  E_SOURCE: 'a log source cannot be opened or read',
  E_NATIVE: 'a native addon or the WASM module cannot be loaded or used',
  E_LAPI: 'the Local API refused a request or cannot be reached',
  E_STORE: 'the database cannot be used',
  E_HUB: 'a hub item or the hub index cannot be used',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** An error whose message is meant for the user: `file:line:column: text`, the line, and a caret under the fault. */
export class PalisadeError extends Error {
  readonly code: ErrorCode;
  readonly place: Place | undefined;
  /** The sentence without the place and the excerpt. */
  readonly detail: string;

  constructor(code: ErrorCode, detail: string, place?: Place, options?: ErrorOptions) {
    super(place === undefined ? detail : renderAt(place, detail), options);
    this.name = 'PalisadeError';
    this.code = code;
    this.place = place;
    this.detail = detail;
  }
}

function renderAt(place: Place, detail: string): string {
  const head = `${place.file}:${place.line}:${place.column}: ${detail}`;
  if (place.excerpt === undefined) return head;
  const number = String(place.line);
  const window = excerptAround(place.excerpt, place.column);
  return `${head}\n  ${number} | ${window.text}\n  ${' '.repeat(number.length)} | ${' '.repeat(window.caret)}^`;
}

/** At most 120 characters of a line around the fault, so a 40 KB filter does not fill the screen. */
function excerptAround(text: string, column: number): { text: string; caret: number } {
  const from = column > 100 ? column - 60 : 0;
  const cut = text.slice(from, from + 120);
  return { text: (from > 0 ? '…' : '') + cut, caret: column - 1 - from + (from > 0 ? 1 : 0) };
}
