// Helpers on XML: the text or an attribute of an element. A rule asks the same line a dozen times, so the last few
// documents stay parsed.

import { stringType } from '../expr/types.js';
import { limits } from '../limits.js';
import { Cache } from '../util/cache.js';
import { parseXml, type XmlElement } from '../util/xml-document.js';
import { compileXmlPath, findXml, xmlAttribute, type XmlPath } from '../util/xml-path.js';
import { type HelperFamily, pure } from './family.js';

export const xmlHelpers: HelperFamily = {
  XMLGetNodeValue: pure([stringType, stringType], stringType, (xml: string, path: string) =>
    find(xml, path)?.text ?? ''),
  XMLGetAttributeValue: pure([stringType, stringType, stringType], stringType,
    (xml: string, path: string, name: string) => {
      const element = find(xml, path);
      return element === null ? '' : (xmlAttribute(element, name) ?? '');
    }),
};

const documents = new Cache<string, XmlElement | null>(limits.xmlDocumentsMax);
const paths = new Cache<string, XmlPath | null>(1000);

function find(xml: string, notation: string): XmlElement | null {
  const path = remembered(paths, notation, compileXmlPath);
  const document = path === null ? null : remembered(documents, xml, parseXml);
  return path === null || document === null ? null : findXml(document, path);
}

/** Nothing expires: the same text is the same document at any time. */
function remembered<T>(cache: Cache<string, T>, text: string, make: (text: string) => T): T {
  const known = cache.get(text, 0);
  if (known !== undefined) return known;
  const made = make(text);
  cache.set(text, made);
  return made;
}
