// The rule files that a test names: by the name of a hub item, or by a path from the hub or from the test's own folder.

import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { PalisadeError } from '../errors.js';
import { buildIndex, itemsOf, type Items, readIndex, sha256OfFile } from '../hub/index.js';
import type { RuleFile } from '../hub/installed.js';
import type { RuleFiles } from '../pipeline/rules.js';
import type { TestCase } from './test-case.js';

/** What a test can name. */
export type TestedType = 'parsers' | 'scenarios' | 'postoverflows';

/** A hub folder as tests see it: nothing in it is installed. */
export class HubItems {
  readonly hubDir: string;
  readonly items: Items;
  readonly #files = new Map<string, RuleFile>();

  /** Reads the hub's index, or makes one of its files where it has none. */
  constructor(hubDir: string) {
    this.hubDir = resolve(hubDir);
    const indexPath = join(this.hubDir, '.index.json');
    this.items = existsSync(indexPath) ? readIndex(indexPath) : itemsOf(buildIndex(this.hubDir));
  }

  /** The files of a test in the order in which they load. Throws E_HUB for a name that leads nowhere. */
  filesOf({ path, config }: TestCase): RuleFiles {
    const list = (type: TestedType): RuleFile[] => byPath(config[type].map((name) => this.#file(type, name, path)));
    return { parsers: list('parsers'), postoverflows: list('postoverflows'), scenarios: list('scenarios'), contexts: [] };
  }

  #file(type: TestedType, name: string, testPath: string): RuleFile {
    const item = this.items[type].get(name);
    if (item !== undefined) return this.#ruleFile(type, join(this.hubDir, item.path), item.stage, item.versions);
    const own = [this.hubDir, testPath].map((base) => join(base, name)).find((file) => /\.ya?ml$/.test(file) && existsSync(file));
    if (own === undefined) throw new PalisadeError('E_HUB', `no ${type} named ${name} in ${this.hubDir} or ${testPath}`);
    const stage = type === 'scenarios' ? '' : basename(dirname(dirname(own)));
    return this.#ruleFile(type, own, stage, {});
  }

  /** As installed, a file lies directly below its type or stage. */
  #ruleFile(type: TestedType, realPath: string, stage: string, versions: Readonly<Record<string, { readonly digest: string }>>): RuleFile {
    const known = this.#files.get(realPath);
    if (known !== undefined) return known;
    const hash = sha256OfFile(realPath);
    const version = Object.entries(versions).find(([, { digest }]) => digest === hash)?.[0] ?? '?';
    const file = { path: join(type, stage, basename(realPath)), realPath, name: basename(realPath), version, hash,
      status: 'up-to-date' as const, ...(stage === '' ? {} : { stage }) };
    this.#files.set(realPath, file);
    return file;
  }
}

/** The last file of a path wins, as a link made anew does. */
function byPath(files: readonly RuleFile[]): RuleFile[] {
  return [...new Map(files.map((file) => [file.path, file])).values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
