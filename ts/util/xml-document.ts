// A small XML reader for log lines: elements with their attributes and their leading text, nothing else is kept.
// As strict as Go's decoder where that shows: a document that is malformed anywhere has no content at all.

import { limits } from '../limits.js';

/** An element. Names are split at the colon, namespaces are not resolved. */
export interface XmlElement {
  readonly space: string;
  readonly tag: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: XmlElement[];
  readonly parent: XmlElement | null;
  /** Character data before the first child element. */
  text: string;
}

export interface XmlAttribute {
  readonly space: string;
  readonly name: string;
  readonly value: string;
}

/** Reads a document. Returns an element without a name that holds the top ones, or null when it is malformed. */
export function parseXml(text: string): XmlElement | null {
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text)) return null;
  return new XmlReader(text).read();
}

const name = /[A-Za-z_:\u0080-\u{10ffff}][A-Za-z0-9_:.\-\u0080-\u{10ffff}]*/uy;
const space = /[ \t\r\n]*/y;

class Malformed extends Error {}

class XmlReader {
  readonly #text: string;
  #at = 0;
  #top: XmlElement = newElement('', [], null);
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): XmlElement | null {
    const document = this.#top;
    try {
      while (this.#at < this.#text.length) this.#readNext();
    } catch (error) {
      if (error instanceof Malformed) return null;
      throw error;
    }
    return this.#top === document ? document : null;
  }

  #readNext(): void {
    const text = this.#text;
    const at = this.#at;
    if (text[at] !== '<') this.#readCharacters();
    else if (text.startsWith('</', at)) this.#readEnd();
    else if (text.startsWith('<!--', at)) this.#readComment();
    else if (text.startsWith('<![CDATA[', at)) this.#addText(normalized(this.#upTo(at + 9, ']]>')));
    else if (text.startsWith('<?', at)) this.#readInstruction();
    else if (text.startsWith('<!', at)) this.#readDirective();
    else this.#readStart();
  }

  #readCharacters(): void {
    const next = this.#text.indexOf('<', this.#at);
    const raw = this.#text.slice(this.#at, next < 0 ? undefined : next);
    if (raw.includes(']]>')) throw new Malformed();
    this.#at += raw.length;
    this.#addText(unescapeXml(raw));
  }

  #addText(text: string): void {
    if (this.#top.children.length === 0) this.#top.text += text;
  }

  #readStart(): void {
    this.#at++;
    const tag = this.#readName();
    const attributes: XmlAttribute[] = [];
    for (;;) {
      this.#skip(space);
      if (this.#take('/>')) {
        this.#top.children.push(newElement(tag, attributes, this.#top));
        return;
      }
      if (this.#take('>')) break;
      setAttribute(attributes, this.#readAttribute());
    }
    if (++this.#depth > limits.xmlDepthMax) throw new Malformed();
    const element = newElement(tag, attributes, this.#top);
    this.#top.children.push(element);
    this.#top = element;
  }

  #readAttribute(): XmlAttribute {
    const [prefix, local] = splitName(this.#readName());
    this.#skip(space);
    if (!this.#take('=')) throw new Malformed();
    this.#skip(space);
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") throw new Malformed();
    const raw = this.#upTo(this.#at + 1, quote);
    if (raw.includes('<')) throw new Malformed();
    return { space: prefix, name: local, value: unescapeXml(raw) };
  }

  #readEnd(): void {
    this.#at += 2;
    const [prefix, local] = splitName(this.#readName());
    this.#skip(space);
    const { parent, tag } = this.#top;
    if (!this.#take('>') || parent === null || tag !== local || this.#top.space !== prefix) throw new Malformed();
    this.#top = parent;
    this.#depth--;
  }

  #readComment(): void {
    const body = this.#upTo(this.#at + 4, '-->');
    if (body.includes('--') || body.endsWith('-')) throw new Malformed();
  }

  /** `<?xml … ?>`: the text is decoded already, so of what it states only the version matters. */
  #readInstruction(): void {
    const body = this.#upTo(this.#at + 2, '?>');
    if (!/^[A-Za-z_:\u0080-\uffff]/.test(body)) throw new Malformed();
    if (!/^xml\s/.test(body)) return;
    const version = /\sversion\s*=\s*["']([^"']*)/.exec(body)?.[1] ?? '';
    if (version !== '' && version !== '1.0') throw new Malformed();
  }

  /** `<!DOCTYPE …>` with what it nests; quoted text in it does not count. */
  #readDirective(): void {
    let depth = 0;
    let quote = '';
    for (let at = this.#at; at < this.#text.length; at++) {
      const char = this.#text[at];
      if (quote !== '') quote = char === quote ? '' : quote;
      else if (char === '"' || char === "'") quote = char;
      else if (char === '<') depth++;
      else if (char === '>' && --depth === 0) {
        this.#at = at + 1;
        return;
      }
    }
    throw new Malformed();
  }

  #readName(): string {
    name.lastIndex = this.#at;
    const found = name.exec(this.#text);
    if (found === null) throw new Malformed();
    this.#at = name.lastIndex;
    return found[0];
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    pattern.exec(this.#text);
    this.#at = pattern.lastIndex;
  }

  #take(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  /** What lies between `from` and the next `end`, and goes on after it. */
  #upTo(from: number, end: string): string {
    const at = this.#text.indexOf(end, from);
    if (at < 0) throw new Malformed();
    this.#at = at + end.length;
    return this.#text.slice(from, at);
  }
}

function newElement(fullName: string, attributes: readonly XmlAttribute[], parent: XmlElement | null): XmlElement {
  const [prefix, tag] = splitName(fullName);
  return { space: prefix, tag, attributes, children: [], parent, text: '' };
}

/** Of two attributes of one name the later value counts, at the earlier's place. */
function setAttribute(attributes: XmlAttribute[], attribute: XmlAttribute): void {
  const same = attributes.findIndex(({ space: prefix, name: local }) =>
    prefix === attribute.space && local === attribute.name);
  if (same < 0) attributes.push(attribute);
  else attributes[same] = attribute;
}

/** Prefix and local name. A name with more than one colon, or one at an end, has no prefix, as in Go. */
function splitName(fullName: string): [string, string] {
  const colon = fullName.indexOf(':');
  if (colon <= 0 || colon === fullName.length - 1) return ['', fullName];
  if (fullName.includes(':', colon + 1)) throw new Malformed();
  return [fullName.slice(0, colon), fullName.slice(colon + 1)];
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' };

function unescapeXml(raw: string): string {
  if (!raw.includes('&')) return normalized(raw);
  return normalized(raw).replace(/&([^;&]*)(;?)/g, (_, entity: string, end: string) => {
    if (end === '') throw new Malformed();
    if (Object.hasOwn(entities, entity)) return entities[entity];
    const number = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/.exec(entity);
    if (number === null) throw new Malformed();
    const code = number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16);
    return characterOf(code);
  });
}

function characterOf(code: number): string {
  const isCharacter = code === 9 || code === 10 || code === 13 || (code >= 0x20 && code <= 0xd7ff)
    || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
  if (!isCharacter) throw new Malformed();
  return String.fromCodePoint(code);
}

/** Line ends as XML has them. */
function normalized(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}
