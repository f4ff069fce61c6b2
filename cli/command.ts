// Declares the command tree: one specification a command, turned into commander's commands. The manner of the
// original (flags, usage lines, argument rules) is in args.ts and help.ts.

import { Command, Option } from 'commander';
import type { Context } from './context.js';
import { convertFlag } from './args.js';

export interface FlagSpec {
  readonly long: string;
  readonly short?: string;
  readonly kind: 'bool' | 'string' | 'strings' | 'int' | 'duration';
  readonly text: string;
  readonly fallback?: string | number;
  readonly isHidden?: boolean;
  readonly isRequired?: boolean;
  /** The values that completion offers. */
  readonly choices?: readonly string[];
  /** Says what is wrong with a value. */
  readonly check?: (value: string) => string | undefined;
}

/** How many arguments a command takes: none, exactly or at least a number, or any. */
export type ArgumentRule = { readonly kind: 'none' | 'any' }
  | { readonly kind: 'exact' | 'atLeast' | 'atMost'; readonly count: number };

/** Values of flags by long name: strings, numbers, booleans; durations as nanoseconds with their text. */
export type Flags = Readonly<Record<string, unknown>>;

export interface Invocation {
  readonly context: Context;
  readonly args: readonly string[];
  readonly flags: FlagValues;
  readonly command: Command;
}

export interface CommandSpec {
  /** The usage line after the parent's path: `list [options]`. Its first word is the name. */
  readonly use: string;
  readonly aliases?: readonly string[];
  /** One line for the parent's list. */
  readonly text: string;
  /** Replaces `text` in the command's own help. */
  readonly longText?: string;
  readonly examples?: readonly string[];
  readonly args?: ArgumentRule;
  readonly flags?: readonly FlagSpec[];
  /** The commands below take its flags too. */
  readonly sharesFlags?: boolean;
  /** Flags stand in help as declared, not by name. */
  readonly keepsFlagOrder?: boolean;
  /** Groups of flags of which one at most may be set. */
  readonly exclusive?: readonly (readonly string[])[];
  readonly isHidden?: boolean;
  readonly commands?: readonly CommandSpec[];
  /** Flags that nobody declared are left to `run` as arguments. */
  readonly takesUnknownFlags?: boolean;
  /** The usage line does not end in `[flags]`. */
  readonly hidesFlagsInUse?: boolean;
  /** Works without a configuration file. */
  readonly needsNoConfig?: boolean;
  /** Works without a configuration file where none is named and there is none in the usual place. */
  readonly configIsOptional?: boolean;
  readonly run?: (invocation: Invocation) => Promise<void> | void;
  /** Candidates for the argument being typed. */
  readonly complete?: (invocation: { readonly context: Context; readonly args: readonly string[]; readonly word: string })
  => Completion;
}

export interface Completion {
  readonly words: readonly string[];
  /** What the shell's debug output says. */
  readonly label?: string;
}

/** Typed access to the flags of one invocation. */
export class FlagValues {
  readonly #values: Flags;
  readonly #changed: ReadonlySet<string>;

  constructor(values: Flags, changed: ReadonlySet<string>) {
    this.#values = values;
    this.#changed = changed;
  }

  /** True when the flag stands on the command line. */
  isSet(name: string): boolean {
    return this.#changed.has(name);
  }

  bool(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string {
    const value = this.#values[name];
    return typeof value === 'string' ? value : '';
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  int(name: string): number {
    const value = this.#values[name];
    return typeof value === 'number' ? value : 0;
  }

  /** Nanoseconds. */
  duration(name: string): number {
    return this.int(name);
  }
}

const specs = new WeakMap<Command, CommandSpec>();

/** The specification a command was made from. */
export function specOf(command: Command): CommandSpec {
  const spec = specs.get(command);
  if (spec === undefined) throw new TypeError(`command "${command.name()}" was not made by buildCommand`);
  return spec;
}

/** Makes commander's command for a specification, its subcommands included. `act` runs what was asked for. */
export function buildCommand(spec: CommandSpec, act: (command: Command) => Promise<void>): Command {
  const command = new Command(spec.use.split(' ')[0]);
  specs.set(command, spec);
  command.summary(spec.text).description(spec.longText ?? spec.text).aliases([...(spec.aliases ?? [])]);
  command.allowExcessArguments(true).helpCommand(false).helpOption('-h, --help').exitOverride();
  command.configureOutput({ writeErr: () => {} }).allowUnknownOption(spec.takesUnknownFlags ?? false);
  for (const flag of spec.flags ?? []) command.addOption(optionFor(flag));
  const children = [...(spec.commands ?? [])].sort((a, b) => (a.use < b.use ? -1 : 1));
  for (const child of children) command.addCommand(buildCommand(child, act), { hidden: child.isHidden ?? false });
  command.argument('[args...]').action(async () => act(command));
  return command;
}

/** `cscli decisions list`. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** The values of the command's own flags and of those that groups above share with it. */
export function flagValues(command: Command): FlagValues {
  const changed = new Set<string>();
  const values: Record<string, unknown> = {};
  for (const flag of specOf(command).flags ?? []) {
    const key = command.options.find(({ long }) => long === `--${flag.long}`)!.attributeName();
    // A flag that the group has too, as `metrics -u`, is taken by the group wherever it stands.
    const holder = [command, ...ancestorsOf(command)].find((each) => each.getOptionValueSource(key) === 'cli');
    if (holder !== undefined) changed.add(flag.long);
    values[flag.long] = (holder ?? command).getOptionValue(key);
  }
  for (const group of ancestorsOf(command).filter((each) => specOf(each).sharesFlags === true)) {
    for (const { long } of specOf(group).flags ?? []) {
      const key = group.options.find((option) => option.long === `--${long}`)!.attributeName();
      if (group.getOptionValueSource(key) === 'cli') changed.add(long);
      values[long] = group.getOptionValue(key);
    }
  }
  return new FlagValues(values, changed);
}

/** The commands above one, nearest first. */
export function ancestorsOf(command: Command): Command[] {
  return command.parent === null ? [] : [command.parent, ...ancestorsOf(command.parent)];
}

function optionFor(flag: FlagSpec): Option {
  const names = flag.short === undefined ? `--${flag.long}` : `-${flag.short}, --${flag.long}`;
  const option = new Option(flag.kind === 'bool' ? names : `${names} <${flag.kind}>`, flag.text);
  // commander reads `--no-x` as the negation of `--x`; here it is a flag of that name.
  if (flag.kind === 'bool' && flag.long.startsWith('no-')) option.negate = false;
  option.hideHelp(flag.isHidden ?? false);
  if (flag.kind !== 'bool') {
    option.argParser((text: string, previous: unknown) => convertFlag(flag, text, previous));
    option.default(flag.fallback ?? (flag.kind === 'int' || flag.kind === 'duration' ? 0 : undefined));
  }
  return option;
}
