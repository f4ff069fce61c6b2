// The log of a process: pino underneath, CrowdSec's text or JSON lines on the outside, levels as CrowdSec names them.
// Not the access log of the Local API, and not what cscli prints.

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import type { Config, LogLevel } from './config.js';

export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** What code below the apps may do with a log. A text is one sentence; fields are for machines. */
export interface Log {
  trace(text: string, fields?: LogFields): void;
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warning(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
}

/** A log that says nothing: for tests and for code that runs without one. */
export const silentLog: Log = { trace() {}, debug() {}, info() {}, warning() {}, error() {} };

/** Where lines go; `write` gets whole lines. */
export interface LogSink {
  write(line: string): void;
}

const pinoLevels: Record<LogLevel, string> = { trace: 'trace', debug: 'debug', info: 'info', warning: 'warn',
  error: 'error', fatal: 'fatal', panic: 'fatal' };
const levelNames: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warning', 50: 'error', 60: 'fatal' };

/** Returns the log that a configuration asks for: stderr, or a file (mode 0600) in log_dir. */
export function openLog(common: Config['common'], level: LogLevel, file = 'crowdsec.log'): Log {
  const sink: LogSink = common.logMedia === 'file'
    ? createWriteStream(join(common.logDir, file), { flags: 'a', mode: 0o600 })
    : process.stderr;
  return createLog(level, common.logFormat, sink);
}

/** Returns a log that writes lines of a format to a sink; coloured when the sink is a terminal's stderr. */
export function createLog(level: LogLevel, format: 'text' | 'json', sink: LogSink): Log {
  const colour = sink === process.stderr && process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined;
  const render = format === 'json' ? jsonLine : (entry: Entry) => textLine(entry, colour);
  const logger = pino({ level: pinoLevels[level], base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => sink.write(render(JSON.parse(line) as Entry)) });
  const at = (name: 'trace' | 'debug' | 'info' | 'warn' | 'error') =>
    (text: string, fields: LogFields = {}): void => logger[name](fields, text);
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warning: at('warn'), error: at('error') };
}

interface Entry {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function jsonLine({ level, time, msg, ...fields }: Entry): string {
  return `${JSON.stringify({ level: levelNames[level], msg, time: seconds(time), ...fields })}\n`;
}

function textLine({ level, time, msg, ...fields }: Entry, colour: boolean): string {
  const name = levelNames[level];
  const extra = Object.entries(fields).map(([key, value]) => ` ${key}=${quote(String(value))}`).join('');
  if (!colour) return `time="${seconds(time)}" level=${name} msg=${quote(msg, true)}${extra}\n`;
  const paint = level >= 50 ? 31 : level >= 40 ? 33 : level <= 20 ? 90 : 36;
  return `\x1b[${paint}m${name.slice(0, 4).toUpperCase()}\x1b[0m ${time.slice(11, 19)} ${escapeControls(msg)}${extra}\n`;
}

/** Log texts may hold what an attacker wrote: control characters never reach the terminal as such. */
function quote(text: string, always = false): string {
  return always || /[^\w./:@-]/.test(text) || text === '' ? JSON.stringify(text).replace(/\x7f/g, '\\u007f') : text;
}

function escapeControls(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function seconds(isoTime: string): string {
  return `${isoTime.slice(0, 19)}Z`;
}
