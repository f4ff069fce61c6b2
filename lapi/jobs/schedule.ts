// Repeats a job with a pause between rounds; a round that takes long delays the next one, they never overlap.

/** A repeated job. */
export interface Schedule {
  /** No further round starts; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

/** Waits `ms`; tests bring their own. Returns a way to stop waiting. */
export type Wait = (ms: number, then: () => void) => () => void;

const timerWait: Wait = (ms, then) => {
  const timer = setTimeout(then, ms);
  timer.unref();
  return () => clearTimeout(timer);
};

/** Runs `job` every `intervalMs`, first after one interval. `job` must not reject. */
export function repeat(job: () => Promise<void>, intervalMs: number, wait: Wait = timerWait): Schedule {
  let isStopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel = (): void => {};
  const next = (): void => {
    cancel = wait(intervalMs, () => {
      running = job().then(() => {
        if (!isStopped) next();
      });
    });
  };
  next();
  return { stop: async () => {
    isStopped = true;
    cancel();
    await running;
  } };
}
