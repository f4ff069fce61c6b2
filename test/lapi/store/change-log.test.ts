// What the index takes in of large transactions, where rows that are alike are read as one run, beside every column of every row.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import { openStore, type Store } from '../../../lapi/store/store.js';
import { lapiLimits } from '../../../lapi/limits.js';
import { randomFrom } from '../../../ts/util/random.js';
import { pick, testSeed } from '../../support/random.js';
import { alertBody } from '../instance.js';
import { onEachDatabase } from './databases.js';
import { fromColumn } from '../../../lapi/store/columns.js';

onEachDatabase('large transactions in the log', (database) => {
  let server: Store;
  let other: Store;
  before(async () => {
    await database.create();
    [server, other] = [await openStore(database.options), await openStore(database.options)];
    await server.decisions.keepInMemory();
  });
  after(async () => {
    await server.close();
    await other.close();
  });

  test('the index holds each of their rows, alike or not, changed or gone since', async () => {
    const seed = testSeed();
    const random = randomFrom(seed);
    for (const unlike of [0, 1, 0.01, 0]) {
      const isMixed = (): boolean => random() < unlike;
      const decisions = Array.from({ length: 2 * lapiLimits.decisionSliceRows + 57 }, (_, index) => ({ scope: isMixed() ? 'Range' : 'Ip',
        value: `10.${Math.floor(random() * 250)}.${index >> 8}.${index & 255}`, duration: isMixed() ? pick(random, ['1h', '2h']) : '4h',
        type: isMixed() ? 'captcha' : 'ban', origin: isMixed() ? pick(random, ['a', 'b']) : 'import', scenario: isMixed() ? pick(random, ['x', 'y']) : 's',
        simulated: isMixed() }));
      const { ids } = await other.alerts.add(null, [alertBody({ stop_at: new Date().toISOString(), decisions }) as unknown as IncomingAlert]);
      // Before they are read, some change and some go.
      await other.decisions.expire({ contains: true, value: decisions[Math.floor(random() * decisions.length)].value });
      if (random() < 0.5) await other.db.deleteFrom('decisions').where('alert_decisions', '=', ids[0]).where('value', '=', decisions[3].value).execute();
      const { index } = (await server.decisions.inMemory())!;
      const rows = await other.db.selectFrom('decisions').selectAll().orderBy('id').execute();
      const plain = index.all().map(({ id, createdAt, until, simulated, scenario, type, scope, value, origin, uuid }) =>
        ({ id, createdAt: createdAt.toString(), until: until.toString(), simulated, scenario, type, scope, value, origin, uuid }));
      assert.deepEqual(plain, rows.map((row) => ({ id: row.id, createdAt: fromColumn(row.created_at).toString(), until: fromColumn(row.until).toString(),
        simulated: Boolean(row.simulated), scenario: row.scenario, type: row.type, scope: row.scope, value: row.value, origin: row.origin,
        uuid: row.uuid })), `seed ${seed}, unlike ${unlike}`);
    }
  });
});
