// The JavaScript of the builtins that take a closure, once their parts are generated.

/** What a loop is made of: pieces of code, and where to get a variable or the memory budget. */
export interface LoopParts {
  readonly list: string;
  readonly closure: string;
  readonly boxer: string;
  readonly isAsync: boolean;
  readonly third: string | null;
  readonly mapped: string | null;
  readonly throws: boolean;
  readonly local: () => string;
  readonly budget: () => string;
}

/** Returns the loop of a builtin. Simple ones are JavaScript's own array methods, unless the closure must be waited for. */
export function closureLoop(name: string, parts: LoopParts): string {
  const { list, closure, boxer, isAsync } = parts;
  const loop = (steps: string): string =>
    isAsync ? `(await rt.loops.runAsync(rt.loops.${steps}))` : `rt.loops.run(rt.loops.${steps})`;
  const either = (steps: string, given: string): string => (isAsync ? loop(`${steps}(${given})`) : `rt.loops.${steps}Now(${given})`);
  const search = (way: 'findIndex' | 'findLastIndex', from: string): string =>
    isAsync ? loop(`${way}(${from}, ${closure})`) : `${from}.${way}(${closure})`;
  switch (name) {
    case 'any': return isAsync ? `(${search('findIndex', list)} >= 0)` : `${list}.some(${closure})`;
    // The closure of all() is negated: it looks for one that fails.
    case 'all': case 'none': return isAsync ? `(${search('findIndex', list)} < 0)` : `!${list}.some(${closure})`;
    case 'one': return loop(`one(${list}, ${closure})`);
    case 'count': return loop(`count(${list}, ${closure}${parts.third === null ? '' : `, ${parts.third}`})`);
    case 'filter': return either('filter', `${list}, ${closure}, ${boxer}, ${parts.budget()}`);
    case 'map': return either('map', `${list}, ${closure}, ${parts.budget()}`);
    case 'sum': return loop(`sum(${list}, ${closure})`);
    case 'findIndex': case 'findLastIndex': return `rt.loops.indexOrNil(${search(name, list)})`;
    case 'find': case 'findLast': {
      const [elements, at] = [parts.local(), parts.local()];
      const position = `(${at} = ${search(name === 'find' ? 'findIndex' : 'findLastIndex', elements)})`;
      const waits = parts.mapped?.startsWith('async') === true ? 'await ' : '';
      const mapped = `${waits}(${parts.mapped})(${elements}[${at}], ${at})`;
      const element = parts.mapped === null ? `(${elements}[${at}] ?? null)` : mapped;
      const none = parts.throws ? 'rt.loops.noElement()' : 'null';
      return `(${elements} = ${list}, ${position} < 0 ? ${none} : ${element})`;
    }
    case 'groupBy': return loop(`groupBy(${list}, ${closure}, ${boxer})`);
    case 'sortBy': return loop(`sortBy(${list}, ${closure}, ${boxer}, ${parts.budget()}, ${parts.third ?? '"asc"'})`);
    default:
      return loop(`reduce(${list}, ${closure}, ${boxer}, ${parts.third === null ? 'null' : `{ value: ${parts.third} }`})`);
  }
}
