// The work that recurs every minute: alerts by age and number and those left unfinished, orphans, silent clients, old reports,
// ended allowlist items, past bans, the change log. One round is bounded; what is left waits for the next.

import type { Log } from '../../ts/config/log.js';
import { lapiLimits } from '../limits.js';
import type { Store } from '../store/store.js';
import type { RetentionPlan } from './plan.js';

/** Runs one round, unless another Local API on the same database does that. */
export async function runRetentionInTurn(store: Store, plan: RetentionPlan, log: Log): Promise<void> {
  try {
    if (!await store.jobs.hold(lapiLimits.jobLeaseMs)) return;
  } catch (error) {
    log.warning(`retention: ${(error as Error).message}`);
    return;
  }
  await runRetention(store, plan, log);
}

/** Runs one round. A step that fails is logged and does not keep the others from running. */
export async function runRetention(store: Store, plan: RetentionPlan, log: Log): Promise<void> {
  const slices = lapiLimits.flushSlicesPerRound;
  const step = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      log.warning(`retention, ${name}: ${(error as Error).message}`);
    }
  };
  await step('unfinished alerts', async () => {
    const count = await store.retention.removeAbandoned();
    if (count > 0) log.warning(`${count} alerts taken back: not all of their decisions were written, and nobody goes on`);
  });
  await step('orphans', async () => {
    const count = await store.retention.removeOrphans(slices);
    if (count > 0) log.info(`${count} deleted orphan events and decisions`);
  });
  await step('alerts', async () => {
    const { byAge, byCount, total } = await store.retention.flushAlerts(
      { ageMaxNs: plan.alertAgeMaxNs, countMax: plan.alertCountMax }, slices);
    if (byCount > 0) log.info(`flushed ${byCount}/${total} alerts: no more than ${plan.alertCountMax} are kept`);
    if (byAge > 0) log.info(`flushed ${byAge}/${total} alerts because of their age`);
  });
  await step('machines and bouncers', () => removeSilentClients(store, plan, log));
  await step('usage metrics', async () => {
    await store.usageMetrics.removeReceivedBefore(store.now().add(-plan.metricsAgeMaxNs));
  });
  await step('allowlists', async () => { await store.allowlists.removeExpiredItems(); });
  await step('past bans', async () => { await store.retention.forgetBans(); });
  await step('change log', async () => { await store.changes.trim(); });
}

async function removeSilentClients(store: Store, plan: RetentionPlan, log: Log): Promise<void> {
  for (const { authType, silenceMaxNs } of plan.machines) {
    const count = await store.machines.removeSilent(authType, store.now().add(-silenceMaxNs));
    if (count > 0) log.info(`deleted ${count} expired machines (${authType} auth)`);
  }
  for (const { authType, silenceMaxNs } of plan.bouncers) {
    const count = await store.bouncers.removeSilent(authType, store.now().add(-silenceMaxNs));
    if (count > 0) log.info(`deleted ${count} expired bouncers (${authType})`);
  }
}
