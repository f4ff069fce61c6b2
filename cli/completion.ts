// The hidden __complete command: what the shell scripts ask for the words that may come next, in cobra's protocol
// (candidates, then `:` and a directive; the debug lines on stderr).

import type { Command } from 'commander';
import { specOf, type Completion } from './command.js';
import { Context, defaultConfigFile, readConfig } from './context.js';
import { inheritedFlags, ownFlags, visibleChildren } from './help.js';
import type { Io } from './io.js';

const noFiles = { code: 4, name: 'ShellCompDirectiveNoFileComp' };
const files = { code: 0, name: 'ShellCompDirectiveDefault' };

/** Prints the candidates for the last of `words`; `before` holds the global flags that stood in front. */
export function completeWords(root: Command, before: readonly string[], words: readonly string[], io: Io): number {
  const word = words.at(-1) ?? '';
  const { command, args } = findCommand(root, words.slice(0, -1));
  let candidates: string[] = [];
  let directive = files;
  const { complete } = specOf(command);
  if (word.startsWith('-')) {
    candidates = flagWords(command).filter((flag) => flag.startsWith(word));
    directive = noFiles;
  } else if (complete !== undefined) {
    const completion = completionOf(command, before, words, { args, word }, io);
    if (completion.label !== undefined) {
      io.stderr.write(`[Debug] ${completion.label}: [${completion.words.join(' ')}]\n`);
    }
    candidates = [...completion.words].filter((each) => completion.label !== undefined || each.startsWith(word));
    directive = noFiles;
  } else if (args.length === 0) {
    candidates = visibleChildren(command).map((child) => `${child.name()}\t${child.summary().split('\n')[0]}`)
      .filter((line) => line.startsWith(word));
    if (candidates.length > 0) directive = noFiles;
  }
  for (const candidate of candidates) io.stdout.write(`${candidate}\n`);
  io.stdout.write(`:${directive.code}\n`);
  io.stderr.write(`Completion ended with directive: ${directive.name}\n`);
  return 0;
}

function findCommand(root: Command, words: readonly string[]): { command: Command; args: string[] } {
  let command = root;
  const args: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word.startsWith('-')) {
      const option = [...command.options, ...root.options].find(({ short, long }) => word === short || word === long);
      if (option?.required === true) i += 1;
      continue;
    }
    const child = args.length > 0 ? undefined
      : command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (child === undefined) args.push(word);
    else command = child;
  }
  return { command, args };
}

function flagWords(command: Command): string[] {
  return [...ownFlags(command), ...inheritedFlags(command)].map(({ long, text }) => `--${long}\t${text}`);
}

/** Nothing when the configuration or the hub cannot be read: a shell is no place to say why. */
function completionOf(command: Command, before: readonly string[], words: readonly string[],
  typed: { readonly args: readonly string[]; readonly word: string }, io: Io): Completion {
  const all = [...before, ...words];
  const at = all.findIndex((each) => each === '-c' || each === '--config');
  const configFile = at >= 0 && all[at + 1] !== undefined ? all[at + 1] : defaultConfigFile;
  const spec = specOf(command);
  try {
    const config = spec.needsNoConfig === true ? null : readConfig(configFile);
    const context = new Context(io, { configFile, output: '', color: 'no', logLevel: 'error' }, config);
    return spec.complete?.({ context, ...typed }) ?? { words: [] };
  } catch {
    return { words: [] };
  }
}
