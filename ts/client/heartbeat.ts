// Tells the Local API every minute that this machine lives. A beat that fails is logged once, until one works again.

import type { Log } from '../config/log.js';

const intervalMs = 60_000;

/** What beats. */
export interface Beating {
  heartbeat(): Promise<void>;
}

/** Waits `ms` and then calls; returns a way to stop waiting. Tests bring their own. */
export type Wait = (ms: number, then: () => void) => () => void;

const timerWait: Wait = (ms, then) => {
  const timer = setTimeout(then, ms);
  timer.unref();
  return () => clearTimeout(timer);
};

/** Starts beating, at once and then every minute; returns what stops it. */
export function startHeartbeat(client: Beating, log: Log, wait: Wait = timerWait): () => void {
  let isStopped = false;
  let isFailing = false;
  let cancel = (): void => {};
  const beat = async (): Promise<void> => {
    try {
      await client.heartbeat();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error(`heartbeat: ${(error as Error).message}`);
      isFailing = true;
    }
    if (!isStopped) cancel = wait(intervalMs, () => void beat());
  };
  void beat();
  return () => {
    isStopped = true;
    cancel();
  };
}
