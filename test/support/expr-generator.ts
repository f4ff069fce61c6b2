// Makes random expressions over the recorder's variables: mostly well typed, deep enough that operators meet each other,
// with a share of nil, mixed and missing values so that failures are met too.

type Want = 'text' | 'int' | 'number' | 'bool' | 'list' | 'any';

const leaves: Readonly<Record<Want, readonly string[]>> = {
  text: ['s', 'e', "'a'", "'fig'", "'bob'", 'm.a', 'm.zz', "m['b']", 'thing.Name', 'thing.Text', "''", 'u.name', 'u.num', 'u.deep.x.y',
    'words[0]', 'sm.inner.k', 'sm.inner.zz', "'é'", 'u.words[0]'],
  int: ['n', 'z', '1', '2', '3', 'len(s)', 'thing.Count', 'len(words)', 'ints[0]', 'int(u.num)', 'int(u.n)', 't.Hour()', 'len(u.list)'],
  number: ['f', '1.5', '2', 'u.n', 'u.f', 'n', 'thing.Ratio', 'floats[1]', 'u.list[0]', 'float(n)'],
  bool: ['b', 'true', 'false', 'u.flag', "'a' in m", "m.a == 'x'", "s contains 'w'", "u.name startsWith 'b'"],
  list: ['words', 'ints', 'u.list', 'u.words', 'u.mixed', 'anys', '[1, 2, 3]', "['a', 'b']", 'thing.Tags', '1..4', 'u.objs', 'floats',
    'thing.Items', 'u.nested', '[]'],
  any: ['u.none', 'u.missing', 'u.name', 'u.n', 'u.deep', 'u.deep?.q?.y', 'u.list', 'nil', 'u.flag', 'thing.Gone', 'd', 't', 'u.f'],
};

/** Returns a random expression. */
export function randomExpression(random: () => number, depth = 3): string {
  return new Generator(random).make(pick(random, ['text', 'int', 'number', 'bool', 'bool', 'list', 'any'] as const), depth);
}

class Generator {
  readonly #random: () => number;
  /** What `#` is in the closures around, innermost last. */
  readonly #elements: string[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  make(want: Want, depth: number): string {
    const random = this.#random;
    if (depth <= 0 || random() < 0.15) return this.#leaf(want);
    if (random() < 0.06) return this.#any(depth);
    switch (want) {
      case 'text': return this.#text(depth - 1);
      case 'int': return this.#int(depth - 1);
      case 'number': return this.#number(depth - 1);
      case 'bool': return this.#bool(depth - 1);
      case 'list': return this.#list(depth - 1);
      default: return this.#any(depth - 1);
    }
  }

  #leaf(want: Want): string {
    if (this.#elements.length > 0 && this.#random() < 0.5) return '#';
    return pick(this.#random, leaves[want]);
  }

  #text(depth: number): string {
    const text = (): string => this.make('text', depth);
    const int = (): string => this.make('int', depth);
    return pick(this.#random, [
      () => `(${text()} + ${text()})`, () => `upper(${text()})`, () => `trim(${text()})`, () => `${text()}[${int()}:${int()}]`,
      () => `(${this.make('bool', depth)} ? ${text()} : ${text()})`, () => `(${this.make('any', depth)} ?? ${text()})`,
      () => `string(${this.make(pick(this.#random, ['int', 'number', 'bool', 'text', 'any'] as const), depth)})`, () => `Up(${text()})`,
      () => `replace(${text()}, ${text()}, ${text()})`, () => `join(map(${this.make('list', depth)}, ${this.#closed('text', depth)}), ',')`,
      () => `split(${text()}, ${text()})[0]`, () => `type(${this.make('any', depth)})`, () => `toJSON(${this.make('any', depth)})`,
      () => `(let v${depth} = ${text()}; v${depth} + v${depth})`, () => `trimPrefix(${text()}, ${text()})`, () => `thing.Greet(${text()})`,
    ])();
  }

  #int(depth: number): string {
    const int = (): string => this.make('int', depth);
    return pick(this.#random, [
      () => `(${int()} ${pick(this.#random, ['+', '-', '*', '%'])} ${int()})`, () => `len(${this.make('list', depth)})`,
      () => `len(${this.make('text', depth)})`, () => `-${int()}`, () => `int(${this.make('number', depth)})`,
      () => `count(${this.make('list', depth)}, ${this.#closed('bool', depth)})`, () => `indexOf(${this.make('text', depth)}, ${this.make('text', depth)})`,
      () => `Twice(${int()})`, () => `bitxor(${int()}, ${int()})`, () => `(${this.make('bool', depth)} ? ${int()} : ${int()})`,
      () => `findIndex(${this.make('list', depth)}, ${this.#closed('bool', depth)})`, () => `max(${int()}, ${int()})`,
      () => `(if ${this.make('bool', depth)} { ${int()} } else { ${int()} })`,
    ])();
  }

  #number(depth: number): string {
    const number = (): string => this.make('number', depth);
    return pick(this.#random, [
      () => `(${number()} ${pick(this.#random, ['+', '-', '*', '/', '**'])} ${number()})`, () => `abs(${number()})`, () => `round(${number()})`,
      () => `sum(${this.make('list', depth)}, ${this.#closed('number', depth)})`, () => `mean(${this.make('list', depth)})`,
      () => `min(${number()}, ${number()})`, () => `reduce(${this.make('list', depth)}, #acc + ${this.#closed('number', depth)}, ${number()})`,
      () => `(${this.make('any', depth)} ?? ${number()})`, () => `Half(${number()})`, () => `median(${number()}, ${this.make('list', depth)})`,
    ])();
  }

  #bool(depth: number): string {
    const bool = (): string => this.make('bool', depth);
    const relation = pick(this.#random, ['==', '!=', '<', '>', '<=', '>=']);
    const kind = pick(this.#random, ['text', 'int', 'number'] as const);
    const same = pick(this.#random, ['text', 'int', 'number', 'bool', 'list', 'any'] as const);
    const test = pick(this.#random, ['contains', 'startsWith', 'endsWith', 'not contains', 'matches']);
    const quantifier = pick(this.#random, ['any', 'all', 'none', 'one']);
    const list = (): string => this.make('list', depth);
    return pick(this.#random, [
      () => `(${bool()} ${pick(this.#random, ['and', 'or', '&&', '||'])} ${bool()})`, () => `not (${bool()})`,
      () => `(${this.make(kind, depth)} ${relation} ${this.make(kind, depth)})`,
      () => `(${this.make(same, depth)} ${pick(this.#random, ['==', '!='])} ${this.make(same, depth)})`,
      () => `(${this.make('text', depth)} ${test} ${this.make('text', depth)})`,
      () => `(${this.make(pick(this.#random, ['text', 'int', 'any'] as const), depth)} ${pick(this.#random, ['in', 'not in'])} ${list()})`,
      () => `(${this.make('text', depth)} in ['a', 'bob', ${pick(this.#random, ["'x'", '1', 'nil', 's'])}])`,
      () => `${quantifier}(${list()}, ${this.#closed('bool', depth)})`,
      () => `(${bool()} ? ${bool()} : ${bool()})`, () => `(${this.make('any', depth)} == nil)`,
      () => `(1 < ${this.make('number', depth)} < 5)`, () => `(${this.make('text', depth)} in ${pick(this.#random, ['m', 'u', 'u.deep'])})`,
    ])();
  }

  #list(depth: number): string {
    const list = (): string => this.make('list', depth);
    return pick(this.#random, [
      () => `filter(${list()}, ${this.#closed('bool', depth)})`, () => `map(${list()}, ${this.#closed('any', depth)})`,
      () => `map(${list()}, ${this.#closed('number', depth)})`, () => `${list()}[${this.make('int', depth)}:]`,
      () => `concat(${list()}, ${list()})`, () => `reverse(${list()})`, () => `sortBy(${list()}, ${this.#closed('int', depth)})`,
      () => `uniq(${list()})`, () => `[${this.make('any', depth)}, ${this.make('text', depth)}]`, () => `flatten(${list()})`,
      () => `take(${list()}, ${this.make('int', depth)})`, () => `split(${this.make('text', depth)}, ' ')`, () => `sort(${list()})`,
      () => `(${this.make('bool', depth)} ? ${list()} : ${list()})`, () => `values({x: ${this.make('any', depth)}})`,
    ])();
  }

  #any(depth: number): string {
    const list = (): string => this.make('list', depth);
    return pick(this.#random, [
      () => `${list()}[${this.make('int', depth)}]`, () => `first(${list()})`, () => `last(${list()})`,
      () => `find(${list()}, ${this.#closed('bool', depth)})`, () => `filter(${list()}, ${this.#closed('bool', depth)})[0]`,
      () => `get(u, ${this.make('text', depth)})`, () => `u[${this.make('text', depth)}]`, () => `{a: ${this.make('any', depth)}}.a`,
      () => `{a: ${this.make('any', depth)}}?.b?.c`, () => `groupBy(${list()}, ${this.#closed('text', depth)})`,
      () => `(${this.make('any', depth)} ?? ${this.make('any', depth)})`, () => `find(thing.Items, .Size == ${this.make('int', depth)})?.Name`,
      () => `map(u.objs, .k)`, () => `(${this.make('bool', depth)} ? ${this.make('any', depth)} : nil)`, () => `[thing][0].${pick(this.#random, ['Name', 'Tags', 'Inner', 'Gone'])}`,
    ])();
  }

  #closed(want: Want, depth: number): string {
    this.#elements.push('#');
    const body = this.make(want, depth);
    this.#elements.pop();
    return `{${body}}`;
  }
}

function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)];
}
