// What the Local API bench asks of both servers: the same decisions, the same requests, and how many times faster ours
// must answer.

/** One kind of request under load. */
export interface LoadCase {
  readonly name: string;
  readonly connections: number;
  /** Our rate over the peer's, at least. */
  readonly ratioMin: number;
}

/** Sizes and goals of one run. */
export const lapiCase = {
  /** Decisions imported before anything is asked. */
  decisionCount: 100_000,
  /** Seconds of each load, after a second to warm up. */
  loadSeconds: 4,
  lookup: { name: 'GET /v1/decisions?ip=', connections: 8, ratioMin: 50 },
  delta: { name: 'stream, nothing new', connections: 8, ratioMin: 50 },
  alerts: { name: 'POST /v1/alerts', connections: 8, ratioMin: 5 },
  startupRatioMin: 8,
  importRatioMin: 3,
} as const;

/** Our server alone, with more than the peer could be waited for. */
export const lapiScaleCase = {
  /** Decisions in the lists of filters, and milliseconds each query may take. */
  listDecisionCount: 500_000,
  listMsMax: 100,
  /** Queries of /v1/decisions, and how many decisions each answers with: lists of 20,000 on other origins. */
  lists: [['ip=11.0.5.36', 1], ['range=11.0.0.0/16&contains=false', 256], ['value=11.0.5.36', 1], ['value=nope', 0], ['type=captcha', 0],
    ['scope=Country', 0], ['origins=nope', 0], ['scenarios_containing=nope', 0], ['scenarios_containing=bench&limit=100', 100],
    ['limit=100', 100], ['limit=100&offset=1000', 100], ['id_gt=499990', 10]],
  /** Of the same number of decisions, how many have an alert of their own, and every how manieth of these is unlike the others. */
  alertCount: 200_000,
  rareEvery: 100_000,
  /** Queries of /v1/alerts, and how many alerts each answers with: without a limit a hundred. */
  alertLists: [['origin=rare', 2], ['origin=crowdsec', 100], ['origin=nope', 0], ['decision_type=captcha', 2], ['decision_type=ban', 100], ['scenario=bench/rare', 2],
    ['scenario=bench/scenario', 100], ['scenario=nope', 0], ['scope=Country', 0], ['value=20.0.9.36', 1], ['value=nope', 0], ['kind=nope', 0], ['ip=20.0.5.36', 1],
    ['range=20.0.0.0/16&contains=false', 100], ['range=0.0.0.0/0&contains=false', 100], ['has_active_decision=true', 100], ['has_active_decision=false', 0],
    ['since=1ns', 0], ['until=1h', 100], ['simulated=false', 100], ['include_capi=false', 100], ['limit=50', 50]],
  /** Bouncers that start at once, decisions they are told, and the memory of the server then, megabytes. */
  startCount: 100,
  startDecisionCount: 300_000,
  startMegabytesMax: 400,
} as const;

/** The n-th banned address; every address is another one. */
export function bannedAddress(index: number): string {
  return `${11 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.${1 + (index * 7) % 254}`;
}

/** The address of the n-th alert among many; none of the above. */
export function attackerAddress(index: number): string {
  return `${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.36`;
}

/** The import file: CSV as both commands read it. */
export function importFile(count: number): string {
  const lines = ['duration,reason,scope,type,value'];
  for (let index = 0; index < count; index++) lines.push(`24h,bench,Ip,ban,${bannedAddress(index)}`);
  return `${lines.join('\n')}\n`;
}

/** An alert as an engine posts it, about an address of its own. */
export function benchAlert(index: number): object {
  const address = `203.0.${(index >> 8) & 255}.${index & 255}`;
  return { scenario: 'bench/scenario', scenario_hash: 'aa', scenario_version: '0.1', message: `Ip ${address}`, events_count: 5,
    start_at: '2026-01-01T00:00:00Z', stop_at: new Date().toISOString(), capacity: 5, leakspeed: '10s', simulated: false,
    remediation: true, source: { scope: 'Ip', value: address, ip: address },
    events: Array.from({ length: 5 }, (_, event) => ({ timestamp: `2026-01-01T00:00:0${event}Z`,
      meta: [{ key: 'source_ip', value: address }, { key: 'service', value: 'http' }, { key: 'log_type', value: 'http_access-log' }] })) };
}
