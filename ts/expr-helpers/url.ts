// Helpers on URLs and their queries, and on base64.

import { ExprError } from '../expr/values.js';
import { mapOf, sliceOf, stringType } from '../expr/types.js';
import { pathEscape, pathUnescape, queryEscape, queryUnescape } from '../util/go-url.js';
import { parseQueryLenient, parseQueryStrict, rawQueryOf } from '../util/go-url-parse.js';
import { newGoMap } from '../util/go-value.js';
import { type HelperFamily, pure, total } from './family.js';

const list = sliceOf(stringType);

/** Escapes both ways, ParseUri, ParseQuery, ExtractQueryParam and B64Decode. */
export const urlHelpers: HelperFamily = {
  QueryEscape: pure([stringType], stringType, queryEscape),
  PathEscape: pure([stringType], stringType, pathEscape),
  QueryUnescape: total([stringType], stringType, (text: string) => queryUnescape(text) ?? text),
  PathUnescape: total([stringType], stringType, (text: string) => pathUnescape(text) ?? text),
  ParseUri: {
    params: [stringType], returns: mapOf(list),
    make: ({ log }) => (uri: string) => {
      const query = rawQueryOf(uri);
      const values = query === null ? null : parseQueryStrict(query);
      if (values === null) log.error('ParseUri: the URI or its query is malformed');
      return values ?? newGoMap<string[]>();
    },
  },
  ParseQuery: pure([stringType], mapOf(list, 'url.Values'), parseQueryLenient),
  ExtractQueryParam: pure([stringType, stringType], list, (uri: string, name: string) => {
    const question = uri.indexOf('?');
    return question < 0 ? [] : (parseQueryLenient(uri.slice(question + 1))[name] ?? []);
  }),
  B64Decode: pure([stringType], stringType, decodeBase64),
};

/** Standard base64 with padding; line ends inside do not count. */
function decodeBase64(text: string): string {
  const plain = text.replace(/[\r\n]/g, '');
  const data = plain.replace(/={0,2}$/, '');
  const isValid = plain.length % 4 === 0 && /^[A-Za-z0-9+/]*$/.test(data) && data.length % 4 !== 1;
  if (!isValid) throw new ExprError('illegal base64 data');
  return Buffer.from(plain, 'base64').toString('utf8');
}
