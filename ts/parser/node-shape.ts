// The YAML form of a parser or postoverflow document: which keys a node, its grok, statics, whitelist, stash and data
// may carry. Shape only; what the values mean is checked by load.ts.

import type { Place } from '../errors.js';
import { dataShape, type DataText } from '../expr-helpers/data-declaration.js';
import {
  boolean, integer, lazy, list, located, type Located, mapOf, placed, record, type Shape, text,
} from '../config/document.js';

export interface StaticText {
  readonly method?: string;
  readonly parsed?: string;
  readonly meta?: string;
  readonly enriched?: string;
  readonly target?: string;
  readonly value?: string;
  readonly expression?: Located;
}

export interface GrokText {
  readonly name?: Located;
  readonly pattern?: Located;
  readonly apply_on?: string;
  readonly expression?: Located;
  readonly statics?: readonly Placed<StaticText>[];
}

export interface WhitelistText {
  readonly reason?: string;
  readonly ip?: readonly Located[];
  readonly cidr?: readonly Located[];
  readonly expression?: readonly Located[];
}

export interface StashText {
  readonly name?: string;
  readonly key?: Located;
  readonly value?: Located;
  readonly ttl?: Located;
  readonly size?: number;
  readonly strategy?: string;
}

export interface NodeText {
  readonly format?: Located;
  readonly debug?: boolean;
  readonly profiling?: boolean;
  readonly name?: string;
  readonly author?: string;
  readonly description?: string;
  readonly references?: readonly string[];
  readonly stage?: string;
  readonly onsuccess?: Located;
  readonly filter?: Located;
  readonly nodes?: readonly Placed<NodeText>[];
  readonly pattern_syntax?: ReadonlyMap<string, Located>;
  readonly grok?: Placed<GrokText>;
  readonly statics?: readonly Placed<StaticText>[];
  readonly stash?: readonly Placed<StashText>[];
  readonly whitelist?: WhitelistText;
  readonly data?: readonly Placed<DataText>[];
}

export interface Placed<T> {
  readonly value: T;
  readonly place: Place;
}

const staticsShape: Shape<Placed<StaticText>[]> = list(placed(record({
  method: text(), parsed: text(), meta: text(), enriched: text(), target: text(), value: text(), expression: located(),
})));

const grokShape: Shape<GrokText> = record({
  name: located(), pattern: located(), apply_on: text(), expression: located(), statics: staticsShape,
});

const whitelistShape: Shape<WhitelistText> = record({
  reason: text(), ip: list(located()), cidr: list(located()), expression: list(located()),
});

const stashShape: Shape<StashText> = record({
  name: text(), key: located(), value: located(), ttl: located(), size: integer(), strategy: text(),
});

/** One document, or one entry of `nodes`. */
export const nodeShape: Shape<NodeText> = record({
  format: located(), debug: boolean(), profiling: boolean(), name: text(), author: text(), description: text(),
  references: list(text()), stage: text(), onsuccess: located(), filter: located(),
  nodes: list(placed(lazy(() => nodeShape))), pattern_syntax: mapOf(located()), grok: placed(grokShape),
  statics: staticsShape, stash: list(placed(stashShape)), whitelist: whitelistShape, data: list(placed(dataShape)),
});
