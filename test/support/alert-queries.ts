// Filters of lists as query strings: of each key some values, that nearly all rows have, few, only the oldest, or none. They are asked
// alone, in pairs, and by chance in threes and fours: of the world in alert-world.ts.

import { pick } from './random.js';

/** One group cannot be combined with itself. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/** Of GET /v1/alerts. */
export const alertFilters: Filters = {
  scope: ['scope=Ip', 'scope=Range', 'scope=Country', 'scope=nope'],
  value: ['value=20.0.9.36', 'value=', 'value=nope'],
  scenario: ['scenario=bench/scenario-0', 'scenario=bench/scenario-19', 'scenario=bench/rare', 'scenario=bench/by-hand', 'scenario=list-3', 'scenario=nope'],
  address: ['ip=20.0.5.36', 'ip=11.0.0.3', 'ip=9.9.9.9', 'ip=2001:db8::1', 'ip=2001:db8:1000:5::24', 'ip=2001:db8:ffff::1', 'range=20.0.5.0/24', 'range=20.0.0.0/8',
    'range=20.0.0.0/24&contains=false', 'range=20.1.0.0/16&contains=false', 'range=20.0.0.0/8&contains=false', 'range=11.0.0.0/8&contains=false',
    'range=11.0.0.0/18&contains=false', 'range=0.0.0.0/0&contains=false', 'range=99.0.0.0/8&contains=false', 'range=::/0&contains=false', 'range=2001:db8::/33&contains=false',
    'range=2001:db8::/62&contains=false', 'range=2001:db8:1000:5::/64', 'range=2001:db8:1000::/52&contains=false'],
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
  address: ['ip=20.0.5.36', 'ip=11.0.0.3', 'ip=9.9.9.9', 'ip=2001:db8::1', 'ip=2001:db8:1000:5::24', 'ip=2001:db8:ffff::1', 'range=20.0.5.0/24', 'range=20.0.0.0/8', 'range=20.0.0.0/24&contains=false',
    'range=20.0.0.0/16&contains=false', 'range=20.0.0.0/8&contains=false', 'range=11.0.0.0/8&contains=false', 'range=11.0.0.0/18&contains=false',
    'range=0.0.0.0/0&contains=false', 'range=99.0.0.0/8&contains=false', 'range=::/0&contains=false', 'range=2001:db8::/33&contains=false',
    'range=2001:db8::/62&contains=false', 'range=2001:db8:1000:5::/64', 'range=2001:db8:1000::/52&contains=false'],
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
  for (let count = 0; count < moreCount; count++) {
    const left = [...groups];
    const chosen = Array.from({ length: 3 + Math.floor(random() * 2) }, () => left.splice(Math.floor(random() * left.length), 1)[0]);
    queries.push(chosen.map((group) => pick(random, group)).join('&'));
  }
  return queries;
}
