// Which parsers and scenarios of a hub its tests speak of: counted are the assertions about what they did, not the
// tests that merely install them.

import type { HubItems, TestedType } from './hub-items.js';
import { assertionsOf } from './assertions.js';
import { assertionText, type TestCase } from './test-case.js';

/** How much is said of one item. */
export interface Coverage {
  readonly name: string;
  readonly assertions: number;
  /** Names of the tests that say it. */
  readonly tests: readonly string[];
}

const parserLine = /^results\["[^"]+"\]\["([^"]+)"\]\[[0-9]+\]\.Evt\./;
const scenarioLine = /^results\[[0-9]+\]\.Overflow\.Alert\.GetScenario\(\) == "([^"]+)"/;

/** Coverage of all items of a type, by name. */
export function coverageOf(type: Exclude<TestedType, 'postoverflows'>, hub: HubItems, tests: readonly TestCase[]): Coverage[] {
  const said = mentions(tests, type === 'parsers' ? 'parserAssert' : 'scenarioAssert', type === 'parsers' ? parserLine : scenarioLine);
  return [...hub.items[type].keys()].sort().map((name) => {
    const own = said.filter((mention) => isSame(mention.name, name));
    return { name, assertions: own.reduce((sum, { count }) => sum + count, 0), tests: [...new Set(own.map(({ test }) => test))] };
  });
}

/** Share of the items that any test speaks of, in whole per cent. */
export function percentCovered(coverage: readonly Coverage[]): number {
  if (coverage.length === 0) return 0;
  return Math.round((coverage.filter(({ assertions }) => assertions > 0).length / coverage.length) * 100);
}

interface Mention {
  readonly name: string;
  readonly test: string;
  readonly count: number;
}

function mentions(tests: readonly TestCase[], kind: 'parserAssert' | 'scenarioAssert', line: RegExp): Mention[] {
  return tests.flatMap((test) => {
    const counts = new Map<string, number>();
    for (const { text } of assertionsOf(assertionText(test, kind))) {
      const name = line.exec(text)?.[1];
      if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return [...counts].map(([name, count]) => ({ name, test: test.name, count }));
  });
}

/** Files and items are not always named alike: the author may be left out, a parser may end in `-logs`. */
function isSame(said: string, name: string): boolean {
  const last = (text: string): string => text.slice(text.lastIndexOf('/') + 1);
  return said === name || last(said) === last(name) || last(said) === `${last(name)}-logs`;
}
