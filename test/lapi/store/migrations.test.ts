import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import { openStore } from '../../../lapi/store/store.js';
import { alertBody } from '../instance.js';
import { onEachDatabase } from './databases.js';

/** Tables as CrowdSec 1.4 made them, with a ban, its alert, a machine and a bouncer, times as its driver writes them. */
const oldTables = `
  create table machines (id integer not null primary key autoincrement, created_at datetime, updated_at datetime, last_push datetime,
    last_heartbeat datetime, machine_id varchar(255) not null unique, password varchar(255) not null, ip_address varchar(255) not null,
    scenarios varchar(255), version varchar(255), is_validated bool not null default false, status varchar(255));
  create table bouncers (id integer not null primary key autoincrement, created_at datetime, updated_at datetime,
    name varchar(255) not null unique, api_key varchar(255) not null, revoked bool not null, ip_address varchar(255) default '',
    type varchar(255), version varchar(255), until datetime, last_pull datetime not null);
  create table alerts (id integer not null primary key autoincrement, created_at datetime, updated_at datetime, scenario varchar(255) not null,
    bucket_id varchar(255) default '', message varchar(255) default '', events_count integer default 0, started_at datetime, stopped_at datetime,
    source_ip varchar(255), source_range varchar(255), source_as_number varchar(255), source_as_name varchar(255), source_country varchar(255),
    source_latitude real, source_longitude real, source_scope varchar(255), source_value varchar(255), capacity integer, leak_speed varchar(255),
    scenario_version varchar(255), scenario_hash varchar(255), simulated bool not null default false,
    machine_alerts integer references machines (id) on delete set null);
  create table decisions (id integer not null primary key autoincrement, created_at datetime, updated_at datetime, until datetime,
    scenario varchar(255) not null, type varchar(255) not null, start_ip integer, end_ip integer, start_suffix integer, end_suffix integer,
    ip_size integer, scope varchar(255) not null, value varchar(255) not null, origin varchar(255) not null, simulated bool not null default false,
    alert_decisions integer references alerts (id) on delete set null);
  insert into machines (created_at, updated_at, machine_id, password, ip_address, is_validated)
    values ('2026-11-01 10:00:00.123456789+00:00', '2026-11-01 10:00:00+00:00', 'old', 'x', '127.0.0.1', true);
  insert into bouncers (created_at, name, api_key, revoked, last_pull)
    values ('2026-11-01 10:00:00+00:00', 'fw', 'k', false, '2026-11-01 10:00:00+00:00');
  insert into alerts (created_at, scenario, started_at, stopped_at, source_scope, source_value, machine_alerts)
    values ('2026-11-01 10:00:00+00:00', 'old/ssh-bf', '2026-11-01 10:00:00+00:00', '2026-11-01 10:00:05+00:00', 'Ip', '1.2.3.4', 1);
  insert into decisions (created_at, until, scenario, type, start_ip, end_ip, start_suffix, end_suffix, ip_size, scope, value, origin, alert_decisions)
    values ('2026-11-01 10:00:00+00:00', '2036-11-01 10:00:00.5+00:00', 'old/ssh-bf', 'ban', 16909060 - 9223372036854775807,
      16909060 - 9223372036854775807, -9223372036854775807, -9223372036854775807, 4, 'Ip', '1.2.3.4', 'crowdsec', 1);`;

describe('a database of an older CrowdSec', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-old-'));
  after(() => rmSync(folder, { recursive: true }));

  test('is gone on with: what it holds is read, what it lacks is added, once', async () => {
    const path = join(folder, 'crowdsec.db');
    const old = new Database(path);
    old.exec(oldTables);
    old.exec('create index alert_id on alerts (id); create index decision_alert_decisions on decisions (alert_decisions)');
    old.close();
    for (let opening = 0; opening < 2; opening++) {
      const store = await openStore({ type: 'sqlite', path, useWal: true, bulkSize: 1000 });
      await store.decisions.keepInMemory();
      const alert = (await store.alerts.get(1))!;
      assert.deepEqual([alert.owner, alert.row.scenario, alert.decisions[0].until.toRfc3339Nano()],
        ['old', 'old/ssh-bf', '2036-11-01T10:00:00.5Z']);
      const machine = (await store.machines.get('old'))!;
      assert.deepEqual([machine.isValidated, machine.authType, machine.createdAt.nanos], [true, 'password', 123_456_789]);
      assert.deepEqual((await store.bouncers.list()).map((row) => [row.name, row.authType, row.isAutoCreated]), [['fw', 'api-key', false]]);
      assert.equal(await store.decisions.countByValue('1.2.3.4', { activeOnly: true }), 1);
      const { ids } = await store.alerts.add('old', [alertBody() as unknown as IncomingAlert]);
      assert.deepEqual(ids, [2 + opening]);
      const indexes = await store.dialect.indexNames(store.db);
      assert.deepEqual(['alert_id', 'decision_alert_decisions', 'alert_uuid'].map((name) => indexes.has(name)), [false, false, true]);
      await store.close();
    }
  });
});

const triesMax = 1_000;

onEachDatabase('what an older CrowdSec took away that opened the database', (database) => {
  const key = { MariaDB: (index: string, table: string) => `drop index ${index} on ${table}` }[database.name] ?? ((index: string) => `drop index ${index}`);
  // MariaDB wants an index for the reference to the alert, which CrowdSec has.
  const owner = [...(database.name === 'MariaDB' ? ['create or replace index decision_alert_decisions on decisions (alert_decisions)'] : []),
    key('palisade_decision_owner', 'decisions')];
  const withLog = { SQLite: 'trigger palisade_log_decisions_insert', PostgreSQL: 'trigger palisade_log_decisions_insert on decisions',
    MariaDB: 'trigger palisade_log_decisions_insert' }[database.name]!;
  // Only SQLite minds what leans on a column; there CrowdSec builds the table anew, which takes all of it away.
  const leaning = database.name === 'SQLite' ? [key('palisade_alert_list', 'alerts'), 'drop trigger palisade_log_decisions_delete'] : [];

  // On a server at the query that wants it, in a file at the next look, which sees any change.
  test('is put back while the store is open', async () => {
    const open = await database.create();
    const store = await open(Date.now);
    const add = () => store.alerts.add(null, [alertBody({ kind: 'k', stop_at: new Date().toISOString(), decisions: [{ origin: 'o', type: 'ban', scope: 'Ip',
      value: '10.0.0.1', scenario: 's', duration: '4h' }] }) as unknown as IncomingAlert]);
    await add();
    await database.run([key('alert_uuid', 'alerts'), ...leaning, 'alter table alerts drop column uuid', 'alter table alerts drop column kind',
      'alter table decisions drop column uuid', 'alter table bouncers drop column auto_created', ...owner]);
    // Whoever sends it comes again.
    await assert.rejects(add(), (error) => store.dialect.isUnavailable(error));
    if (database.name === 'SQLite') await store.decisions.keepInMemory();
    for (let isBack = false, left = triesMax; !isBack && left > 0; left--) isBack = await add().then(() => true, () => false);
    assert.equal((await store.alerts.get(1))!.decisions.length, 1);
    assert.equal((await store.alerts.find({ contains: true, withBlocklists: true, withSimulated: true, kind: 'k', now: store.now() },
      { limit: 0, order: 'asc', withDecisions: true })).length, 1);
    assert.deepEqual((await store.bouncers.list()), []);
    for (let left = triesMax; left > 0 && !(await store.dialect.indexNames(store.db)).has('palisade_decision_owner');) left--;
    assert.ok((await store.dialect.indexNames(store.db)).has('palisade_decision_owner'));
    // What no query misses.
    await database.run([...owner, `drop ${withLog}`]);
    await store.decisions.keepInMemory();
    assert.ok((await store.dialect.indexNames(store.db)).has('palisade_decision_owner'));
    const { position } = (await store.decisions.inMemory())!.journal;
    await add();
    store.dialect.noteWrite();
    assert.notDeepEqual((await store.decisions.inMemory())!.journal.position, position);
    await store.close();
  });
});

test('a database that is open may be opened again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-race-'));
  const path = join(folder, 'crowdsec.db');
  const stores = [];
  for (let i = 0; i < 3; i++) stores.push(await openStore({ type: 'sqlite', path, useWal: true, bulkSize: 1000 }));
  for (const store of stores) {
    assert.equal(await store.alerts.count(), 0);
    await store.close();
  }
  rmSync(folder, { recursive: true });
});
