import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Transport } from '../../ts/client/transport.js';

const long = JSON.stringify(Array.from({ length: 1000 }, (_, index) => ({ index, text: 'the same again' })));

for (const [where, host, encoding] of [['this host', '127.0.0.1', undefined], ['another host', '0.0.0.0', 'gzip']] as const) {
  test(`a long body goes to ${where} ${encoding === undefined ? 'as it is' : 'compressed'}`, async () => {
    let heard: Pick<IncomingMessage, 'headers'> & { body: Buffer } | null = null;
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      heard = { headers: request.headers, body: Buffer.concat(chunks) };
      response.end('[]');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    // 0.0.0.0 leads here too, but the client cannot know.
    const transport = new Transport({ url: `http://${host}:${(server.address() as AddressInfo).port}/` });
    try {
      await transport.send({ method: 'POST', path: 'v1/alerts', headers: {}, body: long });
      const { headers, body } = heard!;
      assert.equal(headers['content-encoding'], encoding);
      assert.equal(Number(headers['content-length']), body.length);
      assert.equal((encoding === undefined ? body : gunzipSync(body)).toString(), long);
    } finally {
      transport.close();
      server.close();
    }
  });
}
