// Decisions as the Local API streams them, read into bans. What cannot be enforced is a reason, not an exception:
// decisions come from other programs.

import { parseGoDuration } from '../ts/util/go-duration.js';
import { IpPrefix, parseCidr, parseIp, type IpAddress } from '../ts/util/ip.js';
import { remembered } from '../ts/util/remembered.js';
import type { FamilyNumber } from './family.js';

/** Durations and origins kept: a stream repeats the few that profiles and lists give. */
const textsMax = 10_000;

/** A decision on the wire; anything may be missing. */
export interface WireDecision {
  readonly id?: number;
  readonly duration?: string;
  readonly origin?: string;
  readonly scenario?: string;
  readonly scope?: string;
  readonly type?: string;
  readonly value?: string;
}

/** An enforceable decision. Ranges have `bits`; a single address has `null`, unless one set is to have both. */
export interface Ban {
  readonly family: FamilyNumber;
  /** The address, or the first one of the range. */
  readonly address: IpAddress;
  readonly bits: number | null;
  readonly untilMs: number;
  /** Names the set; see `groupOf`. */
  readonly group: string;
}

/** Why a decision is not enforced. */
export type Refusal = 'type' | 'scope' | 'value' | 'wide' | 'family' | 'ended';

/** What is enforced. */
export interface Enforcement {
  readonly types: ReadonlySet<string>;
  readonly families: ReadonlySet<FamilyNumber>;
  readonly widestBits: Readonly<Record<FamilyNumber, number>>;
  /** One set for all origins (set-only). */
  readonly hasOneGroup: boolean;
  /** Families where single addresses are ranges of one, so that one set has them all; the backend knows which. */
  readonly oneSet?: ReadonlySet<FamilyNumber>;
}

/** Returns the ban of a decision, or why there is none. */
export function readBan(decision: WireDecision, enforcement: Enforcement, nowMs: number): Ban | Refusal {
  const { type = '', scope = '', value = '', origin = '' } = decision;
  if (!enforcement.types.has(type.toLowerCase())) return 'type';
  if (!/^(ip|range)$/i.test(scope)) return 'scope';
  const prefix = readPrefix(value);
  if (prefix === null || typeof decision.id !== 'number') return 'value';
  const { address, bits } = prefix;
  if (!enforcement.families.has(address.version)) return 'family';
  if (bits < enforcement.widestBits[address.version]) return 'wide';
  const untilMs = nowMs + durationMs(decision.duration ?? '');
  if (!(untilMs > nowMs)) return 'ended';
  return { family: address.version, address, untilMs,
    bits: bits === address.bits && enforcement.oneSet?.has(address.version) !== true ? null : bits, group: enforcement.hasOneGroup ? '' : groupOf(origin) };
}

/** The part of a set's name that tells the origin: letters, digits, `_-` of it. */
export const groupOf = remembered((origin) => (
  origin === '' ? 'unknown' : origin.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 100)), textsMax);

function readPrefix(value: string): IpPrefix | null {
  if (value.includes('/')) {
    const prefix = parseCidr(value);
    if (prefix === null || (prefix.address.isMapped && prefix.bits < 96)) return null;
    return unmapped(prefix).masked();
  }
  const address = parseIp(value)?.unmap();
  return address === undefined || address.zone !== '' ? null : new IpPrefix(address, address.bits);
}

function unmapped(prefix: IpPrefix): IpPrefix {
  if (!prefix.address.isMapped) return prefix;
  return new IpPrefix(prefix.address.unmap(), prefix.bits - 96);
}

/** Milliseconds of a duration, NaN for none. */
const durationMs = remembered((text) => {
  try {
    return parseGoDuration(text) / 1e6;
  } catch {
    // Not a duration: a decision that has no end is not enforced.
    return NaN;
  }
}, textsMax);
