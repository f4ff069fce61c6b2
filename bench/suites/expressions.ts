// Expressions, a family of operators each: generated code beside the interpreter, which must give the same answer.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Event, newEventNames } from '../../ts/event/event.js';
import { compile, link } from '../../ts/expr/compiled.js';
import { logEnv } from '../../ts/expr/env.js';
import { interpreter } from '../../ts/expr/interpret.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import type { HelperContext } from '../../ts/expr-helpers/context.js';
import { DataFiles } from '../../ts/expr-helpers/data-files.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { SinglePatterns } from '../../ts/grok/single.js';
import { GoTime } from '../../ts/util/go-time.js';
import type { Step } from './step.js';

const place = { file: fileURLToPath(import.meta.url), line: 1, column: 1 };
const secondsEach = 0.5;

/** Families, an expression each and its value for the event below. */
const families: readonly (readonly [family: string, text: string, value: unknown])[] = [
  ['two equalities', "evt.Meta.service == 'http' && evt.Meta.log_type == 'http_access-log'", true],
  ['in a list of texts', "evt.Meta.http_status in ['400', '403', '404']", false],
  ['comparison of numbers', 'int(evt.Meta.http_status) >= 400', false],
  ['contains', "evt.Parsed.request contains 'wp-login'", false],
  ['twenty contains of one text', Array.from({ length: 20 }, (_, n) => `evt.Parsed.request contains '/probe-${n}'`).join(' || '), false],
  ['matches', "evt.Parsed.request matches '^/shop/[a-z]+[?]id='", true],
  ['matches, the required text absent', "evt.Parsed.request matches '[.](git|env|svn)/'", false],
  ['helper on a text', "Upper(evt.Parsed.request) startsWith '/SHOP'", true],
  ['any line of a file', "any(File('probes.txt'), {Upper(evt.Parsed.request) contains Upper(#)})", false],
  ['a file of expressions', "RegexpInFile(evt.Parsed.request, 'probes.regex')", false],
  ['closure', "any(['a', 'b', 'c'], {evt.Meta.http_status == #})", false],
  ['JSON data', "evt.Unmarshaled.request.status == 200", true],
  ['arithmetic and texts', "len(evt.Parsed.request) * 2 + 1 > 10 ? 'long' + evt.Meta.http_status : ''", 'long200'],
];

/** Each family twice: generated code, then the interpreter. */
export function* expressionSteps(): Generator<Step> {
  const names = newEventNames();
  const options = { env: logEnv, functions: helperTable, names };
  const runtime = newRuntime(helperTable, context());
  const both = families.map(([family, text, value]) => ({ family, value,
    ways: { generated: compile({ text, place }, options), interpreted: interpreter({ text, place }, options, runtime) } }));
  const event = accessEvent(names);
  for (const { family, value, ways } of both) {
    const generated = link(ways.generated, runtime);
    for (const [way, run] of [['generated', generated], ['interpreted', ways.interpreted]] as const) {
      assert.deepEqual(run(event), value, `${family}, ${way}`);
      yield { name: `expr ${family}: ${way}`, perRun: 1, run: () => run(event), seconds: secondsEach };
    }
  }
}

function accessEvent(names: ReturnType<typeof newEventNames>): Event {
  const event = new Event(names);
  for (const [key, value] of [['service', 'http'], ['log_type', 'http_access-log'], ['http_status', '200']]) event.meta.set(key, value);
  event.parsed.set('request', '/shop/item?id=42');
  event.unmarshaled['request'] = { status: 200 };
  return event;
}

/** What the expressions above ask of helpers: data files, patterns, a clock. */
function context(): HelperContext {
  const patterns = new SinglePatterns();
  const log = { trace() {}, debug() {}, info() {}, warning() {}, error() {} };
  const probes = Array.from({ length: 50 }, (_, n) => `/probe-${n}.php`);
  const files = new DataFiles([{ type: 'string', name: 'probes.txt', lines: probes },
    { type: 'regexp', name: 'probes.regex', lines: probes.map((line) => `^${line}$`), cache: null }], log, () => 0);
  return { files, log, now: () => GoTime.zero, regex: (pattern: string) => patterns.get(pattern) } as unknown as HelperContext;
}
