// Finds types by their Go text when generated code is linked: the code names a type, this has it. It holds what can be
// reached from the environments and from the results of a runtime's helpers.

import type { ExprEnv } from './env.js';
import {
  alertEventType, alertType, eventType, leakyType, overflowType, parserResultType, queueType, requestType,
} from './event-types.js';
import type { FunctionEntry } from './functions.js';
import { durationMethods, locationType, timeMethods } from './time-types.js';
import { deref, durationType, mapOf, sliceOf, timeType, typeText, type StructMethod, type Type } from './types.js';

/** Types by name. */
export class TypeRegistry {
  readonly #types = new Map<string, Type>();

  constructor(helpers: Iterable<FunctionEntry>, envs: readonly ExprEnv[]) {
    for (const type of [eventType, alertType, alertEventType, overflowType, queueType, leakyType, requestType,
      mapOf(mapOf(sliceOf(parserResultType))), sliceOf(eventType), timeType, durationType, locationType]) this.#add(type);
    for (const env of envs) env.params.forEach((param) => this.#add(param.type));
    for (const helper of helpers) this.#add(helper.returns);
  }

  /** The type of that text, without pointers. Throws when none is known, which is a bug. */
  get(text: string): Type {
    const type = this.#types.get(text);
    if (type === undefined) throw new Error(`no type ${text}`);
    return type;
  }

  #add(given: Type): void {
    const type = deref(given);
    const text = typeText(type);
    if (this.#types.has(text)) return;
    this.#types.set(text, type);
    if (type.kind === 'slice' || type.kind === 'map') this.#add(type.element);
    if (type.kind === 'struct') for (const field of Object.values(type.fields)) this.#add(field.type);
    for (const method of Object.values(methodsOf(type) ?? {})) this.#add(method.returns);
  }
}

/** The methods of a type, whether on values or pointers. */
export function methodsOf(type: Type): Readonly<Record<string, StructMethod>> | undefined {
  switch (type.kind) {
    case 'struct': case 'slice': return type.methods;
    case 'time': return timeMethods;
    case 'duration': return durationMethods;
    default: return undefined;
  }
}
