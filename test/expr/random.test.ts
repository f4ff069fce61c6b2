// Random expressions over the recorder's variables: generated code and interpreter agree on value or failure.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PalisadeError } from '../../ts/errors.js';
import { newEventNames } from '../../ts/event/event.js';
import { compile, link } from '../../ts/expr/compiled.js';
import { interpreter } from '../../ts/expr/interpret.js';
import { ExprError } from '../../ts/expr/values.js';
import { runtimeFor, valueText, worldArgs, worldEnv, worldFunctions } from '../support/expr-world.js';
import { randomExpression } from '../support/expr-generator.js';
import { testSeed } from '../support/random.js';
import { randomFrom } from '../../ts/util/random.js';

const seed = testSeed();

test('three thousand random expressions mean the same to generated code and interpreter', (context) => {
  context.diagnostic(`PALISADE_SEED=${seed}`);
  const random = randomFrom(seed);
  const runtime = runtimeFor(worldFunctions);
  const counts: Record<string, number> = { value: 0, run: 0, load: 0 };
  for (let i = 0; i < 3000; i++) {
    const text = randomExpression(random);
    const located = { text, place: { file: 'random', line: 1, column: 1 } };
    const fast = outcome(() => link(compile(located, { env: worldEnv, functions: worldFunctions, names: newEventNames() }), runtime));
    const slow = outcome(() => interpreter(located, { env: worldEnv, functions: worldFunctions }, runtime));
    assert.equal(fast, slow, text);
    counts[fast.startsWith('fails to ') ? fast.slice(9) : 'value'] += 1;
  }
  assert.ok(counts['value'] > 1000 && counts['run'] > 200 && counts['load'] > 100, JSON.stringify(counts));
});

function outcome(prepare: () => (...args: unknown[]) => unknown): string {
  try {
    return valueText(prepare()(...worldArgs()));
  } catch (error) {
    if (error instanceof ExprError) return 'fails to run';
    if (error instanceof PalisadeError && error.code === 'E_EXPRESSION') return 'fails to load';
    throw error;
  }
}
