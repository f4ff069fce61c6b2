// A delivery that waits (for a name, for the Local API) does not hold the workers: they go on up to a bound, and what they
// poured meanwhile is delivered next, in order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBuckets } from '../../ts/buckets/memory.js';
import { loadConfig } from '../../ts/config/config.js';
import { silentLog } from '../../ts/config/log.js';
import { ExpectMode } from '../../ts/event/line.js';
import { limits } from '../../ts/limits.js';
import { startThreads, WorkerPool } from '../../ts/pipeline/pool.js';
import { loadRules } from '../../ts/pipeline/rules.js';
import { runtimeSetup } from '../../ts/pipeline/setup.js';
import { batchOfLines } from '../support/batches.js';
import { installedOf } from '../support/engine-run.js';
import { TestInstance } from '../support/instance.js';

const rules = {
  'parsers/s00-raw/lines.yaml': `name: test/lines
description: lines of this test
filter: "true"
grok: {pattern: '^%{NOTSPACE:source}$', apply_on: Line.Raw}
statics: [{meta: source_ip, expression: evt.Parsed.source}]
`,
  'scenarios/one.yaml': `type: trigger
name: test/one
description: one is enough
filter: evt.Meta.source_ip != ''
groupby: evt.Meta.source_ip
`,
};
const batchCount = 3 * limits.batchesWaitingMax;
const inFlightMax = 4;

test('workers pour on while a delivery waits, up to the bound, and all is delivered in order', async () => {
  const instance = await TestInstance.create({ hub: 'embedded', rules });
  try {
    const config = loadConfig(instance.config);
    const loaded = loadRules(config, installedOf(config));
    const setup = { ...runtimeSetup(config, loaded, 0, silentLog), simulation: { global: false, exclusions: [] }, uuidSalt: '', contextValueLength: 100,
      provenance: false, buckets: createBuckets(loaded.scenarios, { workerCount: 1 }) };
    const delivered: string[] = [];
    let submitted = 0;
    let deliveries = 0;
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => { open = resolve; });
    const pool = await WorkerPool.start(startThreads(1), setup, inFlightMax, async (overflows) => {
      deliveries++;
      await gate;
      assert.ok(submitted - delivered.length <= limits.batchesWaitingMax + inFlightMax + 1, `${submitted} submitted, ${delivered.length} delivered`);
      for (const { overflow } of overflows) delivered.push(...Object.keys(overflow.sources));
      return [];
    }, silentLog);
    const sources = Array.from({ length: batchCount }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    const submitting = (async () => {
      for (const source of sources) {
        await pool.submit(batchOfLines([source], { src: 'test', labels: {}, mode: ExpectMode.live }, 1000));
        submitted++;
      }
    })();
    // Each answer comes when all that was given to the worker before is poured.
    while (submitted < limits.batchesWaitingMax) await pool.counters();
    for (let turn = 0; turn < batchCount; turn++) await pool.counters();
    assert.ok(submitted < batchCount, 'more was poured than may wait');
    open();
    await submitting;
    await pool.drain();
    await pool.close();
    assert.deepEqual(delivered, sources);
    assert.ok(deliveries < batchCount - limits.batchesWaitingMax / 2, `${deliveries} deliveries: what waited was not delivered together`);
  } finally {
    instance.remove();
  }
});
