// What the expression library that CrowdSec uses answered to a thousand small expressions (data/recorded.json), against
// generated code and the interpreter.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PalisadeError } from '../../ts/errors.js';
import { newEventNames } from '../../ts/event/event.js';
import { compile, link } from '../../ts/expr/compiled.js';
import { interpreter } from '../../ts/expr/interpret.js';
import { ExprError } from '../../ts/expr/values.js';
import { projectRoot } from '../support/shared.js';
import { runtimeFor, valueText, worldArgs, worldEnv, worldFunctions } from '../support/expr-world.js';

interface Recorded {
  readonly expr: string;
  readonly value?: string;
  readonly fails?: 'load' | 'run';
  readonly text?: string;
  readonly at?: string;
}

const runtime = runtimeFor(worldFunctions);
const recorded = JSON.parse(readFileSync(join(projectRoot, 'test/expr/data/recorded.json'), 'utf8')) as {
  cases: Recorded[]; differences: Record<string, string>; wordings: Record<string, string>;
};
const located = (text: string): { text: string; place: { file: string; line: number; column: number } } =>
  ({ text, place: { file: 'rule.yaml', line: 1, column: 1 } });

function outcome(run: () => unknown): string {
  try {
    return valueText(run());
  } catch (error) {
    if (error instanceof ExprError) return 'fails to run';
    if (error instanceof PalisadeError && error.code === 'E_EXPRESSION') return 'fails to load';
    throw error;
  }
}

function expected({ value, fails }: Recorded): string {
  return fails === undefined ? value as string : `fails to ${fails}`;
}

const comparable = recorded.cases.filter(({ expr }) => !Object.hasOwn(recorded.differences, expr));

test('generated code gives the recorded value, or fails where that failed', () => {
  const wrong = comparable.flatMap((each) => {
    const got = outcome(() => link(compile(located(each.expr),
      { env: worldEnv, functions: worldFunctions, names: newEventNames() }), runtime)(...worldArgs()));
    return got === expected(each) ? [] : [`${each.expr}\n    recorded ${expected(each)} ${each.text ?? ''}\n    ours     ${got}`];
  });
  assert.deepEqual(wrong, []);
});

test('the interpreter gives the recorded value, or fails where that failed', () => {
  const wrong = comparable.flatMap((each) => {
    const got = outcome(() => interpreter(located(each.expr), { env: worldEnv, functions: worldFunctions }, runtime)(...worldArgs()));
    return got === expected(each) ? [] : [`${each.expr}\n    recorded ${expected(each)} ${each.text ?? ''}\n    ours     ${got}`];
  });
  assert.deepEqual(wrong, []);
});

test('differences from the recorded answers are few, still there, and explained', () => {
  const cases = new Map(recorded.cases.map((each) => [each.expr, each]));
  for (const [expr, reason] of Object.entries(recorded.differences)) {
    const each = cases.get(expr);
    assert.ok(each !== undefined && reason.length > 10, expr);
    const got = outcome(() => link(compile(located(expr), { env: worldEnv, functions: worldFunctions, names: newEventNames() }),
      runtime)(...worldArgs()));
    assert.notEqual(got, expected(each), expr);
  }
});

test('a mistake is reported in the recorded words and at the recorded place', () => {
  const wrong = comparable.flatMap(({ expr, fails, text, at }) => {
    if (fails !== 'load' || Object.hasOwn(recorded.wordings, expr)) return [];
    try {
      compile(located(expr), { env: worldEnv, functions: worldFunctions, names: newEventNames() });
      return [expr];
    } catch (error) {
      const { detail, place } = error as PalisadeError;
      const got = `${place?.line}:${place?.column} ${detail}`;
      return sameWords(got, `${at} ${text}`) ? [] : [`${expr}\n    ${at} ${text}\n    ${got}`];
    }
  });
  assert.deepEqual(wrong, []);
});

/** Suggestions are ours alone, and of a regular expression's fault RE2 speaks in its own words. */
function sameWords(ours: string, theirs: string): boolean {
  const bare = (text: string): string => text.replace(/, did you mean .*$/, '').replace(/(error parsing regexp):.*$/, '$1').trim();
  return bare(ours) === bare(theirs);
}
