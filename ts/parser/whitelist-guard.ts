// Rules the expressions of whitelists out by the texts of a few fields: most look for a path that an ordinary line does not have. Where no
// expression can be true none is asked; else all are, in their order, since one that fails ends the list.

import type { Event } from '../event/event.js';
import { coveringTests, type FieldVerdicts, type NumberedTest, verdictsByField } from '../expr/field-verdicts.js';
import { NumberedFields } from '../grok/field-numbers.js';
import type { ParserRuntime } from './node.js';
import type { NodeSpec, WhitelistSpec } from './spec.js';
import { withDescendants, writesRaw } from './writes.js';

/** Says of one whitelist whether an expression of it may be true. */
export class WhitelistGuard {
  readonly #number: number;
  readonly #fields: readonly FieldVerdicts[];

  /** `fields` report `number` where a test of the whitelist holds. */
  constructor(number: number, fields: readonly FieldVerdicts[]) {
    this.#number = number;
    this.#fields = fields;
  }

  /** False where `mayHold` is false for all events of the batch as they are now. */
  mayHoldSomewhere(): boolean {
    return this.#fields.some((field) => field.holdsSomewhere(this.#number));
  }

  /** False only where no expression is true or changes the event, which is number `position` of the batch. */
  mayHold(event: Event, position: number): boolean {
    for (const field of this.#fields) {
      const held = field.of(event, position);
      if (held.length > 0 && held.includes(this.#number)) return true;
    }
    return false;
  }
}

/** The guards of those whitelists of which each expression has a test. None where a rule may put another text in place of a line. */
export function whitelistGuards(nodes: readonly NodeSpec[], { names, expr }: ParserRuntime): ReadonlyMap<WhitelistSpec, WhitelistGuard> {
  const fields = NumberedFields.of(names);
  const whitelists = nodes.some(writesRaw) ? []
    : nodes.flatMap(withDescendants).map(({ whitelist }) => whitelist).filter((whitelist) => whitelist !== null && whitelist.expressions.length > 0);
  const usable = (whitelists as readonly WhitelistSpec[]).map((whitelist) => ({ whitelist, lists: whitelist.expressions.map(({ tests = [] }) => (
    tests.filter((list) => list.every(({ path }) => fields.of(path) !== null)))) })).filter(({ lists }) => lists.every(({ length }) => length > 0));
  const chosen = coveringTests(usable.flatMap(({ lists }) => lists));
  const tests: NumberedTest[] = [];
  let next = 0;
  for (const [number, { lists }] of usable.entries()) {
    for (const [first] of chosen.slice(next, next += lists.length)) tests.push(...first.map((test) => ({ number, test })));
  }
  const verdicts = verdictsByField(tests, fields, expr);
  return new Map(usable.map(({ whitelist }, number) => {
    const paths = new Set(tests.filter((test) => test.number === number).map(({ test }) => test.path));
    return [whitelist, new WhitelistGuard(number, [...verdicts].filter(([path]) => paths.has(path)).map(([, verdict]) => verdict))];
  }));
}
