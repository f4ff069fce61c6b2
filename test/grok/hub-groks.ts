// Every grok of the reference hub and every line of its tests: what the grok tests feed on.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { embeddedPatternsDir, PatternLibrary } from '../../ts/grok/patterns.js';
import { sharedPath } from '../support/shared.js';

interface HubNode {
  readonly pattern_syntax?: Readonly<Record<string, string>>;
  readonly grok?: { readonly name?: string; readonly pattern?: string };
  readonly nodes?: readonly HubNode[];
}

export interface HubGroks {
  /** All names: built-ins, embedded pattern files, and what the rules define. */
  readonly library: PatternLibrary;
  readonly groks: readonly { readonly id: string; readonly text: string }[];
}

/** Reads the groks of all parsers and postoverflows in load order. */
export function hubGroks(): HubGroks {
  const library = new PatternLibrary();
  library.loadFolder(embeddedPatternsDir);
  const groks: { id: string; text: string }[] = [];
  const visit = (node: HubNode, file: string): void => {
    for (const [name, text] of Object.entries(node.pattern_syntax ?? {})) library.define(name, String(text), { file, line: 1, column: 1 });
    const { name, pattern } = node.grok ?? {};
    const text = name === undefined ? pattern : `%{${name}}`;
    if (text !== undefined) groks.push({ id: `${file} ${name ?? pattern}`, text });
    for (const child of node.nodes ?? []) visit(child, file);
  };
  for (const file of ['parsers', 'postoverflows'].flatMap((kind) => filesBelow(join(sharedPath('hub') as string, kind), /\.ya?ml$/))) {
    for (const document of parseAllDocuments(readFileSync(file, 'utf8'), { version: '1.1' })) visit((document.toJS() ?? {}) as HubNode, file);
  }
  return { library, groks };
}

/** The lines of the hub's tests, each also from behind its first `: ` and `]: ` on, as a syslog message would be. */
export function hubTexts(): Buffer[] {
  const texts = new Set<string>();
  for (const file of filesBelow(join(sharedPath('hub') as string, '.tests'), /\.log$/)) {
    for (const line of readFileSync(file, 'latin1').split('\n')) {
      for (const from of [0, line.indexOf(': ') + 2, line.indexOf(']: ') + 3]) texts.add(line.slice(from));
    }
  }
  return Array.from(texts, (text) => Buffer.from(text, 'latin1'));
}

function filesBelow(folder: string, name: RegExp): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => name.test(file)).sort().map((file) => join(folder, file));
}
