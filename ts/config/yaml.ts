// YAML text to nodes. js-yaml reads it, which is fast; what that refuses the package yaml reads, which is as lenient about
// indentation inside brackets as CrowdSec's reader, and says better what is wrong.

import { COLLECTION_STYLE, EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException, type Event } from 'js-yaml';
import { parseLeniently } from './yaml-lenient.js';
import { Anchors, mapNode, meaningOf, type MapNode, type Node, type Pair, type ScalarNode, type SeqNode } from './yaml-node.js';

type ScalarEvent = Extract<Event, { type: typeof EVENT_ID.SCALAR }>;

/** From the end of what stands last in `[...]` or `{...}` to its bracket. */
const toBracket = /(?:[\s,:?]|#.*$)*[}\]]/my;
const blockHeader = /[|>][-+\d]*[ \t]*(?:#.*)?$/;

/** Returns the values of the documents of a text; an empty document is a null. Throws YamlFault. */
export function parseYaml(text: string): Node[] {
  let events: Event[];
  try {
    events = parseEvents(text, {});
  } catch (error) {
    if (error instanceof YAMLException) return parseLeniently(text);
    throw error;
  }
  return new Composer(text, events).documents();
}

/** Puts the events of a text together. */
class Composer {
  #next = 0;
  /** Where what was composed last ends. */
  #end = 0;
  #anchors = new Anchors();

  constructor(readonly text: string, readonly events: readonly Event[]) {}

  documents(): Node[] {
    const roots: Node[] = [];
    while (this.#next < this.events.length) {
      this.#next++;
      this.#anchors = new Anchors();
      roots.push(this.#node());
      this.#next++;
    }
    return roots;
  }

  #node(): Node {
    const event = this.events[this.#next++];
    switch (event.type) {
      case EVENT_ID.SCALAR: return this.#anchored(event, this.#scalar(event));
      case EVENT_ID.SEQUENCE: return this.#anchored(event, this.#seq(event));
      case EVENT_ID.MAPPING: return this.#anchored(event, this.#map(event));
      case EVENT_ID.ALIAS:
        this.#end = event.anchorEnd;
        return this.#anchors.find(this.text.slice(event.anchorStart, event.anchorEnd), event.anchorStart - 1);
      default: throw new Error(`YAML event ${event.type} where a node belongs`);
    }
  }

  #anchored({ anchorStart, anchorEnd }: { readonly anchorStart: number; readonly anchorEnd: number }, node: Node): Node {
    if (anchorStart >= 0) this.#anchors.name(this.text.slice(anchorStart, anchorEnd), node);
    return node;
  }

  #scalar(event: ScalarEvent): ScalarNode {
    const { valueStart, valueEnd, style, anchorEnd, tagStart, tagEnd } = event;
    const tag = tagStart < 0 ? '' : this.text.slice(tagStart, tagEnd);
    if (valueStart < 0) {
      this.#end = Math.max(this.#end, anchorEnd, tagEnd);
      return { kind: 'scalar', style: 'plain', text: '', value: meaningOf('', tag), start: this.#end, end: this.#end };
    }
    const text = getScalarValue(this.text, event);
    if (style === SCALAR_STYLE.PLAIN) {
      this.#end = valueEnd;
      return { kind: 'scalar', style: 'plain', text, value: meaningOf(text, tag), start: valueStart, end: valueEnd };
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

  #seq({ start, style }: { readonly start: number; readonly style: number }): SeqNode {
    this.#end = start + 1;
    const items: Node[] = [];
    while (this.events[this.#next].type !== EVENT_ID.POP) items.push(this.#node());
    return { kind: 'seq', items, start, end: this.#close(style) };
  }

  #map({ start, style }: { readonly start: number; readonly style: number }): MapNode {
    this.#end = start + 1;
    const pairs: Pair[] = [];
    while (this.events[this.#next].type !== EVENT_ID.POP) pairs.push([this.#node(), this.#node()]);
    return mapNode(pairs, start, this.#close(style));
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
