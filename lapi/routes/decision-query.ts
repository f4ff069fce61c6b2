// The query strings of the decision routes. Live queries and the stream ignore keys they do not know, as CrowdSec does;
// deletion refuses them: a typo must not delete everything.

import { Refusal } from '../errors.js';
import { normalizeScope } from '../scope.js';
import type { DecisionFilter, ExpireFilter } from '../store/decisions.js';
import { readFlag, readRange, readWhole } from './query.js';
import type { IpRange } from '../store/ip-range.js';

/** Returns the filter of a stream: of addresses and ranges unless it names scopes. Throws a Refusal. */
export function readStreamFilter(query: URLSearchParams): DecisionFilter {
  if (!query.has('scopes') && !query.has('scope')) query.set('scopes', 'ip,range');
  return readDecisionFilter(query);
}

/** Returns the filter of a live query. Throws a Refusal. */
export function readDecisionFilter(query: URLSearchParams): DecisionFilter {
  const contains = query.get('contains');
  const address = query.get('ip') ?? query.get('range');
  const simulated = query.get('simulated');
  const whole = (key: string): number | undefined => {
    const value = query.get(key);
    return value === null ? undefined
      : readWhole(value, (error) => `invalid ${key} value: ${error}: invalid filter`);
  };
  return {
    contains: contains === null || readContains(contains),
    range: address === null ? undefined : readAddress(address),
    scopes: (query.get('scopes') ?? query.get('scope'))?.split(',').map(normalizeScope),
    value: query.get('value') ?? undefined,
    type: query.get('type') ?? undefined,
    origins: query.get('origins')?.split(','),
    scenariosContaining: query.get('scenarios_containing')?.split(','),
    scenariosNotContaining: query.get('scenarios_not_containing')?.split(','),
    withSimulated: simulated !== null && simulated !== 'false',
    limit: whole('limit'), offset: whole('offset'), idAbove: whole('id_gt'),
  };
}

type Draft = { -readonly [K in keyof ExpireFilter]: ExpireFilter[K] };

/** Returns the filter of a deletion. Throws a Refusal. */
export function readExpireFilter(query: URLSearchParams): ExpireFilter {
  const draft: Draft = { contains: true };
  for (const key of new Set(query.keys())) {
    const value = query.get(key) ?? '';
    if (key === 'contains') draft.contains = readContains(value);
    // Taken as it is: `ip` does not match the stored `Ip`, as in CrowdSec.
    else if (key === 'scopes') draft.scope = value;
    else if (key === 'uuid') draft.uuids = query.getAll('uuid');
    else if (key === 'origin' || key === 'value' || key === 'type' || key === 'scenario') draft[key] = value;
    else if (key === 'ip' || key === 'range') draft.range = readAddress(value);
    else throw new Refusal('badFilter', `'${key}' doesn't exist: invalid filter`);
  }
  return draft;
}

function readContains(value: string): boolean {
  return readFlag(value, (error) => `invalid contains value: ${error}: invalid filter`);
}

function readAddress(value: string): IpRange {
  return readRange(value, (error) => `unable to convert '${value}' to int: ${error}: invalid ip address / range`);
}
