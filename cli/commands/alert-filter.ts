// The filters that alerts and decisions are chosen by: flags of list and delete, as query parameters.

import { parseLooseCidr, parseLooseIp } from '../../ts/util/ip.js';
import { formatGoDuration } from '../../ts/util/go-duration.js';
import type { FlagSpec, FlagValues } from '../command.js';

/** Query parameters by name. */
export type Query = Record<string, string>;

/** Where decisions come from and what makes alerts, for help texts. */
export const origins = 'cscli,crowdsec,console,cscli-import,lists,CAPI,remediation_sync';
export const kinds = 'crowdsec,waf,capi,papi,cscli';

/** Flags that several commands share, by name. */
export const filterFlags = {
  all: { long: 'all', short: 'a', kind: 'bool', text: 'Include what came from the Central API and from lists' },
  since: { long: 'since', kind: 'duration', text: 'Only alerts begun within this time (4h, 30d)' },
  until: { long: 'until', kind: 'duration', text: 'Only alerts begun longer ago than this (4h, 30d)' },
  ip: { long: 'ip', short: 'i', kind: 'string', text: 'Address; short for --scope ip --value ADDRESS' },
  range: { long: 'range', short: 'r', kind: 'string', text: 'Range; short for --scope range --value RANGE' },
  scenario: { long: 'scenario', short: 's', kind: 'string', text: 'Scenario, e.g. crowdsecurity/ssh-bf' },
  scope: { long: 'scope', kind: 'string', text: 'Scope, e.g. ip, range' },
  value: { long: 'value', short: 'v', kind: 'string', text: 'Value within the scope' },
  origin: { long: 'origin', kind: 'string', text: `Origin (${origins} ...)` },
  contained: { long: 'contained', kind: 'bool', text: 'What lies within the range instead of what covers it' },
  machine: { long: 'machine', short: 'm', kind: 'bool', text: 'Show the machine too' },
} as const satisfies Record<string, FlagSpec>;

/** The scope with its canonical spelling; throws when `--ip` or `--range` is not one. */
export function checkedScope(scope: string, ip: string, range: string): string {
  if (range !== '' && parseLooseCidr(range) === null) throw new Error(`${range} is not a valid range`);
  if (ip !== '' && parseLooseIp(ip) === null) throw new Error(`${ip} is not a valid ip`);
  return canonicalScope(scope);
}

/** `ip` as `Ip`, `as` as `AS`; other scopes as they are. */
export function canonicalScope(scope: string): string {
  const known: Readonly<Record<string, string>> = { ip: 'Ip', range: 'Range', as: 'AS', country: 'Country' };
  const key = scope.toLowerCase();
  return Object.hasOwn(known, key) ? known[key] : scope;
}

/** The filter part of a query; empty flags are left out. */
export function filterQuery(flags: FlagValues, names: Readonly<Record<string, string>>): Query {
  const query: Query = {};
  const scope = checkedScope(flags.text('scope'), flags.text('ip'), flags.text('range'));
  for (const [flag, parameter] of Object.entries(names)) {
    const value = flag === 'scope' ? scope : flags.text(flag);
    if (value !== '') query[parameter] = value;
  }
  for (const name of ['since', 'until']) {
    if (flags.duration(name) !== 0) query[name] = formatGoDuration(flags.duration(name));
  }
  if (flags.bool('contained')) query['contains'] = 'false';
  return query;
}
