// Evaluates the lines of a hub test's parser.assert against the recorded steps of a parse: `path == literal`, `len(path)`,
// `basename(path)`, FloatApproxEqual. Far from all of expr; a line of another form is an error.

import { basename } from 'node:path';

/** Steps by stage and node, as CrowdSec's dump has them. */
export type Results = Readonly<Record<string, Readonly<Record<string, readonly { Success: boolean; Evt: unknown }[]>>>>;

/** Splits the text of an assert file into assertions; two on one line occur. */
export function assertionsOf(text: string): string[] {
  return text.split('\n').flatMap((line) => line.replace(/(?<=\d)len\(/g, '\nlen(').split('\n'))
    .map((line) => line.trim()).filter((line) => line !== '');
}

/** Null when an assertion holds; else a sentence that says what stands there instead. */
export function checkAssertion(assertion: string, results: Results): string | null {
  const call = /^(len|basename|FloatApproxEqual)\(/.exec(assertion)?.[1] ?? '';
  const cursor = { text: assertion, at: call === '' ? 0 : call.length + 1 };
  const value = readPath(cursor, results);
  const rest = assertion.slice(cursor.at);
  const wanted = /^(?:\)?\s*==\s*|,\s*)(.+?)\)?$/s.exec(rest)?.[1];
  if (wanted === undefined) throw new Error(`not an assertion this test knows: ${assertion}`);
  const holds = call === 'FloatApproxEqual' ? Math.abs(Number(value) - Number(wanted)) < 1e-6
    : shown(value, call, assertion) === literal(rest, wanted);
  return holds ? null : `${assertion}\n  is ${JSON.stringify(value)}`;
}

/** What is compared: the test tool takes the base name of a path even where the assertion does not say so. */
function shown(value: unknown, call: string, assertion: string): unknown {
  if (call === 'len') return Array.isArray(value) ? value.length : Object.keys(value as object ?? {}).length;
  if (call === 'basename' || assertion.includes('datasource_path')) return basename(String(value));
  // A missing key of a map of strings reads as ''.
  return value ?? '';
}

/** A string in either kind of quotes with Go's escapes, a number or a bool. */
function literal(rest: string, shortest: string): unknown {
  const quoted = /^\)?\s*==\s*(["'])(.*)\1$/s.exec(rest);
  if (quoted === null) return JSON.parse(shortest);
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return quoted[2].replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gs, (_, x?: string, u?: string, c?: string) => (
    x ?? u) === undefined ? escapes[c as string] ?? c as string : String.fromCharCode(Number.parseInt((x ?? u) as string, 16)));
}

/** Reads `results["stage"]["node"][0].Evt…`, a slice `[4:]` included, and leaves the cursor behind it. */
function readPath(cursor: { text: string; at: number }, results: Results): unknown {
  let value: unknown;
  for (;;) {
    const rest = cursor.text.slice(cursor.at);
    const step = /^results|^\[("(?:[^"\\]|\\.)*")\]|^\[(\d+)\]|^\.(\w+)|^\[(\d+):\]/.exec(rest);
    if (step === null) return value;
    cursor.at += step[0].length;
    if (step[0] === 'results') value = results;
    else if (step[4] !== undefined) value = String(value).slice(Number(step[4]));
    else {
      const key = step[1] !== undefined ? JSON.parse(step[1]) as string : step[2] ?? step[3];
      value = (value as Record<string, unknown> | undefined)?.[key];
    }
  }
}
