// A TCP port for a server that a test starts as a process of its own. Below the range from which the kernel gives ports
// to clients, and at random, so that nothing else takes it between the look and the start.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const first = 10_000;
const end = 32_000;

/** Resolves with a port on 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(first, end);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
