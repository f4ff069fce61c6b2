// The log of a process: CrowdSec's text or JSON lines, levels as CrowdSec names them.
// Not the access log of the Local API, and not what cscli prints.

import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { secondText } from '../util/second-text.js';
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

const levels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warning', 'error', 'fatal', 'panic'];
/** Names of levels on a terminal, and their colours. */
const marks: Record<keyof Log, readonly [name: string, colour: number]> = { trace: ['TRAC', 90], debug: ['DEBU', 90], info: ['INFO', 36],
  warning: ['WARN', 33], error: ['ERRO', 31] };

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
  const render = format === 'json' ? jsonLine : colour ? colouredLine : textLine;
  const timeOf = secondText((date) => date.toISOString().replace('.000', ''));
  const at = (name: keyof Log): Log[keyof Log] => levels.indexOf(name) < levels.indexOf(level) ? () => {}
    : (text, fields = {}) => sink.write(render(name, timeOf(Date.now()), text, fields));
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') };
}

function jsonLine(level: keyof Log, time: string, msg: string, fields: LogFields): string {
  return `${JSON.stringify({ level, msg, time, ...fields })}\n`;
}

function textLine(level: keyof Log, time: string, text: string, fields: LogFields): string {
  return `time="${time}" level=${level} msg=${quote(text, true)}${fieldsText(fields)}\n`;
}

function colouredLine(level: keyof Log, time: string, text: string, fields: LogFields): string {
  const [name, colour] = marks[level];
  return `\x1b[${colour}m${name}\x1b[0m ${time.slice(11, 19)} ${escapeControls(text)}${fieldsText(fields)}\n`;
}

function fieldsText(fields: LogFields): string {
  let text = '';
  for (const key in fields) text += ` ${key}=${quote(String(fields[key]))}`;
  return text;
}

/** Log texts may hold what an attacker wrote: control characters never reach the terminal as such. */
function quote(text: string, always = false): string {
  return always || /[^\w./:@-]/.test(text) || text === '' ? JSON.stringify(text).replace(/\x7f/g, '\\u007f') : text;
}

function escapeControls(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
