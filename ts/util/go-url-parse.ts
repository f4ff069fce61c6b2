// Which texts Go's net/url accepts as a URL, and their query. Only what expressions can see of it: a URL that Go
// refuses has no parameters at all.

import { pathUnescape, queryUnescape } from './go-url.js';
import { newGoMap } from './go-value.js';

/** The undecoded query of a URL, '' when it has none; null when Go would refuse the URL. */
export function rawQueryOf(url: string): string | null {
  const hash = url.indexOf('#');
  const fragment = hash < 0 ? '' : url.slice(hash + 1);
  const whole = hash < 0 ? url : url.slice(0, hash);
  if (/[\x00-\x1f\x7f]/.test(whole) || pathUnescape(fragment) === null) return null;
  if (whole === '*') return '';
  const afterScheme = withoutScheme(whole);
  if (afterScheme === null) return null;
  const question = afterScheme.rest.indexOf('?');
  const query = question < 0 ? '' : afterScheme.rest.slice(question + 1);
  const rest = question < 0 ? afterScheme.rest : afterScheme.rest.slice(0, question);
  return isValidRest(rest, afterScheme.hasScheme) ? query : null;
}

/**
 * Parameters of a query, decoded, by Go's strict rules; null when any of it is malformed: a `;`, or a bad escape.
 */
export function parseQueryStrict(query: string): Record<string, string[]> | null {
  const values = newGoMap<string[]>();
  for (const part of query.split('&')) {
    if (part.includes(';')) return null;
    if (part === '') continue;
    const [rawKey, rawValue] = cut(part);
    const key = queryUnescape(rawKey);
    const value = queryUnescape(rawValue);
    if (key === null || value === null) return null;
    (values[key] ??= []).push(value);
  }
  return values;
}

/** Parameters of a query where nothing is wrong: bad escapes stay as they are, only `&` separates. */
export function parseQueryLenient(query: string): Record<string, string[]> {
  const values = newGoMap<string[]>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const [key, value] = cut(part);
    (values[unescapeLenient(key)] ??= []).push(unescapeLenient(value));
  }
  return values;
}

function cut(part: string): [string, string] {
  const equals = part.indexOf('=');
  return equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
}

function unescapeLenient(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  // A percent sign that begins no escape stands for itself.
  return queryUnescape(spaced.replace(/%(?![0-9A-Fa-f]{2})/g, '%25').replaceAll('+', '%2B')) ?? spaced;
}

/** Null for a text that begins with a colon. A scheme begins with a letter and ends at the first colon. */
function withoutScheme(url: string): { readonly rest: string; readonly hasScheme: boolean } | null {
  if (url.startsWith(':')) return null;
  const scheme = /^[A-Za-z][A-Za-z0-9+\-.]*:/.exec(url);
  return scheme === null ? { rest: url, hasScheme: false } : { rest: url.slice(scheme[0].length), hasScheme: true };
}

function isValidRest(rest: string, hasScheme: boolean): boolean {
  if (!rest.startsWith('/')) {
    if (hasScheme) return true;
    const segment = rest.split('/', 1)[0];
    return !segment.includes(':') && pathUnescape(rest) !== null;
  }
  const hasAuthority = rest.startsWith('//') && (hasScheme || !rest.startsWith('///'));
  if (!hasAuthority) return pathUnescape(rest) !== null;
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const path = slash < 0 ? '' : rest.slice(slash);
  return isValidAuthority(authority) && pathUnescape(path) !== null;
}

function isValidAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@');
  if (at >= 0 && !isValidUserInfo(authority.slice(0, at))) return false;
  const host = authority.slice(at + 1);
  return host.includes('[') ? isValidBracketHost(host) : isValidHostName(host);
}

function isValidUserInfo(text: string): boolean {
  return /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(text) && pathUnescape(text) !== null;
}

/** `[::1]:80`, with an optional zone after `%25`. */
function isValidBracketHost(host: string): boolean {
  const close = host.lastIndexOf(']');
  if (!host.startsWith('[') || close < 0 || !/^(:[0-9]*)?$/.test(host.slice(close + 1))) return false;
  const inside = host.slice(1, close);
  const zone = inside.indexOf('%25');
  const address = zone < 0 ? inside : inside.slice(0, zone);
  return /^[0-9A-Fa-f:.]+$/.test(address) && address.includes(':')
    && (zone < 0 || pathUnescape(inside.slice(zone)) !== null);
}

function isValidHostName(host: string): boolean {
  const colon = host.indexOf(':');
  if (colon >= 0 && (host.indexOf(':', colon + 1) >= 0 || !/^:[0-9]*$/.test(host.slice(colon)))) return false;
  // Escapes are for bytes above 0x7f only; what else may stand in a host is a fixed set of ASCII.
  return /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]|[^\x00-\x7f]|%[89A-Fa-f][0-9A-Fa-f])*$/.test(host);
}
