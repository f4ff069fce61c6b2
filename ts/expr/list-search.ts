// Searches made once for a list that does not change (a data file), so that asking costs about the same whatever its
// length. Each answers as `list.some((element) => text <operator> map(element))` would, or `helper(text, element)`.

import { LiteralSearch } from '../util/literal-search.js';
import { GuardedRegex, guardOf, isPattern, type Regex } from './regex.js';

export type ListOperator = 'contains' | 'startsWith' | 'endsWith' | '==' | 'matches' | 'helper';

/** Answers for one list. */
type TextTest = (text: string) => boolean;

/** Makes the answers for a list. */
export type ListTestMaker = (list: readonly string[]) => TextTest;

/** One question about any list; made by ExprRuntime.listSearch. */
export class ListSearch {
  readonly #make: ListTestMaker;
  readonly #skipsEmpty: boolean;
  readonly #made = new WeakMap<readonly string[], TextTest>();
  #lastList: readonly string[] | null = null;
  #lastTest: TextTest = () => false;

  /** With `skipsEmpty` empty elements count as absent. */
  constructor(make: ListTestMaker, skipsEmpty: boolean) {
    this.#make = make;
    this.#skipsEmpty = skipsEmpty;
  }

  /** Whether there is an element to ask about: without one the text is not even looked at. */
  asks(list: readonly string[]): boolean {
    return this.#skipsEmpty ? list.some((element) => element !== '') : list.length > 0;
  }

  /** Whether the question holds for an element. `list` must never change. */
  test(list: readonly string[], text: string): boolean {
    if (list !== this.#lastList) {
      this.#lastTest = this.#testOf(list);
      this.#lastList = list;
    }
    return this.#lastTest(text);
  }

  #testOf(list: readonly string[]): TextTest {
    let test = this.#made.get(list);
    if (test === undefined) this.#made.set(list, test = this.#make(this.#skipsEmpty ? list.filter((element) => element !== '') : list));
    return test;
  }
}

/** How an operator is asked of a list whose elements are sent through `map`. */
export function operatorTest(operator: Exclude<ListOperator, 'helper'>, map: (element: string) => string, regex: (pattern: string) => Regex): ListTestMaker {
  return (list) => {
    const texts = list.map((element) => map(element));
    switch (operator) {
      case 'contains': {
        const search = new LiteralSearch(texts);
        return (text) => search.occurs(text);
      }
      case '==': {
        const set = new Set(texts);
        return (text) => set.has(text);
      }
      case 'startsWith': return affixTest(texts, (_length, index) => index);
      case 'endsWith': return affixTest(texts, (length, index) => length - 1 - index);
      case 'matches': return patternsTest(texts, regex);
    }
  };
}

interface Branch {
  readonly next: Map<number, Branch>;
  isEnd: boolean;
}

/** Walks a tree of the affixes' units, in the order in which `place` visits a text of some length. */
function affixTest(affixes: readonly string[], place: (length: number, index: number) => number): TextTest {
  const root: Branch = { next: new Map(), isEnd: false };
  for (const affix of affixes) {
    let branch = root;
    for (let index = 0; index < affix.length; index++) {
      const unit = affix.charCodeAt(place(affix.length, index));
      let next = branch.next.get(unit);
      if (next === undefined) branch.next.set(unit, next = { next: new Map(), isEnd: false });
      branch = next;
    }
    branch.isEnd = true;
  }
  return (text) => {
    let branch: Branch | undefined = root;
    for (let index = 0; branch !== undefined; index++) {
      if (branch.isEnd) return true;
      if (index === text.length) return false;
      branch = branch.next.get(text.charCodeAt(place(text.length, index)));
    }
    return false;
  };
}

/**
 * One pattern after the other, none where a text has nothing that any of them requires. With a bad one among them they are
 * compiled when their turn comes: it fails only where none before it matches.
 */
function patternsTest(patterns: readonly string[], regex: (pattern: string) => Regex): TextTest {
  if (!patterns.every(isPattern)) return (text) => patterns.some((pattern) => regex(pattern).test(text));
  const guard = guardOf(patterns);
  const guarded = patterns.map((pattern) => new GuardedRegex(pattern, regex));
  return (text) => (guard === null || guard.occurs(text)) && guarded.some((each) => each.test(text));
}
