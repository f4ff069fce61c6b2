// The help of a command in cobra's layout: description, usage lines, aliases, examples, subcommands, flags.

import type { Command } from 'commander';
import { formatGoDuration } from '../ts/util/go-duration.js';
import { ancestorsOf, pathOf, specOf, type FlagSpec } from './command.js';

const helpFlag = (command: Command): FlagSpec =>
  ({ long: 'help', short: 'h', kind: 'bool', text: `help for ${command.name()}` });

/** The whole help text, description first. */
export function helpText(command: Command, colour: boolean): string {
  return `${command.description().trim()}\n\n${usageText(command, colour)}`;
}

/** The help without its description, as shown when a command needs a subcommand. */
export function usageText(command: Command, colour: boolean): string {
  const spec = specOf(command);
  const heading = (text: string): string => (colour ? `\x1b[33m${text}\x1b[0m` : text);
  const sections = [`${heading('Usage:')}\n${usageLines(command).map((line) => `  ${line}\n`).join('')}`];
  if (spec.aliases !== undefined && spec.aliases.length > 0) {
    sections.push(`${heading('Aliases:')}\n  ${[command.name(), ...spec.aliases].join(', ')}\n`);
  }
  if (spec.examples !== undefined) sections.push(`${heading('Examples:')}\n${spec.examples.join('\n')}\n`);
  const children = visibleChildren(command);
  if (children.length > 0) {
    const width = Math.max(11, ...children.map((child) => child.name().length));
    const lines = children.map((child) => `  ${child.name().padEnd(width)} ${child.summary()}\n`);
    sections.push(`${heading('Available Commands:')}\n${lines.join('')}`);
  }
  sections.push(`${heading('Flags:')}\n${flagLines(ownFlags(command))}`);
  const inherited = inheritedFlags(command);
  if (inherited.length > 0) sections.push(`${heading('Global Flags:')}\n${flagLines(inherited)}`);
  if (children.length > 0) {
    sections.push(`Use "${pathOf(command)} [command] --help" for more information about a command.\n`);
  }
  return sections.join('\n');
}

/** The subcommands that help and completion name. */
export function visibleChildren(command: Command): Command[] {
  return command.commands.filter((child) => specOf(child).isHidden !== true);
}

/** A command's own flags in help order, its help flag included, hidden ones left out. */
export function ownFlags(command: Command): FlagSpec[] {
  const { flags = [], keepsFlagOrder } = specOf(command);
  const all = [...flags, helpFlag(command)].filter(({ isHidden }) => isHidden !== true);
  return keepsFlagOrder === true ? all : all.sort(byName);
}

/** The flags a command takes from those above it. */
export function inheritedFlags(command: Command): FlagSpec[] {
  const root = rootOf(command);
  if (root === command) return [];
  const groups = ancestorsOf(command).filter((each) => each === root || specOf(each).sharesFlags === true);
  return groups.flatMap((each) => specOf(each).flags ?? []).filter(({ isHidden }) => isHidden !== true).sort(byName);
}

function usageLines(command: Command): string[] {
  const spec = specOf(command);
  const path = command.parent === null ? '' : `${pathOf(command.parent)} `;
  const line = `${path}${spec.use}`;
  const lines: string[] = [];
  const saysFlags = line.includes('[flags]') || spec.hidesFlagsInUse === true;
  if (spec.run !== undefined) lines.push(saysFlags ? line : `${line} [flags]`);
  if (visibleChildren(command).length > 0) lines.push(`${pathOf(command)} [command]`);
  return lines;
}

function flagLines(flags: readonly FlagSpec[]): string {
  const heads = flags.map(({ short, long, kind }) =>
    `  ${short === undefined ? '    ' : `-${short}, `}--${long}${kind === 'bool' ? '' : ` ${kind}`}`);
  const width = Math.max(...heads.map((head) => head.length));
  return flags.map((flag, index) => `${heads[index].padEnd(width)}   ${flag.text}${fallbackText(flag)}\n`).join('');
}

function fallbackText({ kind, fallback }: FlagSpec): string {
  if (kind === 'duration') return ` (default ${formatGoDuration(Number(fallback ?? 0))})`;
  if (fallback === undefined || fallback === '' || fallback === 0) return '';
  return ` (default ${kind === 'string' ? `"${fallback}"` : fallback})`;
}

function byName(a: FlagSpec, b: FlagSpec): number {
  return a.long < b.long ? -1 : 1;
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
