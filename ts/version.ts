// The version of Palisade and the CrowdSec version whose behaviour and wire formats it speaks.

import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

/** Version of this program, from package.json. */
export const version: string = manifest.version;

/** The CrowdSec release whose formats are spoken. */
export const crowdsecVersion = '1.7.9';

/** Name and version sent as User-Agent; the Local API wants exactly one slash in it. */
export const userAgent = `crowdsec/v${crowdsecVersion}-palisade${version}`;
