// `cscli version`: what this program is, in the lines that scripts read.

import type { CommandSpec } from '../command.js';
import { version } from '../../ts/version.js';

/** `cscli version`. */
export const versionSpec: CommandSpec = {
  use: 'version', text: 'Show version and supported formats', needsNoConfig: true,
  run: ({ context }) => {
    const lines = [`version: v${version}`, 'Codename: palisade', 'BuildDate: ', `NodeVersion: ${process.versions.node}`,
      `Platform: ${process.platform}`, 'libre2: C++', `User-Agent: palisade/v${version}-${process.platform}`,
      'Constraint_parser: >= 1.0, <= 3.0', 'Constraint_scenario: >= 1.0, <= 3.0', 'Constraint_api: v1',
      'Constraint_acquis: >= 1.0, < 2.0', 'Built-in optional components: datasource_file, db_sqlite'];
    for (const line of lines) context.print(line);
  },
};
