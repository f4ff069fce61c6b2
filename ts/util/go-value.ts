// Boxes for Go values that JavaScript has no type for, where the static type of an expression is `any`: a JS number
// there is a float64, so an int or a duration must say what it is. Statically typed ints stay plain numbers.

/** A Go int in a place where any value may stand, so that text forms and type checks come out as in Go. */
export class GoInt {
  constructor(readonly value: number) {}

  valueOf(): number {
    return this.value;
  }

  toString(): string {
    return String(this.value);
  }
}

/** A Go time.Duration in a place where any value may stand. */
export class GoDuration {
  constructor(readonly nanoseconds: number) {}

  valueOf(): number {
    return this.nanoseconds;
  }
}

/** Returns an object without a prototype: a map whose keys come from data. */
export function newGoMap<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}
