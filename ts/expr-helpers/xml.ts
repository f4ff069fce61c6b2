// Helpers on XML: the text or an attribute of an element. A rule asks the same line a dozen times, so the last few
// documents stay parsed.

import { stringType } from '../expr/types.js';
import { limits } from '../limits.js';
import { Cache } from '../util/cache.js';
import { remembered } from '../util/remembered.js';
import { parseXml, type XmlElement } from '../util/xml-document.js';
import { compileXmlPath, findXml, xmlAttribute } from '../util/xml-path.js';
import { type HelperFamily, pure } from './family.js';

/** XMLGetNodeValue and XMLGetAttributeValue. Both answer '' when anything is missing or malformed. */
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
const pathOf = remembered(compileXmlPath);

function find(xml: string, notation: string): XmlElement | null {
  const path = pathOf(notation);
  const document = path === null ? null : documentOf(xml);
  return path === null || document === null ? null : findXml(document, path);
}

/** Nothing expires: the same text is the same document at any time. */
function documentOf(xml: string): XmlElement | null {
  const known = documents.get(xml, 0);
  if (known !== undefined) return known;
  const document = parseXml(xml);
  documents.set(xml, document);
  return document;
}
