// The YAML form of a scenario document: which keys it may carry. Shape only; load.ts checks what the values mean.

import {
  anything, boolean, integer, list, located, type Located, mapOf, number, placed, record, type Shape, text,
} from '../config/document.js';
import type { Place } from '../errors.js';
import { dataShape, type DataText } from '../expr-helpers/data-declaration.js';

interface Placed<T> {
  readonly value: T;
  readonly place: Place;
}

export interface ConditionText {
  readonly condition?: Located;
  readonly prob_given_evil?: number;
  readonly prob_given_benign?: number;
  readonly guillotine?: boolean;
}

export interface ScenarioText {
  readonly format?: Located;
  readonly type?: Located;
  readonly name?: string;
  readonly description?: string;
  readonly filter?: Located;
  readonly groupby?: Located;
  readonly distinct?: Located;
  readonly capacity?: Placed<number>;
  readonly leakspeed?: Located;
  readonly duration?: Located;
  readonly blackhole?: Located;
  readonly cache_size?: Placed<number>;
  readonly cancel_on?: Located;
  readonly condition?: Located;
  readonly overflow_filter?: Located;
  readonly bayesian_prior?: Placed<number>;
  readonly bayesian_threshold?: Placed<number>;
  readonly bayesian_conditions?: readonly Placed<ConditionText>[];
  readonly scope?: { readonly type?: string; readonly expression?: Located };
  readonly reprocess?: boolean;
  readonly labels?: ReadonlyMap<string, unknown>;
  readonly data?: readonly Placed<DataText>[];
}

const conditionShape: Shape<ConditionText> = record({
  condition: located(), prob_given_evil: number(), prob_given_benign: number(), guillotine: boolean(),
});

/** One document of a scenario file. */
export const scenarioShape: Shape<ScenarioText> = record({
  format: located(), type: located(), name: text(), author: text(), description: text(), references: list(text()),
  filter: located(), groupby: located(), distinct: located(), capacity: placed(integer()), leakspeed: located(),
  duration: located(), debug: boolean(), profiling: boolean(), labels: mapOf(anything()), blackhole: located(),
  reprocess: boolean(), cache_size: placed(integer()), overflow_filter: located(), condition: located(),
  bayesian_prior: placed(number()), bayesian_threshold: placed(number()),
  bayesian_conditions: list(placed(conditionShape)), scope: record({ type: text(), expression: located() }),
  data: list(placed(dataShape)), cancel_on: located(), version: text(), simulated: boolean(),
});
