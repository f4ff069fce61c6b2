// Whether running an expression changes anything beside its result.

import { childrenOf, type MemberNode, type Node } from './ast.js';
import type { FunctionTable } from './functions.js';

/** What running an expression touches beside its result. */
export interface Effects {
  readonly hasEffects: boolean;
  readonly usesStash: boolean;
}

/** Returns whether an expression changes anything or uses a stash. */
export function effectsOf(tree: Node, functions: FunctionTable): Effects {
  let hasEffects = false;
  let usesStash = false;
  const visit = (node: Node): void => {
    if (node.kind === 'call' && node.helper !== undefined) {
      const entry = functions[node.helper.name];
      hasEffects ||= entry.hasEffects === true;
      usesStash ||= entry.usesStash === true;
    }
    if (node.kind === 'member') {
      hasEffects ||= node.method?.hasEffects === true || isDynamicMethod(node);
    }
    childrenOf(node).forEach(visit);
  };
  visit(tree);
  return { hasEffects, usesStash };
}

/** `x.SetMeta` where the type of x is known only at run time. */
function isDynamicMethod(node: MemberNode): boolean {
  return node.method === undefined && node.called;
}
