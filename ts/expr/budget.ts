// How much one evaluation may gather in lists, maps and repeated texts: a rule over a large JSON array must not fill the
// memory.

import { limits } from '../limits.js';
import { ExprError } from './values.js';

/** Made afresh for each evaluation of an expression that can gather anything. */
export class MemoryBudget {
  #used = 0;

  /** Takes a number of items. Throws ExprError once the budget is spent. */
  take(itemCount: number): void {
    this.#used += itemCount;
    if (this.#used >= limits.expressionItemsMax) throw new ExprError('memory budget exceeded');
  }
}
