import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { after, describe, test } from 'node:test';
import type { LapiReport, LapiRequest } from '../../lapi/main.js';
import type { LapiOptions } from '../../lapi/run.js';
import { hashPassword } from '../../lapi/store/credentials.js';
import { openStore } from '../../lapi/store/store.js';
import { LapiClient } from '../../ts/client/client.js';
import type { Alert } from '../../ts/model/alert.js';
import { alertBody } from './instance.js';

const profiles = `name: repeat_offender
filters:
 - Alert.Remediation == true && Alert.GetScope() == "Ip"
decisions:
 - type: ban
   duration: 4h
duration_expr: "Sprintf('%dh', (GetDecisionsCount(Alert.GetValue()) + 1) * 4)"
on_success: break
`;

describe('the thread of the Local API', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-thread-'));
  after(() => rmSync(folder, { recursive: true }));
  let count = 0;

  const options = (changes: Partial<LapiOptions['server']> = {}, profilesText = profiles): LapiOptions => {
    const dataDir = join(folder, String(count++));
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'profiles.yaml'), profilesText);
    return { dataDir, clockOffsetMs: 0,
      database: { type: 'sqlite', path: join(dataDir, 'crowdsec.db'), useWal: null, user: '', password: '', name: '', host: '',
        port: 0, bulkSize: 1000, flush: { max_items: 5000, max_age: '7d' } },
      server: { enabled: true, listenUri: '127.0.0.1:0', listenSocket: '', profilesPath: join(dataDir, 'profiles.yaml'),
        logLevel: 'info', useForwardedForHeaders: false, trustedProxies: [], trustedIps: [], disableRemoteRegistration: false,
        autoRegistration: null, tls: null, ...changes } };
  };

  test('serves, counts, and ends when told; bans grow with each one before, by the counts in the database', async () => {
    const settings = options();
    const store = await openStore(settings.database);
    await store.machines.add({ name: 'm', passwordHash: (await hashPassword('p'))!, ipAddress: '', isValidated: true });
    const thread = new Thread(settings);
    const listening = await thread.next('listening');
    const client = new LapiClient({ url: `http://127.0.0.1:${listening.port}/`, login: 'm', password: 'p' });
    const stopped = new Date().toISOString();
    for (let i = 0; i < 3; i++) await client.postAlerts([alertBody({ stop_at: stopped }) as unknown as Alert]);
    const hours = (await client.listAlerts({ sort: 'ASC' })).map((alert) => Math.round(hoursOf(alert.decisions![0].duration)));
    assert.deepEqual(hours, [4, 8, 12]);
    thread.ask({ type: 'metrics', id: 7 });
    const { id, samples } = await thread.next('metrics');
    assert.equal(id, 7);
    const value = (name: string, labels: object): number | undefined => samples.find((sample) => sample.name === name
      && Object.entries(labels).every(([key, label]) => sample.labels[key] === label))?.value;
    assert.equal(value('cs_lapi_route_requests_total', { route: '/v1/alerts', method: 'POST' }), 3);
    assert.equal(value('cs_lapi_machine_requests_total', { machine: 'm', route: '/v1/alerts', method: 'GET' }), 1);
    assert.equal(value('cs_active_decisions', { reason: 'test/scenario', origin: 'crowdsec', action: 'ban' }), 3);
    assert.equal(value('cs_alerts', { reason: 'test/scenario' }), 3);
    assert.equal(value('cs_lapi_request_duration_seconds_count', { endpoint: '/v1/alerts', method: 'POST' }), 3);
    client.close();
    thread.ask({ type: 'close' });
    await thread.next('closed');
    assert.equal(await thread.exited, 0);
    // What was acknowledged is there for the next one.
    assert.equal(await store.alerts.count(), 3);
    await store.close();
  });

  test('says why it cannot start, and ends', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => busy.once('listening', resolve));
    const cases: [options: LapiOptions, message: RegExp][] = [
      [options({ listenUri: `127.0.0.1:${(busy.address() as AddressInfo).port}` }), /bind: address already in use/],
      [options({}, 'filters: [nope(]\n'), /profiles\.yaml:1:/],
      [options({}, ''), /zero profiles loaded for LAPI/],
      [options({}, profiles.replace('true &&', '1 &&')), /profiles\.yaml:3/],
      [options({ autoRegistration: { token: 'short', allowedRanges: ['::/0'] } }), /auto_register is too short \(min 32 characters\)$/],
      [options({ autoRegistration: { token: 'x'.repeat(32), allowedRanges: [] } }), /^missing allowed_ranges value for api\.server\.auto_register$/],
      [options({ autoRegistration: { token: 'x'.repeat(32), allowedRanges: ['zz'] } }), /auto_registration\.allowed_ranges: invalid ip address 'zz'/],
      [options({ tls: { cert_file: 'x' } }), /^missing TLS key file$/],
      [options({ trustedIps: ['zz'] }), /trusted_ips: invalid ip address 'zz'/],
    ];
    for (const [settings, message] of cases) {
      const thread = new Thread(settings);
      assert.match((await thread.next('failed')).message, message);
      assert.equal(await thread.exited, 0);
    }
    busy.close();
  });

  test('only checks when told so', async () => {
    const good = new Thread({ ...options(), checkOnly: true });
    await good.next('checked');
    const bad = new Thread({ ...options({}, 'name: a\nfoo: b\n'), checkOnly: true });
    assert.match((await bad.next('failed')).message, /unknown key "foo"/);
    await Promise.all([good.exited, bad.exited]);
  });
});

function hoursOf(duration: string): number {
  const [, hours, minutes] = /^(\d+)h(\d+)m/.exec(duration)!;
  return Number(hours) + Number(minutes) / 60;
}

/** The thread with its reports as values to wait for. */
class Thread {
  readonly exited: Promise<number>;
  readonly #worker: Worker;
  readonly #reports: LapiReport[] = [];
  #wake = (): void => {};

  constructor(options: LapiOptions) {
    this.#worker = new Worker(new URL('../../lapi/main.js', import.meta.url), { workerData: options });
    this.exited = new Promise((resolve, reject) => {
      this.#worker.once('exit', resolve);
      this.#worker.once('error', reject);
    });
    this.#worker.on('message', (report: LapiReport) => {
      this.#reports.push(report);
      this.#wake();
    });
  }

  ask(request: LapiRequest): void {
    this.#worker.postMessage(request);
  }

  /** The next report of a type. Another end than the one asked for is a failure. */
  async next<T extends LapiReport['type']>(type: T): Promise<Extract<LapiReport, { type: T }>> {
    for (;;) {
      const found = this.#reports.find((report) => report.type === type);
      if (found !== undefined) {
        this.#reports.splice(this.#reports.indexOf(found), 1);
        return found as Extract<LapiReport, { type: T }>;
      }
      const failed = this.#reports.find((report) => report.type === 'failed');
      if (failed !== undefined) assert.fail(JSON.stringify(failed));
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
  }
}
