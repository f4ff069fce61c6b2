// A world of alerts and decisions for lists with filters, made from a seed, and what each list must say of it: a plain
// reading of all rows, which shares no code with the store. Blocklists of many decisions among alerts of one each; words that
// nearly all have, few, only the oldest, and none.

import type { IncomingAlert } from '../../lapi/store/prepared-alert.js';
import type { Store } from '../../lapi/store/store.js';

/** How large a world is. */
export interface WorldSize {
  /** Alerts with one decision each, one of ten without. */
  readonly alertCount: number;
  readonly listCount: number;
  /** Decisions of each blocklist. */
  readonly listSize: number;
}

/** First and last address: numbers of IPv4, bigints of IPv6. */
type Bounds = readonly [first: number, last: number] | readonly [first: bigint, last: bigint];

/** One decision; its bounds are null for what is no address. */
export interface WorldDecision {
  readonly origin: string;
  readonly type: string;
  readonly scenario: string;
  readonly scope: string;
  readonly value: string;
  readonly hours: number;
  readonly bounds: Bounds | null;
}

/** One alert, by hours before the present. */
export interface WorldAlert {
  readonly scenario: string;
  readonly scope: string;
  readonly value: string;
  readonly kind: string;
  readonly simulated: boolean;
  readonly hoursAgo: number;
  readonly decisions: readonly WorldDecision[];
}

/** The hours that the world is old, at most; all is newer than a week, after which retention takes it. */
const ageHours = 144;
const alertsPerBatch = 50;

/** Returns the alerts, oldest first. */
export function alertWorld({ alertCount, listCount, listSize }: WorldSize, random: () => number): WorldAlert[] {
  const listEvery = Math.floor(alertCount / (listCount + 1));
  const alerts: WorldAlert[] = [];
  for (let index = 0, lists = 0; index < alertCount; index++) {
    // Whole hours, so that half an hour divides the world alike whenever it is asked.
    const hoursAgo = Math.ceil(ageHours * (1 - index / alertCount));
    alerts.push(singleAlert(index, index / alertCount, hoursAgo, random));
    if (lists < listCount && index === listEvery * (lists + 1)) alerts.push(blocklist(lists++, listSize, hoursAgo));
  }
  return alerts;
}

/** `age` is 0 for the oldest. */
function singleAlert(index: number, age: number, hoursAgo: number, random: () => number): WorldAlert {
  const isRare = age < 0.001 && index % 7 === 0;
  const chance = random();
  const scope = isRare ? 'Country' : chance < 0.9 ? 'Ip' : chance < 0.95 ? 'Range' : 'user';
  const [value, bounds] = scope === 'Country' ? ['FR', null] : scope === 'user' ? [`user${index}`, null] : singleTarget(index, scope);
  const scenario = isRare ? 'bench/rare' : `bench/scenario-${Math.floor(random() ** 3 * 20)}`;
  // By hand and captcha never meet: each has its tenth, both together nobody.
  const way = Math.floor(random() * 10);
  const [origin, type] = isRare ? ['rare', 'throttle'] : way === 0 ? ['cscli', 'ban'] : way === 1 ? ['crowdsec', 'captcha'] : ['crowdsec', 'ban'];
  // What is old is in force, what is new has ended.
  const hours = age < 0.6 ? hoursAgo + 48 : hoursAgo / 2;
  const decision = { origin, type, scenario: isRare ? 'bench/by-hand' : scenario, scope, value, hours, bounds };
  return { scenario, scope, value, kind: isRare ? 'rare' : way === 0 ? 'cscli' : 'crowdsec', simulated: way === 5, hoursAgo,
    decisions: random() < 0.1 ? [] : [decision] };
}

function blocklist(list: number, size: number, hoursAgo: number): WorldAlert {
  const origin = list % 3 === 0 ? 'CAPI' : 'lists';
  const scenario = `list-${list}`;
  const decisions = Array.from({ length: size }, (_, index) => {
    const [value, bounds] = listedAddress(list, list * size + index);
    return { origin, type: 'ban', scenario, scope: 'Ip', value, hours: hoursAgo + 24, bounds };
  });
  return { scenario: `update : +${size}/-0 IPs`, scope: origin === 'CAPI' ? 'crowdsecurity/community-blocklist' : `lists:${scenario}`, value: '',
    kind: '', simulated: false, hoursAgo, decisions };
}

/** Of ten alerts one is about IPv6; what lies in a range of it is an address of a network of its own, or such a network. */
function singleTarget(index: number, scope: string): [value: string, bounds: Bounds] {
  if (index % 10 === 5) {
    const group = 0x1000_0000 + index;
    const first = numberOfGroups(group, 0);
    return scope === 'Range' ? [`${textOfGroups(group, 0)}/64`, [first, first + 2n ** 64n - 1n]]
      : [textOfGroups(group, 0x24), [first + 0x24n, first + 0x24n]];
  }
  const number = 20 * 2 ** 24 + index * 256 + 36;
  return scope === 'Range' ? [`${dotted(number - 36)}/24`, [number - 36, number + 219]] : [dotted(number), [number, number]];
}

/** Every other list is one of IPv6, of 256 addresses in each network. */
function listedAddress(list: number, index: number): [value: string, bounds: Bounds] {
  if (list % 2 === 1) {
    const [group, host] = [index >>> 8, (index & 255) * 3 + 1];
    const number = numberOfGroups(group, host);
    return [textOfGroups(group, host), [number, number]];
  }
  const number = 11 * 2 ** 24 + index * 3;
  return [dotted(number), [number, number]];
}

/** Writes a world into an empty store whose clock is `clock`, which ends at `nowMs`. Ids of alerts and decisions follow the world. */
export async function fillWorld(store: Store, clock: { ms: number }, world: readonly WorldAlert[], nowMs: number): Promise<void> {
  let batch: IncomingAlert[] = [];
  const send = async (): Promise<void> => {
    await store.alerts.add(null, batch);
    batch = [];
  };
  for (const [index, alert] of world.entries()) {
    const isList = alert.decisions.length > 1;
    // A batch is of one instant; what follows of a list follows its batch.
    if (index > 0 && (isList || alert.hoursAgo !== world[index - 1].hoursAgo || batch.length >= alertsPerBatch)) await send();
    clock.ms = nowMs - alert.hoursAgo * 3_600_000;
    batch.push(incomingAlert(alert, nowMs));
    if (isList) await send();
  }
  await send();
  clock.ms = nowMs;
}

/** What a machine sends of an alert of the world. */
function incomingAlert(alert: WorldAlert, nowMs: number): IncomingAlert {
  const at = new Date(nowMs - alert.hoursAgo * 3_600_000).toISOString();
  return { scenario: alert.scenario, scenario_hash: '', scenario_version: '', message: '', events_count: 1, start_at: at, stop_at: at, capacity: 0,
    leakspeed: '', simulated: alert.simulated, remediation: true, kind: alert.kind, events: [], labels: null,
    source: { scope: alert.scope, value: alert.value },
    decisions: alert.decisions.map(({ hours, bounds: _, ...decision }) => ({ ...decision, duration: `${hours.toFixed(6)}h` })) } as unknown as IncomingAlert;
}

type Test<T> = (row: T) => boolean;

/** What a query asks of each row, read once: of each name that it has, the test that its value makes. */
function testsOf<T>(query: URLSearchParams, makers: Readonly<Record<string, (value: string) => Test<T>>>): Test<T> {
  const tests = Object.entries(makers).filter(([name]) => query.has(name)).map(([name, make]) => make(query.get(name)!));
  return (row) => tests.every((test) => test(row));
}

/** Places of the alerts that GET /v1/alerts answers with, in its order. */
export function listAlerts(world: readonly WorldAlert[], query: URLSearchParams): number[] {
  const some = (test: Test<WorldDecision>): Test<WorldAlert> => ({ decisions }) => decisions.some(test);
  const isFromList = ({ scope, decisions }: WorldAlert): boolean => decisions.some(({ origin }) => origin === 'CAPI' || origin === 'lists')
    || (decisions.length === 0 && /^lists:|^crowdsecurity\/community-blocklist$/.test(scope));
  const ofHours = (test: (hoursAgo: number, hours: number) => boolean) => (value: string): Test<WorldAlert> => {
    const hours = parseFloat(value);
    return ({ hoursAgo }) => test(hoursAgo, hours);
  };
  const inRange = (text: string): Test<WorldAlert> => some(rangeTest(text, query));
  const passes = testsOf<WorldAlert>(query, {
    scope: (wanted) => ({ scope }) => scope === wanted, value: (wanted) => ({ value }) => value === wanted,
    kind: (wanted) => ({ kind }) => kind === wanted, simulated: (value) => ({ simulated }) => value !== 'false' || !simulated,
    scenario: (name) => (alert) => alert.scenario === name || alert.decisions.some(({ scenario }) => scenario === name),
    origin: (name) => some(({ origin }) => origin === name), decision_type: (name) => some(({ type }) => type === name),
    since: ofHours((hoursAgo, hours) => hoursAgo <= hours), until: ofHours((hoursAgo, hours) => hoursAgo >= hours),
    created_before: ofHours((hoursAgo, hours) => hoursAgo >= hours),
    has_active_decision: (value) => (alert) => value === 'true' ? alert.decisions.some((decision) => isActive(alert, decision)) : alert.decisions.length === 0,
    include_capi: (value) => (alert) => value !== 'false' || query.has('origin') || !isFromList(alert),
    range: inRange, ip: inRange,
  });
  const found = world.map((alert, place) => passes(alert) ? place : -1).filter((place) => place >= 0);
  if (query.get('sort') !== 'ASC') found.reverse();
  const limit = Number(query.get('limit') ?? 100);
  return limit === 0 ? found : found.slice(0, limit);
}

/** Places of the decisions that GET /v1/decisions answers with, among all of the world, in no order. */
export function listDecisions(world: readonly WorldAlert[], query: URLSearchParams): number[] {
  const contains = (list: string): Test<WorldDecision> => {
    const words = list.split(',');
    return ({ scenario }) => words.some((word) => scenario.includes(word));
  };
  const inRange = (text: string): Test<WorldDecision> => rangeTest(text, query);
  const passes = testsOf<WorldDecision>(query, {
    scopes: (scopes) => ({ scope }) => scopes.split(',').includes(scope), value: (wanted) => ({ value }) => value === wanted,
    type: (wanted) => ({ type }) => type === wanted, origins: (origins) => ({ origin }) => origins.split(',').includes(origin),
    scenarios_containing: contains,
    scenarios_not_containing: (words) => (decision) => !contains(words)(decision),
    range: inRange, ip: inRange,
  });
  const withSimulated = query.get('simulated') === 'true';
  const above = Number(query.get('id_gt') ?? 0);
  const found: number[] = [];
  let place = -1;
  for (const alert of world) for (const decision of alert.decisions) {
    place++;
    if (isActive(alert, decision) && (withSimulated || !alert.simulated) && place + 1 > above && passes(decision)) found.push(place);
  }
  return found;
}

function isActive(alert: WorldAlert, decision: WorldDecision): boolean {
  return decision.hours > alert.hoursAgo;
}

function rangeTest(text: string, query: URLSearchParams): Test<WorldDecision> {
  const [address, length] = text.split('/');
  const isV6 = address.includes(':');
  const first = isV6 ? readV6(address) : address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
  const last = typeof first === 'bigint' ? first + 2n ** BigInt(128 - Number(length ?? 128)) - 1n : first + 2 ** (32 - Number(length ?? 32)) - 1;
  const isWithin = query.get('contains') === 'false';
  return ({ bounds }) => bounds !== null && isV6 === (typeof bounds[0] === 'bigint')
    && (isWithin ? first <= bounds[0] && bounds[1] <= last : bounds[0] <= first && last <= bounds[1]);
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

/** An address of 2001:db8::/32 by the 32 bits that follow and its last ones. */
function textOfGroups(group: number, host: number): string {
  return `2001:db8:${(group >>> 16).toString(16)}:${(group & 0xffff).toString(16)}::${host.toString(16)}`;
}

function numberOfGroups(group: number, host: number): bigint {
  return (0x2001_0db8n << 96n) + (BigInt(group) << 64n) + BigInt(host);
}

function readV6(text: string): bigint {
  const [head, tail] = text.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`);
}
