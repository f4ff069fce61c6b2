// Tells which tests can only hold with geographic databases: those whose assertions expect an answer from one.

import { asnDatabaseName, cityDatabaseName } from '../expr-helpers/geo-reader.js';
import { assertionText, type TestCase } from './test-case.js';

/** A key that only the databases fill, compared with a text that is not empty. */
const expectation = /"(ASNNumber|ASNumber|ASNOrg|IsoCode|IsInEU|SourceRange|GeoCoords|Latitude|Longitude)"[\])]+\s*==\s*"[^"]/g;

/** Why a test needs the databases, '' when it does not. */
export function geographyNeededBy(test: TestCase): string {
  const text = (test.config.ignoreParsers ? '' : assertionText(test, 'parserAssert'))
    + (test.config.scenarios.length === 0 ? '' : assertionText(test, 'scenarioAssert'));
  const keys = new Set([...text.matchAll(expectation)].map(([, key]) => key));
  return keys.size === 0 ? ''
    : `needs ${cityDatabaseName} and ${asnDatabaseName}: it expects ${[...keys].sort().join(', ')}`;
}
