// YAML text as nodes that know where they stand. js-yaml reads the text; what a plain scalar means follows YAML 1.1, as
// CrowdSec decodes rules: yes and no are booleans, 010 is octal.

import { boolYaml11Tag, COLLECTION_STYLE, EVENT_ID, floatYaml11Tag, getScalarValue, intYaml11Tag, NOT_RESOLVED, nullYaml11Tag, parseEvents,
  SCALAR_STYLE, YAMLException, type Event } from 'js-yaml';

/** Where a node stands: offsets into the text, in UTF-16 units, the end exclusive. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** One value: a text with what it means. */
export interface ScalarNode extends Span {
  readonly kind: 'scalar';
  readonly style: 'plain' | 'quoted' | 'block';
  /** The text, without quotes and escapes. */
  readonly text: string;
  readonly value: string | number | boolean | null;
}

/** A list. */
export interface SeqNode extends Span {
  readonly kind: 'seq';
  readonly items: readonly Node[];
}

/** A mapping, its pairs in the order of the text, then those it merges (`<<`). */
export interface MapNode extends Span {
  readonly kind: 'map';
  readonly pairs: readonly (readonly [key: Node, value: Node])[];
}

/** A value of a document. An alias is the very node it names. */
export type Node = ScalarNode | SeqNode | MapNode;

/** What is wrong with a text, and where. */
export class YamlFault extends Error {
  constructor(message: string, readonly offset: number, options?: ErrorOptions) {
    super(message, options);
  }
}

/** How many nodes aliases may stand for in one file: ten lines of ten aliases each would be ten thousand million. */
const aliasedNodesMax = 100_000;
const plainTags = [nullYaml11Tag, boolYaml11Tag, intYaml11Tag, floatYaml11Tag];
/** What js-yaml's terse reasons mostly come from. */
const causes: readonly (readonly [reason: string, cause: string])[] = [
  ['deficient indentation', 'a bracket or quote before this line is not closed, or the line has to be indented further'],
  ['bad indentation', 'the line has to be indented like its neighbours, or the text before needs quotes'],
  ['end of the stream or a document separator is expected', 'the line does not go on with what stands before: look at its indentation; tabs do not indent'],
];
/** From the end of what stands last in `[...]` or `{...}` to its bracket. */
const toBracket = /(?:[\s,:?]|#.*)*[}\]]/y;
const blockHeader = /[|>][-+\d]*[ \t]*(?:#.*)?$/;

/** Returns the values of the documents of a text; an empty document is a null. Throws YamlFault. */
export function parseYaml(text: string): Node[] {
  let events: Event[];
  try {
    events = parseEvents(text, {});
  } catch (error) {
    if (error instanceof YAMLException) throw new YamlFault(sentence(error.reason), error.mark?.position ?? 0, { cause: error });
    throw error;
  }
  return new Composer(text, events).documents();
}

function sentence(reason: string): string {
  const cause = causes.find(([start]) => reason.startsWith(start))?.[1];
  return cause === undefined ? reason : `${reason}: ${cause}`;
}

/** Puts the events of a text together. */
class Composer {
  #next = 0;
  /** Where what was composed last ends. */
  #end = 0;
  #nodes = 0;
  #aliased = 0;
  readonly #anchors = new Map<string, { node: Node; nodes: number }>();

  constructor(readonly text: string, readonly events: readonly Event[]) {}

  documents(): Node[] {
    const roots: Node[] = [];
    while (this.#next < this.events.length) {
      this.#next++;
      this.#anchors.clear();
      roots.push(this.#node());
      this.#next++;
    }
    return roots;
  }

  #node(): Node {
    const event = this.events[this.#next++];
    const before = this.#nodes++;
    switch (event.type) {
      case EVENT_ID.SCALAR: return this.#anchored(event, this.#scalar(event), before);
      case EVENT_ID.SEQUENCE: return this.#anchored(event, this.#seq(event), before);
      case EVENT_ID.MAPPING: return this.#anchored(event, this.#map(event), before);
      case EVENT_ID.ALIAS: return this.#alias(event);
      default: throw new Error(`YAML event ${event.type} where a node belongs`);
    }
  }

  #anchored(event: Event & { anchorStart: number; anchorEnd: number }, node: Node, before: number): Node {
    if (event.anchorStart >= 0) {
      this.#anchors.set(this.text.slice(event.anchorStart, event.anchorEnd), { node, nodes: this.#nodes - before });
    }
    return node;
  }

  #alias({ anchorStart, anchorEnd }: Extract<Event, { type: typeof EVENT_ID.ALIAS }>): Node {
    const name = this.text.slice(anchorStart, anchorEnd);
    const named = this.#anchors.get(name);
    if (named === undefined) throw new YamlFault(`the alias *${name} names no anchor that stands before it`, anchorStart - 1);
    this.#nodes += named.nodes;
    this.#aliased += named.nodes;
    if (this.#aliased > aliasedNodesMax) throw new YamlFault(`aliases stand for more than ${aliasedNodesMax} values`, anchorStart - 1);
    this.#end = anchorEnd;
    return named.node;
  }

  #scalar(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>): ScalarNode {
    const { valueStart, valueEnd, style } = event;
    if (valueStart < 0) return { kind: 'scalar', style: 'plain', text: '', value: this.#meaning(event, ''), start: this.#end, end: this.#end };
    const text = getScalarValue(this.text, event);
    if (style === SCALAR_STYLE.PLAIN) {
      this.#end = valueEnd;
      return { kind: 'scalar', style: 'plain', text, value: this.#meaning(event, text), start: valueStart, end: valueEnd };
    }
    if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) {
      this.#end = valueEnd + 1;
      return { kind: 'scalar', style: 'quoted', text, value: text, start: valueStart - 1, end: this.#end };
    }
    this.#end = valueEnd;
    const header = this.text.lastIndexOf('\n', valueStart - 2) + 1;
    const start = header + Math.max(this.text.slice(header, valueStart - 1).search(blockHeader), 0);
    return { kind: 'scalar', style: 'block', text, value: text, start, end: valueEnd };
  }

  /** What a plain scalar is; under a tag of its own it is a text, unless the tag is one of these. */
  #meaning({ tagStart, tagEnd }: { tagStart: number; tagEnd: number }, text: string): ScalarNode['value'] {
    const tagName = tagStart < 0 ? null : this.text.slice(tagStart, tagEnd).replace(/^!!/, 'tag:yaml.org,2002:');
    for (const tag of plainTags) {
      if (tagName !== null ? tag.tagName !== tagName : tag.implicitFirstChars?.includes(text.charAt(0)) === false) continue;
      const value = tag.resolve(text, tagName !== null, tag.tagName);
      if (value !== NOT_RESOLVED) return value;
    }
    return text;
  }

  #seq({ start, style }: Extract<Event, { type: typeof EVENT_ID.SEQUENCE }>): SeqNode {
    this.#end = start + 1;
    const items: Node[] = [];
    while (this.events[this.#next].type !== EVENT_ID.POP) items.push(this.#node());
    return { kind: 'seq', items, start, end: this.#close(style) };
  }

  #map({ start, style }: Extract<Event, { type: typeof EVENT_ID.MAPPING }>): MapNode {
    this.#end = start + 1;
    const pairs: [Node, Node][] = [];
    const keys = new Set<string>();
    const merged: Node[] = [];
    while (this.events[this.#next].type !== EVENT_ID.POP) {
      const [key, value] = [this.#node(), this.#node()];
      if (key.kind === 'scalar' && key.style === 'plain' && key.text === '<<') {
        merged.push(value);
        continue;
      }
      if (key.kind === 'scalar' && keys.size === keys.add(key.text).size) throw new YamlFault(`the key "${key.text}" stands here twice`, key.start);
      pairs.push([key, value]);
    }
    const end = this.#close(style);
    for (const source of merged) this.#merge(source, pairs, keys);
    return { kind: 'map', pairs, start, end };
  }

  /** Adds the pairs of a mapping, or of a list of mappings, whose keys are not there yet. */
  #merge(source: Node, pairs: [Node, Node][], keys: Set<string>): void {
    for (const map of source.kind === 'seq' ? source.items : [source]) {
      if (map.kind !== 'map') throw new YamlFault('a merge key (<<) takes a mapping or a list of mappings', map.start);
      for (const [key, value] of map.pairs) {
        if (key.kind !== 'scalar' || keys.size !== keys.add(key.text).size) pairs.push([key, value]);
      }
    }
  }

  #close(style: number): number {
    this.#next++;
    if (style === COLLECTION_STYLE.FLOW) {
      toBracket.lastIndex = this.#end;
      if (toBracket.test(this.text)) this.#end = toBracket.lastIndex;
    }
    return this.#end;
  }
}
