// Filters of lists as query strings: of each key some values, that nearly all rows have, few, only the oldest, or none. They are asked
// alone, in pairs, and by chance in threes and fours.

/** One group cannot be combined with itself. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/** The sweep of all of them. */
export const sweepCase = {
  /** Of half a million decisions three fifths are blocklists'. */
  world: { alertCount: 220_000, listCount: 15, listSize: 20_000 },
  seed: 1,
  /** Combinations of three and four. */
  moreCount: 300,
  /** Milliseconds that each query may take, and those after which it is not asked again. */
  msMax: 100,
  fastMs: 50,
  roundsMax: 3,
  /** Rows of an answer that is a page; longer ones are not asked for. */
  pageMax: 1_000,
} as const;

/** Of GET /v1/alerts. */
export const alertFilters: Filters = {
  scope: ['scope=Ip', 'scope=Range', 'scope=Country', 'scope=nope'],
  value: ['value=20.0.9.36', 'value=', 'value=nope'],
  scenario: ['scenario=bench/scenario-0', 'scenario=bench/scenario-19', 'scenario=bench/rare', 'scenario=bench/by-hand', 'scenario=list-3', 'scenario=nope'],
  address: ['ip=20.0.5.36', 'ip=11.0.0.3', 'ip=9.9.9.9', 'ip=2001:db8::1', 'range=20.0.5.0/24', 'range=20.0.0.0/8',
    'range=20.0.0.0/24&contains=false', 'range=20.1.0.0/16&contains=false', 'range=20.0.0.0/8&contains=false', 'range=11.0.0.0/8&contains=false',
    'range=11.0.0.0/18&contains=false', 'range=0.0.0.0/0&contains=false', 'range=99.0.0.0/8&contains=false', 'range=::/0&contains=false'],
  since: ['since=0.5h', 'since=1.5h', 'since=140.5h'],
  until: ['until=1.5h', 'until=143.5h', 'until=200h'],
  created: ['created_before=1.5h', 'created_before=143.5h', 'created_before=200h'],
  type: ['decision_type=ban', 'decision_type=captcha', 'decision_type=throttle', 'decision_type=nope'],
  origin: ['origin=crowdsec', 'origin=cscli', 'origin=lists', 'origin=rare', 'origin=nope'],
  capi: ['include_capi=false'],
  active: ['has_active_decision=true', 'has_active_decision=false'],
  kind: ['kind=crowdsec', 'kind=cscli', 'kind=rare', 'kind=nope'],
  simulated: ['simulated=false'],
  limit: ['limit=0', 'limit=1', 'limit=500'],
  sort: ['sort=ASC'],
};

/** Of GET /v1/decisions. */
export const decisionFilters: Filters = {
  scope: ['scopes=Ip', 'scopes=Range', 'scopes=Country', 'scopes=Ip,Range', 'scopes=nope'],
  value: ['value=20.0.9.36', 'value=FR', 'value=nope'],
  address: ['ip=20.0.5.36', 'ip=11.0.0.3', 'ip=9.9.9.9', 'ip=2001:db8::1', 'range=20.0.5.0/24', 'range=20.0.0.0/8', 'range=20.0.0.0/24&contains=false',
    'range=20.0.0.0/16&contains=false', 'range=20.0.0.0/8&contains=false', 'range=11.0.0.0/8&contains=false', 'range=11.0.0.0/18&contains=false',
    'range=0.0.0.0/0&contains=false', 'range=99.0.0.0/8&contains=false', 'range=::/0&contains=false'],
  type: ['type=ban', 'type=captcha', 'type=throttle', 'type=nope'],
  origins: ['origins=crowdsec', 'origins=cscli', 'origins=lists,CAPI', 'origins=rare', 'origins=nope'],
  containing: ['scenarios_containing=scenario', 'scenarios_containing=by-hand', 'scenarios_containing=nope'],
  notContaining: ['scenarios_not_containing=scenario,list', 'scenarios_not_containing=nope'],
  simulated: ['simulated=true'],
  limit: ['limit=1', 'limit=100', 'limit=100&offset=1000', 'limit=100&offset=100000', 'limit=0'],
  above: ['id_gt=0', 'id_gt=499000', 'id_gt=999999999'],
};

/** Each filter alone, each pair, and so many larger combinations by chance. */
export function combinations(filters: Filters, random: () => number, moreCount: number): string[] {
  const groups = Object.values(filters);
  const queries = [''];
  for (const [index, group] of groups.entries()) {
    for (const one of group) {
      queries.push(one);
      for (const other of groups.slice(index + 1).flat()) queries.push(`${one}&${other}`);
    }
  }
  while (queries.length > 0 && moreCount-- > 0) {
    const wanted = 3 + Math.floor(random() * 2);
    const chosen = groups.toSorted(() => random() - 0.5).slice(0, wanted);
    queries.push(chosen.map((group) => group[Math.floor(random() * group.length)]).join('&'));
  }
  return queries;
}
