// The reference hub: everything loads, and the logs of its tests come out of the batch runner, the scalar walker and the
// oracle alike. That the assertions of its parser.assert files hold is in test/hubtest.

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadGeoData } from '../../ts/expr-helpers/geo-reader.js';
import { sharedPath, skipWithout } from '../support/shared.js';
import { type HubTest, hubTests, ruleFiles } from './hub-tests.js';
import { batchOf, scratchFolder, type Surroundings, ThreeWays, writeRules } from './three-ways.js';

const hub = sharedPath('hub');

describe('the reference hub', skipWithout('hub'), () => {
  const surroundings: Surroundings = { dataDir: hub === null ? undefined : join(hub, 'data'), geo: testGeoData() };

  test('all parsers load', () => {
    const { spec } = new ThreeWays(ruleFiles(hub as string, 'parsers'), surroundings);
    assert.deepEqual(spec.stages, ['s00-raw', 's01-parse', 's02-enrich']);
    assert.equal(spec.nodes.length, 9 + 147 + 14);
    assert.equal(spec.stashes.length, 3);
  });

  test('all postoverflows load', () => {
    const { spec } = new ThreeWays(ruleFiles(hub as string, 'postoverflows'), { ...surroundings, world: 'postoverflows' });
    assert.deepEqual(spec.stages, ['s00-enrich', 's01-whitelist']);
    assert.equal(spec.nodes.length, 12);
  });

  test('with all parsers installed, the logs of all tests come out of the three ways alike', async () => {
    const world = new ThreeWays(ruleFiles(hub as string, 'parsers'), surroundings);
    // The oracle asks every filter of every parser: a dozen lines of each log take it long enough.
    for (const { lines, labels, logFile } of hubTests(hub as string)) await world.run(lines.slice(0, 12), { ...labels }, logFile);
  });

  for (const hubTest of hub === null ? [] : hubTests(hub)) {
    if (hubTest.assertions === null) continue;
    test(`${hubTest.name} comes out alike with the rules it names`, async () => {
      const world = new ThreeWays([...overrideRules(hubTest), ...hubTest.parsers], surroundings);
      await world.runTwoWays(batchOf(hubTest.lines, { ...hubTest.labels }, hubTest.logFile));
    });
  }
});

/** A rule that sets fields on every line, as the test tool of the hub installs it; it sorts before all others. */
function overrideRules({ overrides }: HubTest): ReturnType<typeof writeRules> {
  if (overrides.length === 0) return [];
  const statics = overrides.map(({ target, value }) => `  - { target: "${target}", value: "${value}" }`).join('\n');
  return writeRules({ 's00-raw/00_overrides.yaml': `name: overrides\nfilter: "1==1"\nstatics:\n${statics}\n` });
}

/** The test databases under the names that the engine looks for. */
function testGeoData(): Surroundings['geo'] {
  const geo = sharedPath('geo');
  if (geo === null) return null;
  const folder = scratchFolder();
  for (const kind of ['City', 'ASN']) {
    copyFileSync(join(geo, `GeoLite2-${kind}-Test.mmdb`), join(folder, `GeoLite2-${kind}.mmdb`));
  }
  return loadGeoData(folder, (text) => assert.fail(text));
}
