// The data files of the tests of a hub: looked for in several folders, read once for all tests.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DataFileContent, loadDataFile } from '../expr-helpers/data-files.js';
import { asnDatabaseName, cityDatabaseName, type GeoData, loadGeoData } from '../expr-helpers/geo-reader.js';
import type { DataFileSpec } from '../expr-helpers/data-declaration.js';

/** What one set of rules gets, and what of it is nowhere. */
export interface FoundData {
  readonly files: readonly DataFileContent[];
  readonly missing: readonly string[];
}

/** Data folders in the order in which they are asked. */
export class TestData {
  /** null where no folder has both databases. */
  readonly geo: GeoData | null;
  readonly #folders: readonly string[];
  readonly #contents = new Map<string, DataFileContent | null>();

  constructor(folders: readonly string[]) {
    this.#folders = folders;
    const folder = folders.find((each) => [cityDatabaseName, asnDatabaseName].every((name) => existsSync(join(each, name))));
    this.geo = folder === undefined ? null : loadGeoData(folder, () => {});
  }

  /** Throws for a file that is there but cannot be used. */
  of(specs: readonly DataFileSpec[]): FoundData {
    const wanted = new Map(specs.map((spec) => [`${spec.type} ${spec.name}`, spec]));
    const files: DataFileContent[] = [];
    const missing: string[] = [];
    for (const [key, spec] of wanted) {
      let content = this.#contents.get(key);
      if (content === undefined) this.#contents.set(key, content = this.#load(spec));
      if (content === null) missing.push(spec.name);
      else files.push(content);
    }
    return { files, missing };
  }

  #load({ name, type, cache }: DataFileSpec): DataFileContent | null {
    const folder = this.#folders.find((each) => existsSync(join(each, name)));
    return folder === undefined ? null : loadDataFile(folder, name, type, cache);
  }
}
