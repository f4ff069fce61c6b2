// Takes alerts in: spells scopes, drops what an allowlist covers, lets the profiles decide, stores.

import type { Alert, Decision } from '../ts/model/alert.js';
import { DurationError, formatGoDuration } from '../ts/util/go-duration.js';
import type { LapiDeps } from './deps.js';
import { Refusal } from './errors.js';
import type { AddAlertsRequest } from './schema/alert.js';
import { normalizeScope } from './scope.js';
import { lastUnban } from './store/ban-history.js';
import type { IncomingAlert } from './store/prepared-alert.js';
import { IpRangeError } from './store/ip-range.js';

/** What taking alerts in needs. */
export interface IntakeDeps extends Pick<LapiDeps, 'store' | 'profiles' | 'neverBan' | 'afterUnbanNs' | 'log'> {
  readonly metrics: Pick<LapiDeps['metrics'], 'countSpared'>;
}

/** Stores the alerts of a machine and returns their ids. Throws a Refusal; then nothing was stored. */
export async function takeAlerts(deps: IntakeDeps, machine: string, alerts: AddAlertsRequest,
  ownIds: boolean): Promise<readonly number[]> {
  const wanted: IncomingAlert[] = [];
  for (const alert of alerts) {
    const taken = await takeAlert(deps, machine, alert as Alert);
    if (taken !== null) wanted.push(taken);
  }
  try {
    const { ids, remarks } = await deps.store.alerts.add(machine, wanted, ownIds);
    // Bouncers hear of it before the machine does.
    deps.store.decisions.wake();
    for (const remark of remarks) deps.log.warning(`machine ${machine}: ${remark}`);
    for (const alert of wanted) for (const line of describe(machine, alert)) deps.log.info(line);
    return ids;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new Refusal('badValue', `machine "${machine}": ${error.message}`);
  }
}

/** Completes an alert of a request in place: to copy one costs more than all else that is done to it here. */
async function takeAlert(deps: IntakeDeps, machine: string, alert: Alert): Promise<IncomingAlert | null> {
  const given = (alert.decisions ?? []).map(withNormalScope);
  alert.machine_id = machine;
  alert.decisions = given;
  alert.source.scope = normalizeScope(alert.source.scope);
  if (given.length > 0) {
    alert.decisions = spareGiven(deps, machine, given);
    return alert;
  }
  const reasons = await allowlistReasons(deps, alert);
  if (reasons.length > 0) {
    deps.log.info(`alert source ${alert.source.value} is allowlisted by ${reasons.join(', ')}, skipping`);
    return null;
  }
  const outcome = await deps.profiles.evaluate(alert);
  for (const remark of outcome.remarks) deps.log.warning(remark);
  if (outcome.failure !== null) throw new Refusal('failed', outcome.failure);
  alert.decisions = await spareOwn(deps, alert, outcome.decisions);
  return alert;
}

/** Mostly the decision itself: of a list of thousands none should be copied. */
function withNormalScope(decision: Decision): Decision {
  const scope = normalizeScope(decision.scope);
  return scope === decision.scope ? decision : { ...decision, scope };
}

/** What is left of the decisions that an alert brought. Refuses the alert when none is, and says why. */
function spareGiven(deps: IntakeDeps, machine: string, given: readonly Decision[]): Decision[] {
  const kept: Decision[] = [];
  let firstReason = '';
  for (const decision of given) {
    const exemption = deps.neverBan?.exemptionOf(decision.scope, decision.value) ?? null;
    if (exemption === null) {
      kept.push(decision);
      continue;
    }
    deps.metrics.countSpared(exemption.kind);
    if (firstReason === '') firstReason = exemption.text;
  }
  if (kept.length === 0) throw new Refusal('forbidden', firstReason);
  const count = given.length - kept.length;
  if (count > 0) deps.log.warning(`machine ${machine}: ${count} of ${given.length} decisions left out: ${firstReason}`);
  return kept;
}

/** What is left of the decisions that the profiles made: none on whom was just let go, none on whom is never banned. */
async function spareOwn(deps: IntakeDeps, alert: Alert, made: readonly Decision[]): Promise<Decision[]> {
  const { afterUnbanNs = 0, store } = deps;
  if (made.length > 0 && afterUnbanNs > 0) {
    const unban = await lastUnban(store, alert.source, store.now().add(-afterUnbanNs));
    if (unban !== null) {
      deps.metrics.countSpared('after_unban');
      const { scope, value } = alert.source;
      deps.log.info(`no decision on ${scope} ${value} for ${alert.scenario}: it was let go at ${unban.toRfc3339()}, `
        + `after_unban is ${formatGoDuration(afterUnbanNs)}`);
      return [];
    }
  }
  return made.filter((decision) => {
    const exemption = deps.neverBan?.exemptionOf(decision.scope, decision.value) ?? null;
    if (exemption === null) return true;
    deps.metrics.countSpared(exemption.kind);
    deps.log.warning(`no decision for ${alert.scenario}: ${exemption.text}`);
    return false;
  });
}

/** An allowlist that cannot be asked does not hold an alert back. */
async function allowlistReasons({ store }: IntakeDeps, { source }: Alert): Promise<string[]> {
  if (source.scope !== 'Ip' && source.scope !== 'Range') return [];
  try {
    return await store.allowlists.reasons(source.value);
  } catch (error) {
    if (error instanceof IpRangeError) return [];
    throw error;
  }
}

/** One line for each decision, or for the alert, as CrowdSec logs them. */
function describe(machine: string, alert: IncomingAlert): string[] {
  const { source } = alert;
  const scope = source.scope === 'Ip' || source.scope === 'Range' ? source.scope.toLowerCase() : source.scope;
  const place = [source.cn, source.as_number].filter(Boolean).join('/');
  const who = source.scope === '' ? 'empty source' : `${scope} ${source.value}${place === '' ? '' : ` (${place})`}`;
  const head = `(${machine}) ${alert.scenario || 'empty scenario'} by ${who}`;
  const decisions = alert.decisions ?? [];
  if (decisions.length === 0) return [head];
  // A list of thousands is one line, not thousands.
  if (decisions.length > 10) return [`${head} : ${decisions.length} decisions`];
  return decisions.map((decision) => `(${machine}/${decision.origin}) ${alert.scenario} by ${who} : ${
    decision.duration} ${decision.type}${alert.simulated ? ' (simulated)' : ''} on ${decision.scope} ${
    decision.value}`);
}
