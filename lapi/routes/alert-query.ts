// The query string of GET and DELETE /v1/alerts. Unknown keys are refused: a typo must not delete every alert.

import type { GoTime } from '../../ts/util/go-time.js';
import { Refusal } from '../errors.js';
import { normalizeScope } from '../scope.js';
import type { AlertFilter } from '../store/alert-filter.js';
import type { AlertPage } from '../store/alerts.js';
import type { IpRange } from '../store/ip-range.js';
import { readDuration, readFlag, readRange, readWhole } from './query.js';

const defaultLimit = 100;

type Draft = { -readonly [K in keyof AlertFilter]: AlertFilter[K] };

/** Reads the condition of one key into the draft. */
const conditions: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
  contains: (draft, value) => {
    draft.contains = readFlag(value, (error) => `invalid contains value: ${error}: invalid filter`);
  },
  scope: (draft, value) => { draft.scope = normalizeScope(value); },
  value: (draft, value) => { draft.value = value; },
  scenario: (draft, value) => { draft.scenario = value; },
  ip: (draft, value) => { draft.range = readRangeFilter(value); },
  range: (draft, value) => { draft.range = readRangeFilter(value); },
  since: (draft, value) => { draft.startedFrom = ago(draft.now, value); },
  until: (draft, value) => { draft.startedUntil = ago(draft.now, value); },
  created_before: (draft, value) => { draft.createdUntil = ago(draft.now, value); },
  decision_type: (draft, value) => { draft.decisionType = value; },
  origin: (draft, value) => { draft.origin = value; },
  include_capi: (draft, value) => { draft.withBlocklists = value !== 'false'; },
  has_active_decision: (draft, value) => {
    draft.hasActiveDecision = readFlag(value, (error) => `'${value}' is not a boolean: ${error}: unable to parse type`);
  },
  kind: (draft, value) => { draft.kind = value; },
  simulated: (draft, value) => { draft.withSimulated = value !== 'false'; },
  limit: () => {},
  sort: () => {},
  with_decisions: () => {},
};

/** Returns the filter of a query. Throws a Refusal. */
export function readAlertFilter(query: URLSearchParams, now: GoTime): AlertFilter {
  const draft: Draft = { contains: true, withBlocklists: true, withSimulated: true, now };
  for (const key of new Set(query.keys())) {
    const value = query.get(key) ?? '';
    if (!Object.hasOwn(conditions, key)) {
      throw new Refusal('badFilter', `filter parameter '${key}' is unknown (=${value}): invalid filter`);
    }
    conditions[key](draft, value);
  }
  // Asking for an origin asks for the blocklists too.
  if (draft.origin !== undefined) draft.withBlocklists = true;
  return draft;
}

/** Returns how to list. Throws a Refusal. */
export function readAlertPage(query: URLSearchParams): AlertPage {
  const limit = query.get('limit');
  return {
    limit: limit === null ? defaultLimit
      : readWhole(limit, () => `bad limit in parameters: [${query.getAll('limit').join(' ')}]: unable to query`),
    order: query.get('sort') === 'ASC' ? 'asc' : 'desc',
    withDecisions: query.get('with_decisions') !== 'false',
  };
}

function ago(now: GoTime, duration: string): GoTime {
  return now.add(-readDuration(duration));
}

function readRangeFilter(value: string): IpRange {
  return readRange(value, (error) => error);
}
