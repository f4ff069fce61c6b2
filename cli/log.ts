// The messages of cscli on stderr, one line each with its level, as text or JSON. Not the log of the daemon.

import { goQuote } from '../ts/util/go-quote.js';
import type { Output } from './io.js';

/** From the rarest to the most talkative. */
export const cliLogLevels = ['error', 'warning', 'info', 'debug', 'trace'] as const;
export type CliLogLevel = (typeof cliLogLevels)[number];

const colours: { readonly [K in CliLogLevel]: number } = { error: 31, warning: 33, info: 36, debug: 37, trace: 37 };

/** Writes the messages at or above its level. */
export class CliLog {
  readonly #level: CliLogLevel;
  readonly #format: 'text' | 'json';
  readonly #out: Output;
  readonly #now: () => Date;

  constructor(level: CliLogLevel, format: 'text' | 'json', out: Output, now: () => Date) {
    this.#level = level;
    this.#format = format;
    this.#out = out;
    this.#now = now;
  }

  /** True when messages of a level are shown. */
  shows(level: CliLogLevel): boolean {
    return cliLogLevels.indexOf(level) <= cliLogLevels.indexOf(this.#level);
  }

  error(text: string): void {
    this.#write('error', text);
  }

  warn(text: string): void {
    this.#write('warning', text);
  }

  info(text: string): void {
    this.#write('info', text);
  }

  debug(text: string): void {
    this.#write('debug', text);
  }

  #write(level: CliLogLevel, text: string): void {
    if (!this.shows(level)) return;
    if (this.#format === 'json') {
      const time = `${this.#now().toISOString().slice(0, 19)}Z`;
      this.#out.write(`${JSON.stringify({ level, msg: text, time })}\n`);
    } else if (this.#out.isTTY === true) {
      this.#out.write(`\x1b[${colours[level]}m${level.toUpperCase()}\x1b[0m ${quoted(text).replace(/^"|"$/g, '')}\n`);
    } else {
      this.#out.write(`level=${level} msg=${quoted(text)}\n`);
    }
  }
}

/** Plain words stay as they are; anything else is quoted with control characters escaped, as in logfmt. */
function quoted(text: string): string {
  return /^[\w\-./@^+]+$/.test(text) ? text : goQuote(text);
}
