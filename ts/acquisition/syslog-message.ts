// Reads one syslog message (RFC 3164, then RFC 5424) and writes it as the line of a log file, the form that the hub's
// syslog parser knows. Texts hold one byte a character (latin1), so that every byte of a message survives.

import { formatGoTime, parseGoTime } from '../util/go-layout.js';
import type { GoTime } from '../util/go-time.js';

/** A message as a line, and the form it came in. */
export interface SyslogLine {
  readonly line: string;
  readonly form: 'rfc3164' | 'rfc5424';
}

/** Layouts of an RFC 3164 time. Go's layouts tell how many characters the time takes up. */
const timeLayouts = ['2006-01-02T15:04:05Z07:00', 'Jan 02 15:04:05 2006', 'Jan _2 15:04:05 2006', 'Jan 02 15:04:05',
  'Jan _2 15:04:05'];
const appNameMax = 48;
const processIdMax = 128;
const messageIdMax = 32;

/** Returns the line of a message, or null when it is of neither form. `now` stands in for a missing time. */
export function readSyslog(message: string, now: GoTime): SyslogLine | null {
  const body = priorityRemoved(message);
  if (body === null) return null;
  const old = readRfc3164(body);
  if (old !== null) return { line: withoutNewline(old), form: 'rfc3164' };
  const line = readRfc5424(body, now);
  return line === null ? null : { line: withoutNewline(line), form: 'rfc5424' };
}

/** Returns a message of any form without its `<PRI>`, or null when that is missing or malformed. */
export function withoutPriority(message: string): string | null {
  const priority = /^<[0-9]{0,3}>/.exec(message);
  return priority === null || message.length < 3 ? null : withoutNewline(message.slice(priority[0].length));
}

/** Leading zeros do not count towards the three digits here, as in CrowdSec. */
function priorityRemoved(message: string): string | null {
  const priority = /^<([0-9]*)>/.exec(message);
  return priority === null || Number(priority[1]) > 999 ? null : message.slice(priority[0].length);
}

function readRfc3164(text: string): string | null {
  for (const layout of timeLayouts) {
    const time = text.length < layout.length ? null : parseGoTime(layout, text.slice(0, layout.length));
    if (time !== null) return afterTime(text.slice(layout.length + 1), time);
  }
  return null;
}

/** Host, tag, process id and message. A tag is letters and digits only; what follows it belongs to the message. */
function afterTime(text: string, time: GoTime): string | null {
  const parts = /^([^ ]+) ([A-Za-z0-9]+)(?:\[([0-9]*)\])?(.*)$/s.exec(text);
  if (parts === null) return null;
  const [, host, tag, processId = '', rest] = parts;
  if (rest.startsWith('[')) return null;
  const message = rest.replace(/^:? */, '');
  return message === '' ? null : lineOf(time, host, tag, processId, message);
}

function readRfc5424(text: string, now: GoTime): string | null {
  const head = /^1 ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([-[].*)$/s.exec(text);
  if (head === null) return null;
  const [, timeText, host, app, processId, messageId, rest] = head;
  const time = timeText === '-' ? now.toUtc() : parseGoTime('2006-01-02T15:04:05.999999999Z07:00', timeText);
  if (time === null || app.length > appNameMax || processId.length > processIdMax || messageId.length > messageIdMax) return null;
  const message = afterStructuredData(rest);
  return message === null ? null : lineOf(time, orNil(host), orNil(app), orNil(processId), message);
}

/** The message after `-` or `[id key="value"][…]`, or null when there is none. */
function afterStructuredData(text: string): string | null {
  let end = 1;
  if (text[0] === '[') {
    do end = text.indexOf('] ', end) + 1;
    while (end > 0 && text[end - 2] === '\\');
    if (end === 0) return null;
  }
  return text[end] === ' ' && text.length > end + 1 ? text.slice(end + 1) : null;
}

function orNil(value: string): string {
  return value === '-' ? '' : value;
}

function lineOf(time: GoTime, host: string, app: string, processId: string, message: string): string {
  const stamp = formatGoTime(time, 'Jan 2 15:04:05');
  return `${stamp} ${host === '' ? 'unknownhost' : host}${app === '' ? '' : ` ${app}`}${processId === '' ? '' : `[${processId}]`}: ${message}`;
}

function withoutNewline(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
