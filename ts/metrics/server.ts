// The /metrics endpoint of the daemon (prometheus section of config.yaml).

import { createServer, type Server } from 'node:http';
import { PalisadeError } from '../errors.js';

/** Listens and answers GET /metrics with what `text` returns. Throws E_CONFIG when the address cannot be had. */
export function serveMetrics(address: string, port: number, text: () => Promise<string>): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    text().then(
      (body) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(body),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new PalisadeError('E_CONFIG',
      `prometheus: cannot listen on ${address}:${port}: ${error.message}`, undefined, { cause: error })));
    server.listen(port, address, () => resolve(server));
  });
}
