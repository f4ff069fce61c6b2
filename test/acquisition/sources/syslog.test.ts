// The syslog server, with datagrams over the loopback.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, beforeEach, test } from 'node:test';
import { syslogSource, syslogSpec, type SyslogSource, type SyslogSpec } from '../../../ts/acquisition/sources/syslog.js';
import type { SourceSettings } from '../../../ts/acquisition/source.js';
import { Collected, TestContext } from '../collected.js';

const settings: SourceSettings = { labels: { type: 'syslog' }, mode: 'tail', useTimeMachine: false, name: '', uniqueId: '',
  logLevel: null, transform: null, place: null };
const sender = createSocket('udp4');
let context: TestContext;

beforeEach(() => {
  context = new TestContext();
});
after(() => sender.close());

async function listen(options: Partial<SyslogSpec> = {}): Promise<{ source: SyslogSource; collected: Collected }> {
  const source = syslogSource(settings, { ...syslogSpec(settings, { listen_port: 0 }), ...options }, context);
  return { source, collected: await Collected.from(source) };
}

function send(port: number, message: string): Promise<void> {
  return new Promise((resolve, reject) => {
    sender.send(Buffer.from(message, 'latin1'), port, '127.0.0.1', (error) => error === null ? resolve() : reject(error));
  });
}

test('messages of both forms become lines of their sender', async () => {
  const { source, collected } = await listen();
  await send(source.port, '<34>Oct 11 22:14:15 host sshd[1]: one');
  await send(source.port, '<34>1 2026-10-11T22:14:16Z host sshd 2 - - two');
  await send(source.port, 'nonsense');
  await send(source.port, `<34>Oct 11 22:14:17 host sshd: ${'x'.repeat(3000)}`);
  await collected.reach(3);
  await collected.close();
  assert.deepEqual(collected.texts('127.0.0.1').map((text) => text.slice(0, 34)),
    ['Oct 11 22:14:15 host sshd[1]: one', 'Oct 11 22:14:16 host sshd[2]: two', 'Oct 11 22:14:17 host sshd: xxxxxxx']);
  assert.equal(collected.texts()[2].length, 2048 - '<34>'.length);
  assert.ok(collected.batches.every((batch) => batch.source.module === 'syslog'));
  assert.deepEqual(context.counters.snapshot().filter(({ value }) => value > 0).map(({ name, labels, value }) => [name, labels['type'], value]),
    [['cs_syslogsource_parsed_total', 'rfc3164', 2], ['cs_syslogsource_hits_total', undefined, 4], ['cs_syslogsource_parsed_total', 'rfc5424', 1]]);
  await context.said(/unrecognized syslog message from 127\.0\.0\.1/);
});

test('with the parser off messages are lines as they are', async () => {
  const { source, collected } = await listen({ raw: true });
  await send(source.port, '<34>any \xe9 text\n');
  await collected.reach(1);
  await collected.close();
  assert.deepEqual(collected.texts(), ['any \xe9 text']);
  assert.deepEqual([...collected.batches[0].flags], [0]);
});

test('many messages come in order', async () => {
  const { source, collected } = await listen();
  for (let i = 0; i < 3000; i++) {
    await send(source.port, `<34>Oct 11 22:14:15 host app: ${i}`);
    // The kernel keeps a few hundred at most.
    if (i % 100 === 99) await collected.reach(i + 1);
  }
  await collected.close();
  assert.deepEqual(collected.texts().map((text) => Number(text.split(': ')[1])), Array.from({ length: 3000 }, (_, index) => index));
});

test('a port in use is an error that says so', async () => {
  const { source, collected } = await listen();
  await assert.rejects(listen({ port: source.port }), (error: Error & { code: string }) =>
    error.code === 'E_SOURCE' && /could not start syslog server: .*EADDRINUSE/.test(error.message));
  await collected.close();
});

test('closing while nothing arrives ends the reading', async () => {
  const { collected } = await listen();
  await collected.close();
  assert.deepEqual(collected.texts(), []);
});
