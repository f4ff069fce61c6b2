// Files of known bots (`bots`): who may claim to be a crawler, by address, network or confirmed name. A user agent or
// a path alone proves nothing, so an entry without one of these is refused.

import type RE2 from 're2';
import { PalisadeError, type Place } from '../errors.js';
import { compileSingle } from '../grok/single.js';
import { type IpAddress, type IpPrefix, parseCidr, parseIp } from '../util/ip.js';
import type { DnsCache } from './dns.js';

/** One line of a file. Plain data; its texts have been checked. */
export interface BotSpec {
  readonly name: string;
  readonly userAgent: string;
  readonly paths: readonly string[];
  readonly ips: readonly string[];
  readonly ranges: readonly string[];
  readonly rdns: readonly string[];
}

const keys = ['name', 'user_agent', 'paths', 'ips', 'ranges', 'rdns'];

/** Reads a line of JSON. Throws E_SHAPE or E_PATTERN at `place` when it is not a usable entry. */
export function readBot(text: string, place: Place): BotSpec {
  const refuse = (why: string): PalisadeError => new PalisadeError('E_SHAPE', why, place);
  const record = parseRecord(text, refuse);
  const unknown = Object.keys(record).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw refuse(`unknown key '${unknown}'`);
  const spec: BotSpec = {
    name: textOf(record['name'], 'name', refuse), userAgent: textOf(record['user_agent'], 'user_agent', refuse),
    paths: listOf(record['paths'], 'paths', refuse), ips: listOf(record['ips'], 'ips', refuse),
    ranges: listOf(record['ranges'], 'ranges', refuse), rdns: listOf(record['rdns'], 'rdns', refuse),
  };
  if (spec.name === '') throw refuse("'name' is missing");
  if (spec.ips.length + spec.ranges.length + spec.rdns.length === 0) {
    throw refuse(`bot '${spec.name}' needs at least one of ips, ranges, rdns to be told by`);
  }
  if (spec.rdns.includes('')) throw refuse(`bot '${spec.name}' has an empty rdns pattern, which every host would match`);
  const badIp = spec.ips.find((ip) => parseIp(ip) === null);
  if (badIp !== undefined) throw refuse(`bot '${spec.name}': '${badIp}' is not an address`);
  const badRange = spec.ranges.find((range) => parseCidr(range) === null);
  if (badRange !== undefined) throw refuse(`bot '${spec.name}': '${badRange}' is not a network`);
  for (const pattern of [spec.userAgent, ...spec.paths, ...spec.rdns]) compileSingle(`(?i)${pattern}`, place);
  return spec;
}

/** An entry with its patterns compiled. */
export class Bot {
  readonly #userAgent: RE2 | null;
  readonly #paths: readonly RE2[];
  readonly #ips: ReadonlySet<string>;
  readonly #ranges: readonly IpPrefix[];
  readonly names: readonly RE2[];

  constructor(spec: BotSpec) {
    this.#userAgent = spec.userAgent === '' ? null : ignoringCase(spec.userAgent);
    this.#paths = spec.paths.map(ignoringCase);
    this.#ips = new Set(spec.ips.map((ip) => parseIp(ip)!.unmap().toString()));
    this.#ranges = spec.ranges.map((range) => parseCidr(range)!.masked());
    this.names = spec.rdns.map(ignoringCase);
  }

  /** Whether user agent and path fit what this bot sends. */
  fits(userAgent: string, path: string): boolean {
    return (this.#userAgent?.test(userAgent) ?? true)
      && (this.#paths.length === 0 || this.#paths.some((pattern) => pattern.test(path)));
  }

  hasAddress(address: IpAddress): boolean {
    return this.#ips.has(address.toString()) || this.#ranges.some((range) => range.contains(address));
  }
}

/**
 * Whether a request comes from one of the bots. Names are only asked for when no address tells, and then once for all
 * entries together.
 */
export async function isKnownBot(source: string, userAgent: string, path: string, bots: readonly Bot[],
  dns: DnsCache): Promise<boolean> {
  const address = sourceAddress(source);
  if (address === null) return false;
  const fitting = bots.filter((bot) => bot.fits(userAgent, path));
  if (fitting.some((bot) => bot.hasAddress(address))) return true;
  const patterns = fitting.flatMap((bot) => bot.names);
  if (patterns.length === 0) return false;
  const names = await dns.confirmedNames(address);
  return names.some((name) => patterns.some((pattern) => pattern.test(name)));
}

/** The address in `1.2.3.4`, `1.2.3.4:80`, `[::1]:80`: without zone, IPv4 inside IPv6 as IPv4. */
function sourceAddress(source: string): IpAddress | null {
  const withPort = /^(?:\[(.*)\]|([^:]*)):[^:]*$/.exec(source);
  const address = parseIp(source) ?? (withPort === null ? null : parseIp(withPort[1] ?? withPort[2]));
  return address === null ? null : parseIp(address.toString().replace(/%.*$/, ''))!.unmap();
}

function ignoringCase(pattern: string): RE2 {
  return compileSingle(`(?i)${pattern}`);
}

function parseRecord(text: string, refuse: (why: string) => Error): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(`this line is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('an entry is a JSON object');
  return value as Record<string, unknown>;
}

function textOf(value: unknown, key: string, refuse: (why: string) => Error): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw refuse(`'${key}' is a text`);
  return value;
}

function listOf(value: unknown, key: string, refuse: (why: string) => Error): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) throw refuse(`'${key}' is a list of texts`);
  return value as string[];
}
