// Waits for what another process or the kernel does. The limit is generous: it is there to end a test, not to time it.

import assert from 'node:assert/strict';

const limitMs = 120_000;
const lookIntervalMs = 5;

/** Resolves when something holds; fails with `what` when it does not for two minutes. */
export async function waitFor(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + limitMs;
  while (!await holds()) {
    assert.ok(performance.now() < untilMs, what);
    await new Promise((resolve) => setTimeout(resolve, lookIntervalMs));
  }
}
