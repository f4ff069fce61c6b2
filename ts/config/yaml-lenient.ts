// The slower reader of YAML, for texts that the fast one refuses: brackets whose lines stand further left than CrowdSec's reader
// minds, and what is wrong. Loaded when it is needed.

import { createRequire } from 'node:module';
import type { Alias, Document, Node as SourceNode, YAMLMap, YAMLSeq } from 'yaml';
import { Anchors, mapNode, meaningOf, YamlFault, type Node, type Pair, type ScalarNode } from './yaml-node.js';

type Yaml = typeof import('yaml');

/** Returns the values of the documents of a text; an empty document is a null. Throws YamlFault. */
export function parseLeniently(text: string): Node[] {
  const yaml = createRequire(import.meta.url)('yaml') as Yaml;
  const documents = yaml.parseAllDocuments(text, { version: '1.1', schema: 'failsafe', uniqueKeys: false, logLevel: 'silent', prettyErrors: false });
  return (documents as Document[]).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new YamlFault(error.message, error.pos[0], { cause: error });
    return new Converter(yaml).node(document.contents as SourceNode | null, 0);
  });
}

/** Makes nodes of one document. */
class Converter {
  readonly #anchors = new Anchors();

  constructor(readonly yaml: Yaml) {}

  /** `end` is where what stands before a missing value ends. */
  node(source: SourceNode | null, end: number): Node {
    if (source === null) return { kind: 'scalar', style: 'plain', text: '', value: null, start: end, end };
    if (this.yaml.isAlias(source)) return this.#anchors.find((source as Alias).source, source.range![0]);
    const node = this.yaml.isMap(source) ? this.#map(source as YAMLMap<SourceNode, SourceNode | null>)
      : this.yaml.isSeq(source) ? this.#seq(source as YAMLSeq<SourceNode | null>) : this.#scalar(source);
    if ('anchor' in source && source.anchor !== undefined) this.#anchors.name(source.anchor, node);
    return node;
  }

  #map(source: YAMLMap<SourceNode, SourceNode | null>): Node {
    const [start, end] = source.range!;
    const pairs = source.items.map(({ key, value }): Pair => {
      const keyNode = this.node(key, start);
      return [keyNode, this.node(value, keyNode.end)];
    });
    return mapNode(pairs, start, end);
  }

  #seq(source: YAMLSeq<SourceNode | null>): Node {
    const [start, end] = source.range!;
    return { kind: 'seq', items: source.items.map((item) => this.node(item, start)), start, end };
  }

  #scalar(source: SourceNode): ScalarNode {
    if (!this.yaml.isScalar(source)) throw new Error('a node of YAML that is no mapping, list, scalar or alias');
    const [start, end] = source.range!;
    const text = String(source.value ?? '');
    const style = source.type === 'PLAIN' || source.type === undefined ? 'plain' : source.type.startsWith('QUOTE') ? 'quoted' : 'block';
    const tag = source.tag?.replace(/^tag:yaml\.org,2002:/, '!!') ?? '';
    return { kind: 'scalar', style, text, value: style === 'plain' ? meaningOf(text, tag) : text, start, end };
  }
}
