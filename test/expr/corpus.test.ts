// The real expressions of CrowdSec and its whole hub (or another list, PALISADE_EXPR_CORPUS): each compiles with CrowdSec's types and
// helpers in one of the environments, and generated code and interpreter agree on it over random events.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../../ts/config/log.js';
import { Event, newEventNames } from '../../ts/event/event.js';
import { compile, link } from '../../ts/expr/compiled.js';
import {
  conditionEnv, contextEnv, type ExprEnv, logEnv, overflowEnv, parserResultsEnv, profileEnv, scenarioResultsEnv,
} from '../../ts/expr/env.js';
import { interpreter } from '../../ts/expr/interpret.js';
import { ExprError } from '../../ts/expr/values.js';
import { DataFiles, loadDataFile } from '../../ts/expr-helpers/data-files.js';
import { DnsCache } from '../../ts/expr-helpers/dns.js';
import { StashStore } from '../../ts/expr-helpers/stash.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { hubExpressions } from '../support/hub-expressions.js';
import { runtimeFor, valueText } from '../support/expr-world.js';
import { randomPlan, stateOf, vocabularyOf } from '../support/random-events.js';
import { sharedPath, skipWithout } from '../support/shared.js';
import { testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

const envs: readonly ExprEnv[] = [logEnv, conditionEnv, overflowEnv, profileEnv, contextEnv, scenarioResultsEnv, parserResultsEnv];
/** Expressions that CrowdSec itself refuses, with the words it does so in. */
const refused: Readonly<Record<string, RegExp>> = {};
/** Helpers of CrowdSec that are refused by name here. */
const unsupported = /\b(CrowdsecCTI|JA4H|LibInjectionIsSQLI|LibInjectionIsXSS) is not supported: /;
const given = process.env['PALISADE_EXPR_CORPUS'];
const path = given ?? sharedPath('expr/crowdsec-expressions.json');
const options = given === undefined ? skipWithout('expr/crowdsec-expressions.json') : { skip: false as const };
const hub = given === undefined ? sharedPath('hub') : null;
const expressions = [...new Set([...path === null ? [] : JSON.parse(readFileSync(path, 'utf8')) as string[],
  ...hub === null ? [] : hubExpressions(hub)])];
const seed = testSeed();

test('every expression compiles with the types and helpers of CrowdSec, bar those it refuses itself', options, () => {
  const wrong = expressions.flatMap((text) => {
    const { error } = compileInAny(text);
    if (error === null) return Object.hasOwn(refused, text) ? [`${text}: compiles, but should not`] : [];
    return refused[text]?.test(error) === true || unsupported.test(error) ? [] : [`${text}: ${error}`];
  });
  assert.deepEqual(wrong, []);
});

test('on random events generated code and interpreter give the same values, failures and changes', options, (context) => {
  context.diagnostic(`PALISADE_SEED=${seed}`);
  const random = randomFrom(seed);
  const files = dataFiles();
  const outcomes = { value: 0, failure: 0, conditionValue: 0 };
  for (const text of expressions) {
    const { env } = compileInAny(text);
    if (env === null || env.params[0].name !== 'evt') continue;
    const vocabulary = vocabularyOf(text);
    const names = newEventNames();
    const located = { text, place: { file: 'corpus', line: 1, column: 1 } };
    const fast = link(compile(located, { env, functions: helperTable, names, allowAsync: true }), runtimeWith(files));
    const slow = interpreter(located, { env, functions: helperTable }, runtimeWith(files));
    for (let round = 0; round < 12; round++) {
      const plan = randomPlan(random, vocabulary);
      // Conditions see a queue that ends with the event.
      const plans = [...Array.from({ length: env === conditionEnv ? round : 0 }, () => randomPlan(random, vocabulary)), plan];
      const made = (): Event[] => plans.map((each) => each(new Event(names)));
      const [a, b] = [made(), made()];
      const [x, y] = [outcome(() => fast(a.at(-1), { queue: a })), outcome(() => slow(b.at(-1), { queue: b }))];
      assert.equal(x, y, `${text}\non ${made().map(stateOf).join('\n')}`);
      assert.deepEqual(a.map(stateOf), b.map(stateOf), text);
      outcomes[x === 'fails' ? 'failure' : env === conditionEnv ? 'conditionValue' : 'value'] += 1;
    }
  }
  if (given === undefined) assert.ok(outcomes.value > 1000 && outcomes.failure > 50, JSON.stringify(outcomes));
  if (hub !== null) assert.ok(expressions.length > 1600 && outcomes.conditionValue > 20, `${expressions.length} ${JSON.stringify(outcomes)}`);
  context.diagnostic(`${expressions.length} expressions, ${JSON.stringify(outcomes)}`);
});

/** The first environment that an expression compiles in, or the error of the one that knows its names. */
function compileInAny(text: string): { env: ExprEnv | null; error: string | null } {
  let first: string | null = null;
  for (const env of envs) {
    try {
      compile({ text, place: { file: 'corpus', line: 1, column: 1 } },
        { env, functions: helperTable, names: newEventNames(), allowAsync: true });
      return { env, error: null };
    } catch (error) {
      const { message } = error as Error;
      if (first === null || first.includes(': unknown name ')) first = message;
    }
  }
  return { env: null, error: first };
}

function outcome(run: () => unknown): string {
  try {
    return valueText(run());
  } catch (error) {
    if (error instanceof ExprError) return 'fails';
    throw error;
  }
}

/** A small file for every data file that the expressions name. */
function dataFiles(): DataFiles {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-corpus-'));
  const named = (pattern: RegExp): string[] =>
    [...new Set(expressions.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1])))];
  const make = (type: 'string' | 'regexp') => (name: string): ReturnType<typeof loadDataFile> => {
    writeFileSync(join(folder, name), '# list\nadmin\n1.2.3.0/24\nindex.php\n.*\\.example\n');
    return loadDataFile(folder, name, type, null);
  };
  const lists = named(/\bFile\(\s*["']([\w.-]+)["']/g).map(make('string'));
  const patterns = named(/RegexpInFile\([^'"]*["']([\w.-]+)["']/g).map(make('regexp'));
  return new DataFiles([...lists, ...patterns], silentLog, () => 0);
}

function runtimeWith(files: DataFiles): ReturnType<typeof runtimeFor> {
  return runtimeFor(helperTable, { files, stash: new StashStore(() => 0), geo: null, dns: new DnsCache(() => 0), decisions: null,
    log: silentLog });
}
