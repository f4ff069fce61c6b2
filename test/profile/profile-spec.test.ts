import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { PalisadeError } from '../../ts/errors.js';
import { loadProfiles, type CompileExpr } from '../../ts/profile/profile-spec.js';
import { expression } from '../lapi/instance.js';

/** Takes every expression but one that says it is bad. */
const compile: CompileExpr = (source, kind) => {
  if (source.text === 'bad') throw new PalisadeError('E_EXPRESSION', `bad ${kind}`, source.place);
  return { ...expression(source.text, 'return () => true;'), place: source.place };
};

describe('profiles.yaml', () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-profiles-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'profiles.yaml');
  const load = (text: string, local: string | null = null) => {
    writeFileSync(file, text);
    rmSync(`${file}.local`, { force: true });
    if (local !== null) writeFileSync(`${file}.local`, local);
    return loadProfiles(file, compile);
  };

  test('is read whole, the documents of its .local before its own', () => {
    const { profiles, warnings } = load('name: a\nfilters: [x, y]\ndecisions:\n - {type: ban, duration: 4h}\non_success: break\n---\nname: b\n',
      'name: mine\non_error: ignore\ndecisions:\n - type: captcha\n   scope: Country\n   origin: o\n   simulated: true\n');
    assert.deepEqual(profiles.map((profile) => profile.name), ['mine', 'a', 'b']);
    assert.deepEqual(profiles[1].filters.map((filter) => [filter.text, filter.place.line]), [['x', 2], ['y', 2]]);
    assert.deepEqual([profiles[1].stopsOnSuccess, profiles[0].stopsOnSuccess, profiles[0].onError], [true, false, 'ignore']);
    assert.deepEqual(profiles[0].decisions, [{ type: 'captcha', duration: '4h', scope: 'Country', origin: 'o', simulated: true }]);
    assert.deepEqual(warnings, ['No duration specified for mine, using default duration 4h']);
  });

  const refused: [name: string, text: string, message: RegExp, line?: number][] = [
    ['an empty file', '', /zero profiles loaded for LAPI/],
    ['an unknown key', 'name: a\nfilter: [x]\n', /unknown key "filter", did you mean "filters"\?/, 2],
    ['an unknown key of a decision', 'name: a\ndecisions:\n - type: ban\n   durationn: 4h\n', /unknown key .*did you mean "duration"/, 4],
    ['a decision without a type', 'decisions:\n - duration: 4h\n', /missing key .*type/, 2],
    ['a bad duration', 'name: a\ndecisions:\n - type: ban\n   duration: 4y\n', /error parsing duration '4y' of a: .*unknown unit "y"/, 4],
    ['a bad on_success', 'name: a\non_success: maybe\n', /invalid 'on_success' for 'a': maybe/, 2],
    ['a bad on_error', 'name: a\non_error: maybe\n', /must be one of/, 2],
    ['a filter that does not compile', 'name: a\nfilters:\n - x\n - bad\n', /bad filter/, 4],
    ['a duration that does not compile', 'name: a\nduration_expr: bad\n', /bad duration/, 2],
    ['broken YAML', 'name: [\n', /./],
  ];
  for (const [name, text, message, line] of refused) {
    test(`${name} is refused with its place`, () => {
      assert.throws(() => load(text), (error: PalisadeError) => {
        assert.match(error.message, message);
        if (line !== undefined) assert.equal(error.place?.line, line);
        return true;
      });
    });
  }

  test('that does not exist, or was not configured, is refused', () => {
    assert.throws(() => loadProfiles(join(folder, 'none.yaml'), compile), { code: 'E_FILE' });
    assert.throws(() => loadProfiles('', compile), { message: 'empty profiles path' });
  });
});
