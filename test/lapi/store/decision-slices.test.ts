import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { lapiLimits } from '../../../lapi/limits.js';
import { writeSlices } from '../../../lapi/store/decision-slices.js';
import type { Precedence } from '../../../lapi/store/precedence.js';
import { prepareAlert, type IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import { openStore, type Store } from '../../../lapi/store/store.js';
import { alertBody } from '../instance.js';
import { onEachDatabase } from './databases.js';

const { decisionSliceRows, slicesPerTransaction } = lapiLimits;

onEachDatabase('decisions that follow their alert', (database) => {
  let store: Store;
  before(async () => {
    await database.create();
    store = await openStore(database.options);
  });
  after(() => store.close());

  test('come in long transactions, and in short ones while others go first', async () => {
    const [{ id }] = (await store.alerts.load((await store.alerts.add(null, [alertBody() as unknown as IncomingAlert])).ids, false)).map(({ row }) => row);
    const count = 2 * slicesPerTransaction * decisionSliceRows + 1;
    const decisions = Array.from({ length: decisionSliceRows + count }, (_, index) =>
      ({ scope: 'Ip', value: `10.0.${index >> 8}.${index & 255}`, type: 'ban', origin: 'test', scenario: 's', duration: '1h' }));
    const alert = prepareAlert(alertBody({ decisions }) as unknown as IncomingAlert, store.now(), undefined, [])!;
    assert.equal(alert.following.length, count);
    // A server has each slice in a transaction of its own.
    const long = database.server === null ? 3 : 2 * slicesPerTransaction + 1;
    for (const [isTaken, wanted] of [[false, long], [true, 2 * slicesPerTransaction + 1]] as const) {
      let transactions = 0;
      const precedence = { isTaken, giveWayToReader: async () => { transactions++; }, rest: async () => {} } as unknown as Precedence;
      await writeSlices({ ...store, precedence }, id, alert);
      assert.equal(transactions, wanted);
    }
    const rows = await store.db.selectFrom('decisions').select('value').where('alert_decisions', '=', id).orderBy('id').execute();
    const values = decisions.slice(decisionSliceRows).map(({ value }) => value);
    assert.deepEqual(rows.map(({ value }) => value), [...values, ...values]);
  });
});
